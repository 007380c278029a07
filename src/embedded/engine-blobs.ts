import type { ProvenBlob } from '../builder/proven-blobs.ts'
import type { Hash } from '../primitives/hex.ts'
import type { BlobSidecar } from '../protocol/blob-sidecar.ts'
import type { Transaction } from '../protocol/transaction.ts'
import type { ChainStore } from './chain-store.ts'
import { engineError } from './engine-errors.ts'
import { type EngineRules, OSAKA_FORKS } from './engine-rules.ts'

/** Finds blobs. */
export interface BlobSource {
  /** @param cells whether with a proof for each cell, from Osaka; undefined when the blob is not known */
  find(hash: Hash, cells: boolean): Promise<ProvenBlob | undefined>
}

const MAX_BLOBS = 128

function checkCount(hashes: readonly Hash[]): void {
  if (hashes.length > MAX_BLOBS) {
    throw engineError('REQUEST_TOO_LARGE', `requested blob count too large: ${hashes.length}`)
  }
}

/** The blobs of an L1 chain as the Engine API gives them out, with the proofs that the upgrade asks for. */
export class EngineBlobs {
  readonly #source: BlobSource
  readonly #rules: EngineRules
  readonly #chain: ChainStore

  constructor(source: BlobSource, rules: EngineRules, chain: ChainStore) {
    this.#source = source
    this.#rules = rules
    this.#chain = chain
  }

  #find(hashes: readonly Hash[], cells: boolean): Promise<(ProvenBlob | undefined)[]> {
    return Promise.all(hashes.map((hash) => this.#source.find(hash, cells)))
  }

  #headFork(): ReturnType<EngineRules['fork']> {
    return this.#rules.fork(this.#chain.header(this.#chain.labels.head)?.timestamp ?? 0n)
  }

  /** What travels beside the blob transactions of a block. @throws AppError PAYLOAD_UNKNOWN when a blob is gone */
  async sidecar(timestamp: bigint, transactions: readonly Transaction[]): Promise<Omit<BlobSidecar, 'version'>> {
    const hashes = transactions.flatMap((tx) => (tx.type === 3 ? tx.blobVersionedHashes : []))
    const blobs = await this.#find(hashes, OSAKA_FORKS.includes(this.#rules.fork(timestamp)))
    const found = blobs.filter((blob) => blob !== undefined)
    // Only the newest blobs are kept: those of a transaction that waited for long may be gone.
    if (found.length < blobs.length) throw engineError('PAYLOAD_UNKNOWN', 'blobs of the payload are not there any more')
    return {
      blobs: found.map(({ blob }) => blob),
      commitments: found.map(({ commitment }) => commitment),
      proofs: found.flatMap(({ proofs }) => proofs),
    }
  }

  /** Blobs with a proof each; undefined for one that is not known. @throws AppError FORK_UNSUPPORTED, REQUEST_TOO_LARGE */
  async withProofs(hashes: readonly Hash[]): Promise<readonly (ProvenBlob | undefined)[]> {
    if (!['cancun', 'prague'].includes(this.#headFork())) {
      throw engineError('FORK_UNSUPPORTED', 'engine_getBlobsV1 is only available at Cancun/Prague fork')
    }
    checkCount(hashes)
    return this.#find(hashes, false)
  }

  /** Blobs with a proof for each cell; undefined when any is not known. @throws AppError FORK_UNSUPPORTED, REQUEST_TOO_LARGE */
  async withCells(hashes: readonly Hash[]): Promise<readonly ProvenBlob[] | undefined> {
    if (!OSAKA_FORKS.includes(this.#headFork())) {
      throw engineError('FORK_UNSUPPORTED', 'engine_getBlobsV2 is not available before Osaka fork')
    }
    checkCount(hashes)
    const blobs = await this.#find(hashes, true)
    return blobs.every((blob) => blob !== undefined) ? blobs : undefined
  }
}
