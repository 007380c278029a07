import type { PoolVerdict } from '../src/builder/ports.ts'
import type { Address } from '../src/primitives/hex.ts'
import { effectiveGasPrice, type SignedTransaction } from '../src/protocol/transaction.ts'
import type { ChangeLog } from './change-log.ts'
import { type Heap, heapOf, insertInto, withoutFirst } from './leftist-heap.ts'
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

/** A sender's next transaction. */
interface Candidate {
  readonly entry: PoolEntry
  /** wei per gas to the fee recipient. */
  readonly tip: bigint
  readonly place: number
}

function goesFirst(a: Candidate, b: Candidate): boolean {
  return a.tip === b.tip ? a.place < b.place : a.tip > b.tip
}

/**
 * The pool's transactions by falling effective tip, each sender's by rising nonce; what pays the same in the order of arrival. One
 * that does not cover the block's prices is not given, and holds back the sender's later ones. A step takes as long as the
 * logarithm of the pool, a copy no time at all; what changes in the pool meanwhile is seen with the next step.
 */
export class BestOrder implements Iterator<SignedTransaction, undefined, PoolVerdict> {
  readonly #pool: OrderedPool
  readonly #prices: BlockPrices
  /** Senders' next ones. Some are out of date: a candidate counts while it is what the pool has next of its sender. */
  #heap: Heap<Candidate> | undefined
  /** Changes of the pool that the heap takes into account. */
  #seen = -1
  /** How many candidates came in since the heap was made. */
  #added = 0
  /** The nonces that are behind us. */
  readonly #passed = new Map<Address, bigint>()
  /** Who has to wait until it is begun again. */
  readonly #aside = new Set<Address>()
  #last: PoolEntry | undefined

  constructor(pool: OrderedPool, prices: BlockPrices) {
    this.#pool = pool
    this.#prices = prices
  }

  /** An order of the same prices, from the beginning; only to be made of one that was never read. */
  fork(): BestOrder {
    this.#catchUp()
    const copy = new BestOrder(this.#pool, this.#prices)
    copy.#heap = this.#heap
    copy.#seen = this.#seen
    return copy
  }

  next(verdict: PoolVerdict = 'again'): IteratorResult<SignedTransaction, undefined> {
    this.#judge(verdict)
    this.#catchUp()
    for (let first = this.#heap; first !== undefined; first = this.#heap) {
      this.#heap = withoutFirst(first, goesFirst)
      const { item } = first
      const { sender } = item.entry.transaction
      if (this.#aside.has(sender) || this.#nextOf(sender) !== item.entry) continue
      this.#last = item.entry
      return { done: false, value: item.entry.transaction }
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
    if (changed === undefined || this.#added > changes.kept) this.#rebuild()
    else for (const sender of changed) this.#offer(sender)
  }

  #rebuild(): void {
    const candidates: Candidate[] = []
    for (const sender of this.#pool.senders()) {
      const candidate = this.#candidateOf(sender)
      if (candidate !== undefined) candidates.push(candidate)
    }
    this.#heap = heapOf(candidates, goesFirst)
    this.#added = 0
  }

  #offer(sender: Address): void {
    const candidate = this.#candidateOf(sender)
    if (candidate === undefined || this.#aside.has(sender)) return
    this.#heap = insertInto(this.#heap, candidate, goesFirst)
    this.#added++
  }

  #nextOf(sender: Address): PoolEntry | undefined {
    return this.#pool.next(sender, this.#passed.get(sender))
  }

  #candidateOf(sender: Address): Candidate | undefined {
    const entry = this.#nextOf(sender)
    if (entry === undefined) return undefined
    const { transaction } = entry
    const { baseFee, blobBaseFee } = this.#prices
    const tip = effectiveGasPrice(transaction, baseFee) - baseFee
    if (tip < 0n) return undefined
    if (transaction.type === 3 && transaction.maxFeePerBlobGas < (blobBaseFee ?? 0n)) return undefined
    return { entry, tip, place: this.#pool.placeOf(entry) }
  }
}

/** The orders of a pool: the last prices that somebody asked for are kept in order. */
export class BestOrders {
  readonly #pool: OrderedPool
  #kept: { readonly prices: BlockPrices; readonly order: BestOrder } | undefined

  constructor(pool: OrderedPool) {
    this.#pool = pool
  }

  /** An order from the beginning. */
  at(prices: BlockPrices): BestOrder {
    const { baseFee, blobBaseFee } = prices
    if (this.#kept?.prices.baseFee !== baseFee || this.#kept.prices.blobBaseFee !== blobBaseFee) {
      this.#kept = { prices, order: new BestOrder(this.#pool, prices) }
    }
    return this.#kept.order.fork()
  }
}
