import type { PoolReader, PoolVerdict } from '../src/builder/ports.ts'
import type { Clock } from '../src/primitives/clock.ts'
import type { Address, Hash } from '../src/primitives/hex.ts'
import type { IoOptions } from '../src/primitives/io.ts'
import type { SignedTransaction, Transaction } from '../src/protocol/transaction.ts'
import { cheapestFirst, underprices } from './eviction.ts'
import { DEFAULT_LIMITS, type PoolLimits, slotsOf } from './limits.ts'
import { type PoolEntry, PriceOrder } from './price-order.ts'
import { outbids, SenderQueue } from './sender-queue.ts'
import {
  decodePooled,
  maxCost,
  type PoolAccount,
  type PoolHead,
  rejected,
  signed,
  validateSender,
  validateStateless,
} from './validate.ts'

/** What the pool needs of its chain. */
export interface TxPoolOptions {
  /** The chain's head, with the accounts of `senders`. */
  readonly head: (senders: readonly Address[], io: IoOptions) => Promise<PoolHead>
  readonly clock: Pick<Clock, 'now'>
  /** Reads what a wallet sends; without it blob transactions are refused. @throws AppError with geth's wording */
  readonly decode?: (raw: Uint8Array) => Transaction
  /** Takes what came with a transaction that is about to be held. @throws AppError with geth's wording */
  readonly admit?: (transaction: SignedTransaction, raw: Uint8Array, io: IoOptions) => Promise<void>
  /** What differs from geth's defaults. */
  readonly limits?: Partial<PoolLimits>
}

/** Transactions by sender, by rising nonce. */
export type BySender = ReadonlyMap<Address, readonly SignedTransaction[]>

/** What waits: the pending ones follow on their sender's nonce, the queued ones are behind a gap. */
export interface PoolContent {
  readonly pending: BySender
  readonly queued: BySender
}

/** How often what is too old is looked for. */
const EXPIRY_INTERVAL_MS = 60_000

/**
 * Transactions that wait for a block, in memory: by sender and nonce, read by price, with geth's limits. It follows the head
 * that it reads with each call: balances, nonces and fees are looked at anew whenever that has moved. What a block of this
 * process holds leaves by {@link drop} at once; when a commit turns out to be a reorg, {@link reinject} brings back what fell out.
 */
export class TxPool implements PoolReader {
  readonly #options: TxPoolOptions
  readonly #limits: PoolLimits
  readonly #byHash = new Map<Hash, PoolEntry>()
  readonly #bySender = new Map<Address, SenderQueue>()
  #head: PoolHead | undefined
  /** Rises when blocks of this process change accounts: those that were read before are out of date. */
  #changes = 0
  /** The changes that the accounts take into account. */
  #followed = 0
  #arrivals = 0
  #slots = 0
  #pending = 0
  #queued = 0
  #nextExpiry = 0
  readonly #costNow = (transaction: SignedTransaction): bigint => maxCost(transaction, this.#head?.rollupFee)

  constructor(options: TxPoolOptions) {
    this.#options = options
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits }
  }

  /** Transactions held. */
  get size(): number {
    return this.#byHash.size
  }

  /**
   * Takes a transaction.
   * @throws AppError TX_REJECTED with geth's wording; what reading the chain throws
   */
  async add(raw: Uint8Array, io: IoOptions): Promise<Hash> {
    const { decode, admit } = this.#options
    const transaction = decode === undefined ? decodePooled(raw) : signed(decode(raw))
    const { sender, hash } = transaction
    if (this.#byHash.has(hash)) throw rejected('already known')
    const head = await this.#follow([sender], io)
    validateStateless(transaction, head.rules, this.#limits.minimumTip)
    const account = this.#bySender.get(sender)?.account ?? (head.accounts.get(sender) as PoolAccount)
    this.#validate(transaction, head, account)
    await admit?.(transaction, raw, io)
    // Others may have been taken while this one was waiting.
    if (this.#byHash.has(hash)) throw rejected('already known')
    const now = this.#bySender.get(sender)?.account ?? account
    this.#validate(transaction, head, now)
    this.#insert(transaction, head, now)
    return hash
  }

  /** Transactions held, by whether they can be executed. @throws what reading the chain throws */
  async status(io: IoOptions): Promise<{ readonly pending: number; readonly queued: number }> {
    await this.#follow([], io)
    return { pending: this.#pending, queued: this.#queued }
  }

  /** Everything that waits, or what one sender sent. @throws what reading the chain throws */
  async content(io: IoOptions, sender?: Address): Promise<PoolContent> {
    await this.#follow([], io)
    const pending = new Map<Address, readonly SignedTransaction[]>()
    const queued = new Map<Address, readonly SignedTransaction[]>()
    for (const [address, queue] of this.#bySender) {
      if (sender !== undefined && address !== sender) continue
      if (queue.pendingCount > 0) pending.set(address, transactionsOf(queue.pending))
      if (queue.queuedCount > 0) queued.set(address, transactionsOf(queue.queued))
    }
    return { pending, queued }
  }

  best(baseFee: bigint): Iterator<SignedTransaction, undefined, PoolVerdict> {
    return this.#ordered(baseFee)
  }

  ofSender(sender: Address): readonly SignedTransaction[] {
    return transactionsOf(this.#bySender.get(sender)?.entries ?? [])
  }

  get(hash: Hash): SignedTransaction | undefined {
    return this.#byHash.get(hash)?.transaction
  }

  /** Everything that waits, each sender's by rising nonce. */
  *all(): Generator<SignedTransaction, void, undefined> {
    for (const { entries } of [...this.#bySender.values()]) for (const { transaction } of entries) yield transaction
  }

  /** Forgets what a committed block holds, and what its nonces made obsolete. */
  drop(mined: Iterable<SignedTransaction>): void {
    this.#changes++
    for (const { sender, nonce } of mined) {
      const queue = this.#bySender.get(sender)
      if (queue === undefined) continue
      const account = { ...queue.account, nonce: nonce + 1n }
      this.#put(
        sender,
        account,
        queue.entries.filter((entry) => entry.transaction.nonce > nonce),
      )
    }
  }

  /** Takes back what a reorg threw out of the chain; what cannot be taken any more stays out. */
  reinject(orphaned: Iterable<SignedTransaction>): void {
    this.#changes++
    const max = this.#limits.globalSlots + this.#limits.globalQueue
    for (const transaction of orphaned) {
      const { hash, sender, nonce } = transaction
      const queue = this.#bySender.get(sender)
      const account = queue?.account ?? { nonce, balance: 0n }
      const lowered = { ...account, nonce: nonce < account.nonce ? nonce : account.nonce }
      const taken = this.#byHash.has(hash) || queue?.at(nonce) !== undefined
      if (taken || this.#slots + slotsOf(transaction.raw) > max) {
        if (queue !== undefined) this.#put(sender, lowered, queue.entries)
        continue
      }
      this.#hold(transaction, lowered)
    }
    this.#truncate()
  }

  *#ordered(baseFee: bigint): Generator<SignedTransaction, undefined, PoolVerdict> {
    const queues = Array.from(this.#bySender.values(), ({ entries }) => entries)
    const order = new PriceOrder(queues, baseFee)
    for (let head = order.shift(); head !== undefined; head = order.shift()) {
      const verdict = yield head.entry.transaction
      if (verdict === 'included') order.follow(head)
    }
    return undefined
  }

  #validate(transaction: SignedTransaction, head: PoolHead, account: PoolAccount): void {
    const queue = this.#bySender.get(transaction.sender)
    const there = queue?.at(transaction.nonce)
    // What is spent was reckoned when it became pending, what is replaced by the fees of now: geth does, and tells the figures.
    const replaces = there !== undefined && queue?.isPending(there) === true
    validateSender(transaction, account, maxCost(transaction, head.rollupFee), {
      spent: queue?.spent ?? 0n,
      replaced: replaces ? maxCost(there.transaction, head.rollupFee) : undefined,
    })
  }

  #insert(transaction: SignedTransaction, head: PoolHead, account: PoolAccount): void {
    const { sender, nonce, raw } = transaction
    const over = this.#slots + slotsOf(raw) - this.#limits.globalSlots - this.#limits.globalQueue
    const room = over > 0 ? this.#roomFor(transaction, over, head, account) : []
    const there = this.#bySender.get(sender)?.at(nonce)
    if (there !== undefined && !outbids(transaction, there.transaction)) {
      throw rejected('replacement transaction underpriced')
    }
    for (const entry of room) this.#remove(entry)
    this.#hold(transaction, account)
    this.#truncate()
  }

  /** The cheapest ones, whose slots a better one needs. @throws AppError TX_REJECTED where it is not better */
  #roomFor(transaction: SignedTransaction, over: number, head: PoolHead, account: PoolAccount): PoolEntry[] {
    const cheapest = cheapestFirst(this.#byHash.values(), head.baseFee)
    const [first] = cheapest
    if (first === undefined) throw rejected('txpool is full')
    if (underprices(transaction, first.transaction, head.baseFee)) throw rejected('transaction underpriced')
    const dropped: PoolEntry[] = []
    let freed = 0
    for (const entry of cheapest) {
      if (freed >= over) break
      dropped.push(entry)
      freed += slotsOf(entry.transaction.raw)
    }
    if (freed < over) throw rejected('txpool is full')
    const before = this.#bySender.get(transaction.sender)
    const entry: PoolEntry = { transaction, arrival: this.#arrivals }
    const after = new SenderQueue(account, before?.with(entry) ?? [entry], 0, this.#costNow)
    if (!after.isPending(entry) && dropped.some((other) => this.#isPending(other))) {
      throw rejected('future transaction tries to replace pending')
    }
    return dropped
  }

  #isPending(entry: PoolEntry): boolean {
    return this.#bySender.get(entry.transaction.sender)?.isPending(entry) ?? false
  }

  #hold(transaction: SignedTransaction, account: PoolAccount): void {
    const { sender, nonce, hash, raw } = transaction
    const queue = this.#bySender.get(sender)
    const there = queue?.at(nonce)
    const entry: PoolEntry = { transaction, arrival: this.#arrivals++ }
    this.#byHash.set(hash, entry)
    this.#slots += slotsOf(raw)
    const revives = there !== undefined && this.#isPending(there)
    this.#put(sender, account, queue?.with(entry) ?? [entry], revives)
  }

  #remove(entry: PoolEntry): void {
    const { sender } = entry.transaction
    const queue = this.#bySender.get(sender)
    if (queue === undefined) return
    this.#put(
      sender,
      queue.account,
      queue.entries.filter((other) => other !== entry),
    )
  }

  /** The one place where a sender's entries change: what is no longer among them is forgotten. */
  #put(sender: Address, account: PoolAccount, entries: readonly PoolEntry[], revives = false): void {
    const { accountQueue } = this.#limits
    const before = this.#bySender.get(sender)
    const now = this.#options.clock.now()
    let after = new SenderQueue(account, entries, now, this.#costNow, before, revives)
    if (after.queuedCount > accountQueue) {
      const kept = entries.slice(0, after.pendingCount + accountQueue)
      after = new SenderQueue(account, kept, now, this.#costNow, before, revives)
    }
    const stays = new Set(after.entries)
    for (const entry of [...(before?.entries ?? []), ...entries]) {
      const { hash, raw } = entry.transaction
      if (stays.has(entry) || this.#byHash.get(hash) !== entry) continue
      this.#byHash.delete(hash)
      this.#slots -= slotsOf(raw)
    }
    this.#pending += after.pendingCount - (before?.pendingCount ?? 0)
    this.#queued += after.queuedCount - (before?.queuedCount ?? 0)
    if (after.entries.length === 0) this.#bySender.delete(sender)
    else this.#bySender.set(sender, after)
  }

  /** Brings the number of transactions back below the limits, as geth does. */
  #truncate(): void {
    const { globalSlots, accountSlots, globalQueue } = this.#limits
    while (this.#pending > globalSlots) {
      // Who has most gives first.
      let most: [Address, SenderQueue] | undefined
      for (const item of this.#bySender)
        if (item[1].pendingCount > (most?.[1].pendingCount ?? accountSlots)) most = item
      if (most === undefined) break
      const [sender, queue] = most
      this.#put(sender, queue.account, [...queue.pending.slice(0, -1), ...queue.queued])
    }
    if (this.#queued <= globalQueue) return
    // Who has been silent for longest gives first.
    const silent = [...this.#bySender]
      .filter(([, queue]) => queue.queuedCount > 0)
      .sort(([, a], [, b]) => a.beat - b.beat)
    for (const [sender, queue] of silent) {
      const excess = this.#queued - globalQueue
      if (excess <= 0) break
      const kept = Math.max(0, queue.queuedCount - excess)
      this.#put(sender, queue.account, queue.entries.slice(0, queue.pendingCount + kept))
    }
  }

  #expire(): void {
    const now = this.#options.clock.now()
    if (now < this.#nextExpiry) return
    this.#nextExpiry = now + EXPIRY_INTERVAL_MS
    for (const [sender, queue] of this.#bySender) {
      if (queue.queuedCount === 0 || now - queue.beat <= this.#limits.lifetimeMs) continue
      this.#put(sender, queue.account, queue.pending)
    }
  }

  /** Reads the head, and where it has moved also everyone's account, and lets go of what can't be included any more. */
  async #follow(wanted: readonly Address[], io: IoOptions): Promise<PoolHead> {
    const { head: read } = this.#options
    const everyone = (): Address[] => [...new Set([...this.#bySender.keys(), ...wanted])]
    const upToDate = this.#changes === this.#followed
    let changes = this.#changes
    let head = await read(upToDate ? wanted : everyone(), io)
    this.#expire()
    if (upToDate && head.hash === this.#head?.hash) return head
    if (everyone().some((address) => !head.accounts.has(address))) {
      changes = this.#changes
      head = await read(everyone(), io)
    }
    // A block of this process that came in between says more about the accounts than what was read.
    if (changes === this.#changes) {
      this.#reset(head)
      this.#followed = changes
    }
    return head
  }

  #reset(head: PoolHead): void {
    this.#head = head
    for (const [sender, queue] of this.#bySender) {
      const account = head.accounts.get(sender)
      if (account === undefined) continue
      const kept = queue.entries.filter(
        ({ transaction }) =>
          transaction.nonce >= account.nonce &&
          transaction.gasLimit <= head.rules.gasLimit &&
          maxCost(transaction, head.rollupFee) <= account.balance,
      )
      this.#put(sender, account, kept)
    }
    this.#truncate()
  }
}

function transactionsOf(entries: readonly PoolEntry[]): readonly SignedTransaction[] {
  return entries.map(({ transaction }) => transaction)
}
