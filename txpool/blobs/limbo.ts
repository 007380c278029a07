import type { Hash } from '../../src/primitives/hex.ts'
import type { PooledBlob } from './account-blobs.ts'

/**
 * Transactions that a block holds which is not final, with their blobs: blocks have none, so that a reorg could not bring them
 * back into the pool.
 * @see geth's core/txpool/blobpool/limbo.go
 */
export class Limbo {
  readonly #held = new Map<Hash, { readonly pooled: PooledBlob; readonly number: bigint }>()

  /** @param number of a block that is not before the one which holds the transaction */
  push(pooled: PooledBlob, number: bigint): void {
    this.#held.set(pooled.transaction.hash, { pooled, number })
  }

  /** Another block holds one that is here. @param number as of {@link push} */
  renew(hash: Hash, number: bigint): void {
    const found = this.#held.get(hash)
    if (found !== undefined) this.push(found.pooled, number)
  }

  /** Takes one out. */
  pull(hash: Hash): PooledBlob | undefined {
    const found = this.#held.get(hash)
    this.#held.delete(hash)
    return found?.pooled
  }

  /** Forgets those of blocks up to the final one. */
  finalize(final: bigint): void {
    for (const [hash, { number }] of this.#held) if (number <= final) this.#held.delete(hash)
  }

  /** @returns puts back exactly what is held now */
  remember(): () => void {
    const held = [...this.#held]
    return () => {
      this.#held.clear()
      for (const [hash, each] of held) this.#held.set(hash, each)
    }
  }
}
