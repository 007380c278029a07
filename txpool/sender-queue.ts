import type { SignedTransaction } from '../src/protocol/transaction.ts'
import type { PoolEntry } from './price-order.ts'
import type { PoolAccount } from './validate.ts'

/** A replacement must offer this much more, in percent. */
const PRICE_BUMP = 10n

/** Whether a transaction may take the place of another with the same nonce: each of its prices is high enough by itself. */
export function outbids(next: SignedTransaction, last: SignedTransaction): boolean {
  const bump = (price: bigint): bigint => (price * (100n + PRICE_BUMP)) / 100n
  return (
    next.maxFeePerGas > last.maxFeePerGas &&
    next.maxPriorityFeePerGas > last.maxPriorityFeePerGas &&
    next.maxFeePerGas >= bump(last.maxFeePerGas) &&
    next.maxPriorityFeePerGas >= bump(last.maxPriorityFeePerGas)
  )
}

/**
 * One account's transactions. Immutable, so that a reader goes on with what it began with. Those that follow on the account's
 * nonce without a gap are pending, the others queued.
 */
export class SenderQueue {
  readonly account: PoolAccount
  /** By rising nonce. */
  readonly entries: readonly PoolEntry[]
  /** How many of the entries, from the first, are pending. */
  readonly pendingCount: number
  /** When the queued ones last had a sign of life, in milliseconds; meaningless without any. */
  readonly beat: number
  /** What the pending ones cost at most, by the fees when they became pending, in wei. */
  readonly #costs: ReadonlyMap<PoolEntry, bigint>

  /**
   * @param costOf what a transaction costs at most by the fees of now, in wei
   * @param before the entries until now: what was pending keeps its cost
   * @param alive whether the queued ones' time begins anew even if nothing has become pending
   */
  constructor(
    account: PoolAccount,
    entries: readonly PoolEntry[],
    now: number,
    costOf: (transaction: SignedTransaction) => bigint,
    before?: SenderQueue,
    alive = false,
  ) {
    this.account = account
    this.entries = entries
    let nonce = account.nonce
    let count = 0
    while (entries[count]?.transaction.nonce === nonce) {
      nonce++
      count++
    }
    this.pendingCount = count
    const renewed = before === undefined || before.queuedCount === 0 || before.pendingCount < count || alive
    this.beat = renewed ? now : before.beat
    const costs = new Map<PoolEntry, bigint>()
    for (const entry of this.pending) costs.set(entry, before?.costOf(entry) ?? costOf(entry.transaction))
    this.#costs = costs
  }

  get pending(): readonly PoolEntry[] {
    return this.entries.slice(0, this.pendingCount)
  }

  get queued(): readonly PoolEntry[] {
    return this.entries.slice(this.pendingCount)
  }

  get queuedCount(): number {
    return this.entries.length - this.pendingCount
  }

  /** The pending ones' costs together, in wei. */
  get spent(): bigint {
    let sum = 0n
    for (const cost of this.#costs.values()) sum += cost
    return sum
  }

  /** What a pending entry cost when it became pending, in wei. */
  costOf(entry: PoolEntry): bigint | undefined {
    return this.#costs.get(entry)
  }

  /** Whether an entry is pending. */
  isPending(entry: PoolEntry): boolean {
    return this.#costs.has(entry)
  }

  /** The entry with a nonce. */
  at(nonce: bigint): PoolEntry | undefined {
    return this.entries.find((entry) => entry.transaction.nonce === nonce)
  }

  /** The entries with one more, in place of the one with its nonce. */
  with(entry: PoolEntry): readonly PoolEntry[] {
    const { nonce } = entry.transaction
    const at = this.entries.findIndex((other) => other.transaction.nonce >= nonce)
    const index = at === -1 ? this.entries.length : at
    return this.entries.toSpliced(index, this.entries[index]?.transaction.nonce === nonce ? 1 : 0, entry)
  }
}
