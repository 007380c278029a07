import type { SignedTransaction } from '../../src/protocol/transaction.ts'
import type { PoolEntry } from '../sub-pool.ts'

/** What a transaction costs its sender at most by the fees of now, in wei. */
export type Costing = (transaction: SignedTransaction) => bigint

/**
 * Whether a transaction may take the place of another with the same nonce: each of its prices is high enough by itself.
 * @param priceBump percent
 */
function outbids(next: SignedTransaction, last: SignedTransaction, priceBump: bigint): boolean {
  const bump = (price: bigint): bigint => (price * (100n + priceBump)) / 100n
  return (
    next.maxFeePerGas > last.maxFeePerGas &&
    next.maxPriorityFeePerGas > last.maxPriorityFeePerGas &&
    next.maxFeePerGas >= bump(last.maxFeePerGas) &&
    next.maxPriorityFeePerGas >= bump(last.maxPriorityFeePerGas)
  )
}

/** What {@link AccountList.filter} took out. */
export interface Filtered {
  /** Too dear or too big. */
  readonly removed: readonly PoolEntry[]
  /** What came after the first of them, in a list without gaps. */
  readonly invalid: readonly PoolEntry[]
}

const NOTHING: Filtered = { removed: [], invalid: [] }

/** One account's transactions by rising nonce: executable ones, or those behind a gap. Costs are those of when each came in. */
export class AccountList {
  /** Whether what follows on one that leaves has to leave with it. */
  readonly #gapless: boolean
  #entries: PoolEntry[] = []
  /** Of the entries. */
  #costs: bigint[] = []
  #total = 0n
  /** No entry cost more when it came in, or is bigger; lowered only when something had to leave. */
  #costCap = 0n
  #gasCap = 0n

  constructor(gapless: boolean) {
    this.#gapless = gapless
  }

  /** By rising nonce. */
  get entries(): readonly PoolEntry[] {
    return this.#entries
  }

  get length(): number {
    return this.#entries.length
  }

  /** What the entries cost together, in wei. */
  get total(): bigint {
    return this.#total
  }

  /** The entry with a nonce. */
  at(nonce: bigint): PoolEntry | undefined {
    const entry = this.#entries[firstFrom(this.#entries, nonce)]
    return entry?.transaction.nonce === nonce ? entry : undefined
  }

  /**
   * Takes an entry, in place of the one with its nonce.
   * @param cost wei
   * @returns undefined where that one is not outbid; else what was replaced, if anything was
   */
  add(entry: PoolEntry, cost: bigint, priceBump: bigint): { readonly replaced: PoolEntry | undefined } | undefined {
    const { nonce, gasLimit } = entry.transaction
    const index = firstFrom(this.#entries, nonce)
    const there = this.#entries[index]
    const replaced = there?.transaction.nonce === nonce ? there : undefined
    if (replaced !== undefined && !outbids(entry.transaction, replaced.transaction, priceBump)) return undefined
    if (replaced !== undefined) this.#take(index, index + 1)
    this.#entries.splice(index, 0, entry)
    this.#costs.splice(index, 0, cost)
    this.#total += cost
    if (cost > this.#costCap) this.#costCap = cost
    if (gasLimit > this.#gasCap) this.#gasCap = gasLimit
    return { replaced }
  }

  /** Takes out what has a lower nonce. */
  forward(nonce: bigint): readonly PoolEntry[] {
    return this.#take(0, firstFrom(this.#entries, nonce))
  }

  /** Takes out what the balance does not cover, each by itself, or what does not fit into a block. */
  filter(balance: bigint, gasLimit: bigint, costOf: Costing): Filtered {
    // Costs are not reckoned anew as long as the balance covers what they were.
    if (this.#costCap <= balance && this.#gasCap <= gasLimit) return NOTHING
    this.#costCap = balance
    this.#gasCap = gasLimit
    const isMisfit = ({ transaction }: PoolEntry): boolean =>
      transaction.gasLimit > gasLimit || costOf(transaction) > balance
    const misfits = new Set(this.#entries.filter(isMisfit))
    if (misfits.size === 0) return NOTHING
    const first = this.#entries.findIndex((entry) => misfits.has(entry))
    const costs = this.#costs.slice(first)
    const after = this.#take(first, this.#entries.length)
    if (!this.#gapless) {
      for (const [index, entry] of after.entries()) {
        if (!misfits.has(entry)) this.#append(entry, costs[index] as bigint)
      }
    }
    return { removed: [...misfits], invalid: this.#gapless ? after.filter((entry) => !misfits.has(entry)) : [] }
  }

  /** Takes out the highest nonces until no more than so many are left. @returns these, the highest first */
  cap(most: number): readonly PoolEntry[] {
    return this.#take(Math.min(most, this.#entries.length), this.#entries.length).toReversed()
  }

  /** Takes out the entry with a nonce. @returns undefined where there is none; else what has to leave with it */
  remove(nonce: bigint): readonly PoolEntry[] | undefined {
    const index = firstFrom(this.#entries, nonce)
    if (this.#entries[index]?.transaction.nonce !== nonce) return undefined
    return this.#take(index, this.#gapless ? this.#entries.length : index + 1).slice(1)
  }

  /** Takes out what follows on a nonce without a gap, with what is before it. */
  ready(start: bigint): readonly PoolEntry[] {
    const first = this.#entries[0]
    if (first === undefined || first.transaction.nonce > start) return []
    let nonce = first.transaction.nonce
    let count = 0
    while (this.#entries[count]?.transaction.nonce === nonce) {
      nonce++
      count++
    }
    return this.#take(0, count)
  }

  /** The same list, which changes by itself. */
  clone(): AccountList {
    const copy = new AccountList(this.#gapless)
    copy.#entries = [...this.#entries]
    copy.#costs = [...this.#costs]
    copy.#total = this.#total
    copy.#costCap = this.#costCap
    copy.#gasCap = this.#gasCap
    return copy
  }

  #append(entry: PoolEntry, cost: bigint): void {
    this.#entries.push(entry)
    this.#costs.push(cost)
    this.#total += cost
  }

  #take(from: number, to: number): PoolEntry[] {
    if (from >= to) return []
    for (const cost of this.#costs.splice(from, to - from)) this.#total -= cost
    return this.#entries.splice(from, to - from)
  }
}

/** Where the first entry stands whose nonce is not below one; entries stand by rising nonce. */
export function firstFrom(entries: readonly PoolEntry[], nonce: bigint): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((entries[middle] as PoolEntry).transaction.nonce < nonce) low = middle + 1
    else high = middle
  }
  return low
}
