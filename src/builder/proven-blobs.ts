import type { Hash } from '../primitives/hex.ts'
import type { BlobStore } from './blob-store.ts'

/** A blob with what shows that it is the one that a transaction names. */
export interface ProvenBlob {
  readonly blob: Uint8Array
  /** 48 bytes. */
  readonly commitment: Uint8Array
  /** 48 bytes each: one, or one for each cell. */
  readonly proofs: readonly Uint8Array[]
}

/** Makes the proofs that a blob did not come with. */
export interface BlobProvers {
  proof(blob: Uint8Array, commitment: Uint8Array): Promise<Uint8Array>
  /** One for each cell. */
  cellProofs(blob: Uint8Array): Promise<readonly Uint8Array[]>
}

/** The blobs of a store with proofs of either kind; what is missing is made once. */
export class ProvenBlobs {
  readonly #store: BlobStore
  readonly #provers: BlobProvers

  constructor(store: BlobStore, provers: BlobProvers) {
    this.#store = store
    this.#provers = provers
  }

  /** @param cells whether with a proof for each cell, as from Osaka; undefined when the blob is not known */
  async find(hash: Hash, cells: boolean): Promise<ProvenBlob | undefined> {
    const stored = this.#store.get(hash)
    if (stored === undefined) return undefined
    const { blob, commitment } = stored
    if (cells) {
      const { cellProofs = await this.#provers.cellProofs(blob) } = stored
      this.#store.keep(hash, { cellProofs })
      return { blob, commitment, proofs: cellProofs }
    }
    const { proof = await this.#provers.proof(blob, commitment) } = stored
    this.#store.keep(hash, { proof })
    return { blob, commitment, proofs: [proof] }
  }
}
