import type { PoolVerdict } from '../src/builder/ports.ts'
import type { Address } from '../src/primitives/hex.ts'
import type { SignedTransaction } from '../src/protocol/transaction.ts'
import type { ChangeLog } from './change-log.ts'
import { type Before, type Heap, heapOf, insertInto, withoutFirst } from './leftist-heap.ts'
import type { PoolEntry } from './sub-pool.ts'

/** What a block asks of the transactions in it, in wei. */
export interface BlockPrices {
  /** Of a unit of gas. */
  readonly baseFee: bigint
  /** Of a unit of blob gas; absent: whatever the transaction offers will do. */
  readonly blobBaseFee?: bigint | undefined
}

/** The pool, as orders read it. */
export interface OrderedPool {
  /** Changes of what senders have. */
  readonly changes: ChangeLog<Address>
  senders(): Iterable<Address>
  /** The first transaction of a sender whose nonce is above one, or the first of all. */
  next(sender: Address, above: bigint | undefined): PoolEntry | undefined
  /** The place of a transaction among those that pay the same: the lower, the earlier. */
  placeOf(entry: PoolEntry): number
}

/** A sender's next transaction, with what it pays a unit of gas, in wei. */
interface Candidate {
  readonly entry: PoolEntry
  readonly tipCap: bigint
  readonly feeCap: bigint
  /** The highest base fee at which the fee recipient gets the whole tip. */
  readonly room: bigint
  readonly place: number
}

function candidateOf(pool: OrderedPool, entry: PoolEntry): Candidate {
  const { maxPriorityFeePerGas: tipCap, maxFeePerGas: feeCap } = entry.transaction
  return { entry, tipCap, feeCap, room: feeCap - tipCap, place: pool.placeOf(entry) }
}

const byTip: Before<Candidate> = (a, b) => (a.tipCap === b.tipCap ? a.place < b.place : a.tipCap > b.tipCap)
const byFee: Before<Candidate> = (a, b) => (a.feeCap === b.feeCap ? a.place < b.place : a.feeCap > b.feeCap)
const leastRoom: Before<Candidate> = (a, b) => a.room < b.room
const mostRoom: Before<Candidate> = (a, b) => a.room > b.room

/**
 * Senders' next transactions. Those that pay their whole tip at a base fee stand by it, the others by what they pay at most: so
 * neither order depends on the base fee. Some are out of date: a candidate counts while it is what the pool has next of its
 * sender, and where its room says.
 */
interface Candidates {
  readonly whole: Heap<Candidate> | undefined
  readonly cut: Heap<Candidate> | undefined
}

/** The candidates with one more, where its room says at a base fee. */
function withCandidate({ whole, cut }: Candidates, candidate: Candidate, baseFee: bigint): Candidates {
  return candidate.room < baseFee
    ? { whole, cut: insertInto(cut, candidate, byFee) }
    : { whole: insertInto(whole, candidate, byTip), cut }
}

/**
 * The pool's transactions by falling effective tip, each sender's by rising nonce; what pays the same in the order of arrival. One
 * that does not cover the block's prices is not given, and holds back the sender's later ones. A step takes as long as the
 * logarithm of the pool; what changes in the pool meanwhile is seen with the next step.
 */
class BestOrder implements Iterator<SignedTransaction, undefined, PoolVerdict> {
  readonly #pool: OrderedPool
  readonly #prices: BlockPrices
  #candidates: Candidates
  /** Changes of the pool that the candidates take into account. */
  #seen: number
  /** How many candidates came in beside those that it began with. */
  #added = 0
  /** The nonces that are behind us. */
  readonly #passed = new Map<Address, bigint>()
  /** Who has to wait until it is begun again. */
  readonly #aside = new Set<Address>()
  #last: PoolEntry | undefined

  constructor(pool: OrderedPool, prices: BlockPrices, candidates: Candidates, seen: number) {
    this.#pool = pool
    this.#prices = prices
    this.#candidates = candidates
    this.#seen = seen
  }

  next(verdict: PoolVerdict = 'again'): IteratorResult<SignedTransaction, undefined> {
    this.#judge(verdict)
    this.#catchUp()
    for (let first = this.#takeFirst(); first !== undefined; first = this.#takeFirst()) {
      const { entry } = first
      if (!this.#covers(first)) continue
      this.#last = entry
      return { done: false, value: entry.transaction }
    }
    return { done: true, value: undefined }
  }

  #judge(verdict: PoolVerdict): void {
    const { sender, nonce } = this.#last?.transaction ?? {}
    this.#last = undefined
    if (verdict === 'again') {
      const back = [...this.#aside]
      this.#aside.clear()
      for (const one of back) this.#offer(one)
    } else if (sender !== undefined && verdict !== 'included') {
      this.#aside.add(sender)
      return
    } else if (nonce !== undefined && sender !== undefined) {
      this.#passed.set(sender, nonce)
    }
    if (sender !== undefined) this.#offer(sender)
  }

  #catchUp(): void {
    const { changes } = this.#pool
    const changed = changes.since(this.#seen)
    this.#seen = changes.count
    if (changed !== undefined && this.#added <= changes.kept) {
      for (const sender of changed) this.#offer(sender)
      return
    }
    this.#candidates = { whole: undefined, cut: undefined }
    for (const sender of this.#pool.senders()) this.#offer(sender)
    this.#added = 0
  }

  /** Takes out who pays most. */
  #takeFirst(): Candidate | undefined {
    const { baseFee } = this.#prices
    for (;;) {
      const { whole, cut } = this.#candidates
      if (whole !== undefined && (cut === undefined || this.#goesFirst(whole.item, cut.item))) {
        this.#candidates = { whole: withoutFirst(whole, byTip), cut }
        if (whole.item.room >= baseFee) return whole.item
      } else {
        // Who comes after does not cover the base fee either.
        if (cut === undefined || cut.item.feeCap < baseFee) return undefined
        this.#candidates = { whole, cut: withoutFirst(cut, byFee) }
        if (cut.item.room < baseFee) return cut.item
      }
    }
  }

  #goesFirst(whole: Candidate, cut: Candidate): boolean {
    const cutTip = cut.feeCap - this.#prices.baseFee
    return whole.tipCap === cutTip ? whole.place < cut.place : whole.tipCap > cutTip
  }

  /** Whether a candidate still is one, and pays for its blobs. */
  #covers({ entry }: Candidate): boolean {
    const { transaction } = entry
    if (this.#aside.has(transaction.sender) || this.#nextOf(transaction.sender) !== entry) return false
    return transaction.type !== 3 || transaction.maxFeePerBlobGas >= (this.#prices.blobBaseFee ?? 0n)
  }

  #offer(sender: Address): void {
    const { baseFee } = this.#prices
    const entry = this.#nextOf(sender)
    if (entry === undefined || entry.transaction.maxFeePerGas < baseFee || this.#aside.has(sender)) return
    this.#candidates = withCandidate(this.#candidates, candidateOf(this.#pool, entry), baseFee)
    this.#added++
  }

  #nextOf(sender: Address): PoolEntry | undefined {
    return this.#pool.next(sender, this.#passed.get(sender))
  }
}

/**
 * The orders of a pool: its senders' first transactions are kept in order. A new order takes no time but for what the pool has
 * changed since the last, and for those whose room lies between the base fees of both.
 */
export class BestOrders {
  readonly #pool: OrderedPool
  #candidates: Candidates = { whole: undefined, cut: undefined }
  /** Those that pay their whole tip, who stops first when the base fee rises; and the others, who begins first when it falls. */
  #stopping: Heap<Candidate> | undefined
  #beginning: Heap<Candidate> | undefined
  #baseFee = 0n
  #seen = -1
  /** How many candidates came in since all were read. */
  #added = 0

  constructor(pool: OrderedPool) {
    this.#pool = pool
  }

  /** An order from the beginning. */
  at(prices: BlockPrices): BestOrder {
    this.#reprice(prices.baseFee)
    this.#catchUp()
    return new BestOrder(this.#pool, prices, this.#candidates, this.#seen)
  }

  #reprice(baseFee: bigint): void {
    this.#baseFee = baseFee
    for (let first = this.#stopping; first !== undefined && first.item.room < baseFee; first = this.#stopping) {
      this.#stopping = withoutFirst(first, leastRoom)
      this.#place(first.item)
    }
    for (let first = this.#beginning; first !== undefined && first.item.room >= baseFee; first = this.#beginning) {
      this.#beginning = withoutFirst(first, mostRoom)
      this.#place(first.item)
    }
  }

  #catchUp(): void {
    const { changes } = this.#pool
    const changed = changes.since(this.#seen)
    this.#seen = changes.count
    if (changed === undefined || this.#added > changes.kept) {
      this.#rebuild()
      return
    }
    for (const sender of changed) {
      const entry = this.#pool.next(sender, undefined)
      if (entry !== undefined) this.#place(candidateOf(this.#pool, entry))
    }
  }

  #place(candidate: Candidate): void {
    this.#candidates = withCandidate(this.#candidates, candidate, this.#baseFee)
    if (candidate.room < this.#baseFee) this.#beginning = insertInto(this.#beginning, candidate, mostRoom)
    else this.#stopping = insertInto(this.#stopping, candidate, leastRoom)
    this.#added++
  }

  #rebuild(): void {
    const all: Candidate[] = []
    for (const sender of this.#pool.senders()) {
      const entry = this.#pool.next(sender, undefined)
      if (entry !== undefined) all.push(candidateOf(this.#pool, entry))
    }
    const whole = all.filter(({ room }) => room >= this.#baseFee)
    const cut = all.filter(({ room }) => room < this.#baseFee)
    this.#candidates = { whole: heapOf(whole, byTip), cut: heapOf(cut, byFee) }
    this.#stopping = heapOf(whole, leastRoom)
    this.#beginning = heapOf(cut, mostRoom)
    this.#added = 0
  }
}
