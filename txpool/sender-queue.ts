import type { SignedTransaction } from '../src/protocol/transaction.ts'
import type { PoolEntry } from './sub-pool.ts'
import type { PoolAccount } from './validate.ts'

/**
 * Whether a transaction may take the place of another with the same nonce: each of its prices is high enough by itself.
 * @param priceBump percent
 */
export function outbids(next: SignedTransaction, last: SignedTransaction, priceBump: bigint): boolean {
  const bump = (price: bigint): bigint => (price * (100n + priceBump)) / 100n
  return (
    next.maxFeePerGas > last.maxFeePerGas &&
    next.maxPriorityFeePerGas > last.maxPriorityFeePerGas &&
    next.maxFeePerGas >= bump(last.maxFeePerGas) &&
    next.maxPriorityFeePerGas >= bump(last.maxPriorityFeePerGas)
  )
}

/** Entries by rising nonce with one more, in place of the one with its nonce. */
export function withEntry(entries: readonly PoolEntry[], entry: PoolEntry): readonly PoolEntry[] {
  const { nonce } = entry.transaction
  const at = entries.findIndex((other) => other.transaction.nonce >= nonce)
  const index = at === -1 ? entries.length : at
  return entries.toSpliced(index, entries[index]?.transaction.nonce === nonce ? 1 : 0, entry)
}

/** How transactions are reckoned that become pending. */
export interface Costing {
  /** What a transaction costs at most, in wei. */
  of(transaction: SignedTransaction): bigint
  /** Whether these are the fees of the head; if not, the costs are reckoned anew as soon as they are. */
  readonly settled: boolean
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
  /** What the pending ones cost at most, in wei. */
  readonly #costs: ReadonlyMap<PoolEntry, bigint>
  /** The pending ones whose cost is by the fees of the head at which they became pending, and stays. */
  readonly #settled: ReadonlySet<PoolEntry>

  /**
   * @param before the entries until now: what was pending keeps its cost
   * @param alive whether the queued ones' time begins anew even if nothing has become pending
   */
  constructor(
    account: PoolAccount,
    entries: readonly PoolEntry[],
    now: number,
    costing: Costing,
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
    const settled = new Set<PoolEntry>()
    for (const entry of this.pending) {
      const known = before?.settledCost(entry)
      costs.set(entry, known ?? costing.of(entry.transaction))
      if (known !== undefined || costing.settled) settled.add(entry)
    }
    this.#costs = costs
    this.#settled = settled
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

  /** What a pending entry cost at the head at which it became pending, in wei; undefined before that is known. */
  settledCost(entry: PoolEntry): bigint | undefined {
    return this.#settled.has(entry) ? this.#costs.get(entry) : undefined
  }

  /** Whether an entry is pending. */
  isPending(entry: PoolEntry): boolean {
    return this.#costs.has(entry)
  }

  /** The entry with a nonce. */
  at(nonce: bigint): PoolEntry | undefined {
    return this.entries.find((entry) => entry.transaction.nonce === nonce)
  }
}
