import { LRUCache } from 'lru-cache'
import { refusal } from '../evm/refusal.ts'
import type { Hash } from '../primitives/hex.ts'
import { BLOB_SIZE, type BlobSidecar, CELLS_PER_BLOB, versionedHash } from '../protocol/blob-sidecar.ts'
import type { BlobTransaction } from '../protocol/transaction.ts'

/** A blob with what shows that it is the one that a transaction names. */
export interface StoredBlob {
  /** 131072 bytes. */
  readonly blob: Uint8Array
  /** 48 bytes. */
  readonly commitment: Uint8Array
  /** 48 bytes; absent when the blob came with a proof for each cell in its place, and nobody has made it. */
  readonly proof?: Uint8Array
  /** 48 bytes each, one for each cell; absent when the blob came with one proof, and nobody has made them. */
  readonly cellProofs?: readonly Uint8Array[]
}

/** Checks the proofs of a sidecar. */
export type SidecarCheck = (sidecar: BlobSidecar) => Promise<boolean>

/** Where blobs outlive the process. */
export interface BlobArchive {
  get(hash: Hash): StoredBlob | undefined
  put(blobs: ReadonlyMap<Hash, StoredBlob>): Promise<void>
}

const DEFAULT_MAX_BLOBS = 2048

/**
 * The blobs of every transaction that was taken, by versioned hash, whatever became of the blocks that they were in: a reorg
 * loses none. Without an archive the newest ones within a bound.
 */
export class BlobStore {
  readonly #verify: SidecarCheck
  readonly #blobs: LRUCache<Hash, StoredBlob>
  readonly #archive: BlobArchive | undefined

  /** @param maxBlobs in memory; 2048 (256 MiB) when left out */
  constructor(verify: SidecarCheck, maxBlobs: number = DEFAULT_MAX_BLOBS, archive?: BlobArchive) {
    this.#verify = verify
    this.#archive = archive
    this.#blobs = new LRUCache({ max: maxBlobs, maxSize: maxBlobs * BLOB_SIZE, sizeCalculation: () => BLOB_SIZE })
  }

  get(hash: Hash): StoredBlob | undefined {
    return this.#blobs.get(hash) ?? this.#archive?.get(hash)
  }

  /** Adds proofs that were made of a blob, so that they are not made again. */
  keep(hash: Hash, proofs: Pick<StoredBlob, 'proof' | 'cellProofs'>): void {
    const stored = this.get(hash)
    if (stored !== undefined) this.#blobs.set(hash, { ...stored, ...proofs })
  }

  /**
   * Takes the blobs of a transaction after checking them as geth's pool does. Without a sidecar all of them must be known.
   * @param version of the sidecar that the fork asks for
   * @throws AppError TX_REFUSED in geth's words
   */
  async admit(transaction: BlobTransaction, sidecar: BlobSidecar | undefined, version: number): Promise<void> {
    const hashes = transaction.blobVersionedHashes
    if (sidecar === undefined) {
      if (hashes.every((hash) => this.get(hash) !== undefined)) return
      throw refusal('blobSidecarMissing', 'missing sidecar in blob transaction')
    }
    if (sidecar.version !== version) {
      throw invalid(`unexpected sidecar version, want: ${version}, got: ${sidecar.version}`)
    }
    checkCounts(hashes, sidecar)
    if (!(await this.#verify(sidecar))) throw invalid('KZG verification error')
    await this.take(hashes, sidecar)
  }

  /** Takes blobs that were checked. @param hashes as the transaction calls them, in the order of the sidecar */
  async take(hashes: readonly Hash[], sidecar: BlobSidecar): Promise<void> {
    const taken = new Map<Hash, StoredBlob>()
    hashes.forEach((hash, index) => {
      // A copy: as a part of the message it would keep all of it in memory.
      const blob = (sidecar.blobs[index] as Uint8Array).slice()
      const commitment = sidecar.commitments[index] as Uint8Array
      const proofs =
        sidecar.version === 0
          ? { proof: sidecar.proofs[index] as Uint8Array }
          : { cellProofs: sidecar.proofs.slice(index * CELLS_PER_BLOB, (index + 1) * CELLS_PER_BLOB) }
      taken.set(hash, { ...this.get(hash), blob, commitment, ...proofs })
    })
    // Before anybody is told that they are here.
    await this.#archive?.put(taken)
    for (const [hash, stored] of taken) this.#blobs.set(hash, stored)
  }
}

function invalid(message: string): ReturnType<typeof refusal> {
  return refusal('blobSidecarInvalid', message)
}

function checkCounts(hashes: readonly Hash[], { version, blobs, commitments, proofs }: BlobSidecar): void {
  if (hashes.length === 0) throw refusal('blobHashesMissing', 'blobless blob transaction')
  if (blobs.length !== hashes.length) {
    throw invalid(`invalid number of ${blobs.length} blobs compared to ${hashes.length} blob hashes`)
  }
  if (commitments.length !== hashes.length) {
    throw invalid(`invalid number of ${commitments.length} blob commitments compared to ${hashes.length} blob hashes`)
  }
  hashes.forEach((hash, index) => {
    const computed = versionedHash(commitments[index] as Uint8Array)
    if (computed !== hash) {
      throw invalid(`blob ${index}: computed hash ${computed} mismatches transaction one ${hash}`)
    }
  })
  const expected = version === 0 ? hashes.length : hashes.length * CELLS_PER_BLOB
  if (proofs.length !== expected) {
    throw invalid(`invalid number of ${proofs.length} blob proofs expected ${expected}`)
  }
}
