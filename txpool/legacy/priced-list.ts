import type { SignedTransaction } from '../../src/protocol/transaction.ts'
import { slotsOf } from '../limits.ts'
import type { PoolEntry } from '../sub-pool.ts'
import { PriceHeap } from './price-heap.ts'

/** How many times as long as the floating heap the urgent one is. */
const URGENT_RATIO = 4

/** What is pooled, as the list looks it up. */
export interface Known {
  has(entry: PoolEntry): boolean
  entries(): Iterable<PoolEntry>
}

/**
 * Which transactions a full pool gives up. Two heaps, each of which alone is wrong at times: one by the effective tip in the
 * next block, and one, by fee cap, of those that came out of it as its cheapest. What leaves the pool is not looked for in them,
 * but passed over when it is met, or when there is too much of it.
 */
export class PricedList {
  readonly #known: Known
  #urgent = new PriceHeap()
  #floating = new PriceHeap()
  /** Entries in the heaps that the pool has no more. */
  #stale = 0

  constructor(known: Known) {
    this.#known = known
  }

  put(entry: PoolEntry): void {
    this.#urgent.push(entry)
  }

  /** To be told of what leaves the pool otherwise than by {@link discard}. */
  removed(count: number): void {
    this.#stale += count
    if (this.#stale > Math.trunc((this.#urgent.length + this.#floating.length) / 4)) this.reheap()
  }

  /** Whether a transaction pays no more than the cheapest one of each heap. */
  underprices(transaction: SignedTransaction): boolean {
    const [urgent, floating] = [this.#urgent, this.#floating]
    if (!this.#isNoBetter(transaction, urgent) || !this.#isNoBetter(transaction, floating)) return false
    return urgent.length > 0 || floating.length > 0
  }

  /** Takes out the cheapest until so many slots are free. @returns undefined, and all are still there, where that cannot be */
  discard(slots: number): readonly PoolEntry[] | undefined {
    const dropped: PoolEntry[] = []
    let missing = slots
    while (missing > 0) {
      const urgent = this.#urgent.length > this.#floating.length * URGENT_RATIO
      const entry = (urgent ? this.#urgent : this.#floating).pop()
      if (entry === undefined) break
      if (!this.#known.has(entry)) this.#stale--
      else if (urgent) this.#floating.push(entry)
      else {
        dropped.push(entry)
        missing -= slotsOf(entry.transaction.raw)
      }
    }
    if (missing <= 0) return dropped
    for (const entry of dropped) this.put(entry)
    return undefined
  }

  /** @param baseFee of the next block, wei per gas */
  setBaseFee(baseFee: bigint): void {
    this.#urgent.baseFee = baseFee
    this.reheap()
  }

  /** Fills the heaps anew. */
  reheap(): void {
    this.#stale = 0
    this.#urgent.fill(this.#known.entries())
    const cheap = Math.trunc(this.#urgent.length / (URGENT_RATIO + 1))
    this.#floating.fill(Array.from({ length: cheap }, () => this.#urgent.pop() as PoolEntry))
  }

  /** @returns makes the list what it is now */
  remember(): () => void {
    const [urgent, floating, stale] = [this.#urgent.clone(), this.#floating.clone(), this.#stale]
    return () => {
      this.#urgent = urgent.clone()
      this.#floating = floating.clone()
      this.#stale = stale
    }
  }

  #isNoBetter(transaction: SignedTransaction, heap: PriceHeap): boolean {
    while (heap.cheapest !== undefined && !this.#known.has(heap.cheapest)) {
      this.#stale--
      heap.pop()
    }
    return heap.cheapest === undefined || heap.underprices(transaction, heap.cheapest)
  }
}
