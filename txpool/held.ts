import type { Clock } from '../src/primitives/clock.ts'
import type { Address, Hash } from '../src/primitives/hex.ts'
import type { SignedTransaction } from '../src/protocol/transaction.ts'
import { cheapestFirst, underprices } from './eviction.ts'
import { type PoolLimits, slotsOf } from './limits.ts'
import { type Costing, SenderQueue, withEntry } from './sender-queue.ts'
import type { PoolEntry } from './sub-pool.ts'
import { type PoolAccount, rejected } from './validate.ts'

/** How often what is too old is looked for. */
const EXPIRY_INTERVAL_MS = 60_000

/** What was held at one time. */
type HeldSnapshot = ReadonlyMap<Address, SenderQueue>

/** Transactions by hash and by sender, within geth's limits. What can be executed follows from the accounts that it is given. */
export class HeldTransactions {
  readonly #limits: PoolLimits
  readonly #clock: Pick<Clock, 'now'>
  readonly #costing: () => Costing
  readonly #byHash = new Map<Hash, PoolEntry>()
  readonly #bySender = new Map<Address, SenderQueue>()
  /** What has become pending and was not taken yet. */
  #promoted: PoolEntry[] = []
  #arrivals = 0
  #slots = 0
  #pending = 0
  #queued = 0
  #nextExpiry = 0

  constructor(limits: PoolLimits, clock: Pick<Clock, 'now'>, costing: () => Costing) {
    this.#limits = limits
    this.#clock = clock
    this.#costing = costing
  }

  get size(): number {
    return this.#byHash.size
  }

  get pendingCount(): number {
    return this.#pending
  }

  get queuedCount(): number {
    return this.#queued
  }

  /** Senders with what they sent. Changes while it is read are not seen. */
  get queues(): readonly (readonly [Address, SenderQueue])[] {
    return [...this.#bySender]
  }

  get(hash: Hash): PoolEntry | undefined {
    return this.#byHash.get(hash)
  }

  queue(sender: Address): SenderQueue | undefined {
    return this.#bySender.get(sender)
  }

  /** What has become pending since the last call, and still is; in that order, each sender's by rising nonce. */
  takePromoted(): readonly SignedTransaction[] {
    const promoted = this.#promoted
    this.#promoted = []
    return promoted.filter((entry) => this.#isPending(entry)).map(({ transaction }) => transaction)
  }

  /** Everything, to be put back by {@link restore}. */
  snapshot(): HeldSnapshot {
    return new Map(this.#bySender)
  }

  /** Holds exactly what was held then. */
  restore(snapshot: HeldSnapshot): void {
    const entries = [...snapshot.values()].flatMap((queue) => queue.entries)
    this.#bySender.clear()
    this.#byHash.clear()
    this.#promoted = []
    for (const [sender, queue] of snapshot) this.#bySender.set(sender, queue)
    for (const entry of entries) this.#byHash.set(entry.transaction.hash, entry)
    this.#slots = entries.reduce((sum, { transaction }) => sum + slotsOf(transaction.raw), 0)
    const queues = [...snapshot.values()]
    this.#pending = queues.reduce((sum, queue) => sum + queue.pendingCount, 0)
    this.#queued = queues.reduce((sum, queue) => sum + queue.queuedCount, 0)
  }

  /** The cheapest ones that have to leave for a better one. @throws AppError TX_REJECTED where it is not better */
  roomFor(transaction: SignedTransaction, account: PoolAccount, baseFee: bigint): readonly PoolEntry[] {
    const { globalSlots, globalQueue } = this.#limits
    const over = this.#slots + slotsOf(transaction.raw) - globalSlots - globalQueue
    if (over <= 0) return []
    const cheapest = cheapestFirst(this.#byHash.values(), baseFee)
    const [first] = cheapest
    if (first === undefined) throw rejected('txpool is full')
    if (underprices(transaction, first.transaction, baseFee)) throw rejected('transaction underpriced')
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
    const after = new SenderQueue(account, withEntry(before?.entries ?? [], entry), 0, this.#costing())
    if (!after.isPending(entry) && dropped.some((other) => this.#isPending(other))) {
      throw rejected('future transaction tries to replace pending')
    }
    return dropped
  }

  /** Holds a transaction, in place of the one with its nonce. */
  hold(transaction: SignedTransaction, account: PoolAccount): void {
    const { sender, nonce } = transaction
    const queue = this.#bySender.get(sender)
    const there = queue?.at(nonce)
    const entry = this.#enter(transaction)
    const revives = there !== undefined && this.#isPending(there)
    this.put(sender, account, withEntry(queue?.entries ?? [], entry), revives)
  }

  /**
   * Holds what one sender sent once more, as far as there is room. What follows on it and was pending stays so.
   * @param returned hears of each with what the sender's pending ones cost before, in wei
   */
  takeBack(
    sender: Address,
    transactions: readonly SignedTransaction[],
    returned: (entry: PoolEntry, spent: bigint) => void,
  ): void {
    const max = this.#limits.globalSlots + this.#limits.globalQueue
    const queue = this.#bySender.get(sender)
    const spent = queue?.spent ?? 0n
    let entries = queue?.entries ?? []
    let lowest = queue?.account.nonce
    for (const transaction of transactions) {
      const { hash, nonce, raw } = transaction
      if (lowest === undefined || nonce < lowest) lowest = nonce
      const taken = this.#byHash.has(hash) || entries.some((entry) => entry.transaction.nonce === nonce)
      if (taken || this.#slots + slotsOf(raw) > max) continue
      const entry = this.#enter(transaction)
      entries = withEntry(entries, entry)
      returned(entry, spent)
    }
    this.put(sender, { balance: queue?.account.balance ?? 0n, nonce: lowest ?? 0n }, entries)
  }

  remove(entry: PoolEntry): void {
    const { sender } = entry.transaction
    const queue = this.#bySender.get(sender)
    if (queue === undefined) return
    this.put(
      sender,
      queue.account,
      queue.entries.filter((other) => other !== entry),
    )
  }

  /** The one place where a sender's entries change: what is no longer among them is forgotten. */
  put(sender: Address, account: PoolAccount, entries: readonly PoolEntry[], revives = false): void {
    const { accountQueue } = this.#limits
    const before = this.#bySender.get(sender)
    const now = this.#clock.now()
    let after = new SenderQueue(account, entries, now, this.#costing(), before, revives)
    if (after.queuedCount > accountQueue) {
      const kept = entries.slice(0, after.pendingCount + accountQueue)
      after = new SenderQueue(account, kept, now, this.#costing(), before, revives)
    }
    const stays = new Set(after.entries)
    for (const entry of [...(before?.entries ?? []), ...entries]) {
      const { hash, raw } = entry.transaction
      if (stays.has(entry) || this.#byHash.get(hash) !== entry) continue
      this.#byHash.delete(hash)
      this.#slots -= slotsOf(raw)
    }
    for (const entry of after.pending) if (before?.isPending(entry) !== true) this.#promoted.push(entry)
    this.#pending += after.pendingCount - (before?.pendingCount ?? 0)
    this.#queued += after.queuedCount - (before?.queuedCount ?? 0)
    if (after.entries.length === 0) this.#bySender.delete(sender)
    else this.#bySender.set(sender, after)
  }

  /** Brings the number of transactions back below the limits, as geth does. */
  truncate(): void {
    const { globalSlots, accountSlots, globalQueue } = this.#limits
    while (this.#pending > globalSlots) {
      // Who has most gives first.
      let most: [Address, SenderQueue] | undefined
      for (const item of this.#bySender)
        if (item[1].pendingCount > (most?.[1].pendingCount ?? accountSlots)) most = item
      if (most === undefined) break
      const [sender, queue] = most
      this.put(sender, queue.account, [...queue.pending.slice(0, -1), ...queue.queued])
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
      this.put(sender, queue.account, queue.entries.slice(0, queue.pendingCount + kept))
    }
  }

  /** Forgets what has waited behind a gap for too long; looks at most once a minute. */
  expire(): void {
    const now = this.#clock.now()
    if (now < this.#nextExpiry) return
    this.#nextExpiry = now + EXPIRY_INTERVAL_MS
    for (const [sender, queue] of this.#bySender) {
      if (queue.queuedCount === 0 || now - queue.beat <= this.#limits.lifetimeMs) continue
      this.put(sender, queue.account, queue.pending)
    }
  }

  #enter(transaction: SignedTransaction): PoolEntry {
    const entry: PoolEntry = { transaction, arrival: this.#arrivals++ }
    this.#byHash.set(transaction.hash, entry)
    this.#slots += slotsOf(transaction.raw)
    return entry
  }

  #isPending(entry: PoolEntry): boolean {
    return this.#bySender.get(entry.transaction.sender)?.isPending(entry) ?? false
  }
}
