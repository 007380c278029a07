import type { Hash } from '../src/primitives/hex.ts'
import type { PoolEntry } from './sub-pool.ts'

/** Places among transactions that pay the same: by arrival, unless somebody has named an order. */
export class ForcedOrder {
  #places: ReadonlyMap<Hash, number> = new Map()

  /** These go first, in this order, also when they come later; those that were named before are as any other again. */
  set(hashes: readonly Hash[]): void {
    this.#places = new Map(hashes.map((hash, index) => [hash, index - hashes.length]))
  }

  /** The lower, the earlier. */
  placeOf({ transaction, arrival }: PoolEntry): number {
    return this.#places.get(transaction.hash) ?? arrival
  }
}
