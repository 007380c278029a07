import { effectiveGasPrice, type SignedTransaction } from '../../src/protocol/transaction.ts'
import type { PoolEntry } from '../sub-pool.ts'

/**
 * By effective tip where a base fee is given, then fee cap, then tip cap: negative where `a` pays less.
 * @param baseFee wei per gas
 */
function comparePrices(a: SignedTransaction, b: SignedTransaction, baseFee: bigint | undefined): number {
  const tips = baseFee === undefined ? 0n : effectiveGasPrice(a, baseFee) - effectiveGasPrice(b, baseFee)
  const difference = tips || a.maxFeePerGas - b.maxFeePerGas || a.maxPriorityFeePerGas - b.maxPriorityFeePerGas
  return difference < 0n ? -1 : Number(difference > 0n)
}

/** Entries with the cheapest on top; among equals the later nonce. */
export class PriceHeap {
  /** wei per gas; without it, fee caps are compared. Whoever sets it fills the heap anew. */
  baseFee: bigint | undefined
  #heap: PoolEntry[] = []

  get length(): number {
    return this.#heap.length
  }

  get cheapest(): PoolEntry | undefined {
    return this.#heap[0]
  }

  /** Whether a transaction pays no more than an entry. */
  underprices(transaction: SignedTransaction, entry: PoolEntry): boolean {
    return comparePrices(entry.transaction, transaction, this.baseFee) >= 0
  }

  push(entry: PoolEntry): void {
    const heap = this.#heap
    let at = heap.push(entry) - 1
    while (at > 0) {
      const up = (at - 1) >> 1
      const parent = heap[up] as PoolEntry
      if (!this.#isBelow(entry, parent)) break
      heap[at] = parent
      at = up
    }
    heap[at] = entry
  }

  /** Takes the cheapest out. */
  pop(): PoolEntry | undefined {
    const first = this.#heap[0]
    const last = this.#heap.pop()
    if (last !== undefined && this.#heap.length > 0) this.#sink(0, last)
    return first
  }

  /** Holds exactly these. */
  fill(entries: Iterable<PoolEntry>): void {
    this.#heap = [...entries]
    for (let at = (this.#heap.length >> 1) - 1; at >= 0; at--) this.#sink(at, this.#heap[at] as PoolEntry)
  }

  clone(): PriceHeap {
    const copy = new PriceHeap()
    copy.baseFee = this.baseFee
    copy.#heap = [...this.#heap]
    return copy
  }

  #isBelow(a: PoolEntry, b: PoolEntry): boolean {
    const price = comparePrices(a.transaction, b.transaction, this.baseFee)
    return price === 0 ? a.transaction.nonce > b.transaction.nonce : price < 0
  }

  #sink(from: number, entry: PoolEntry): void {
    const heap = this.#heap
    let at = from
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      const other = child + 1
      if (other < heap.length && this.#isBelow(heap[other] as PoolEntry, heap[child] as PoolEntry)) child = other
      if (!this.#isBelow(heap[child] as PoolEntry, entry)) break
      heap[at] = heap[child] as PoolEntry
      at = child
    }
    heap[at] = entry
  }
}
