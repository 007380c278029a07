import { AppError, errorMessage } from '../primitives/errors.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { decodeBlobData } from '../protocol/blob-data.ts'
import type { L1BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { Transaction } from '../protocol/transaction.ts'
import type { L1Position, L1Traversal } from './l1-traversal.ts'
import {
  AGAIN,
  type BlobSource,
  type DerivationReport,
  type DeriveErrorCode,
  DRY,
  type L1DataSource,
  type Pulled,
} from './ports.ts'

/** A piece of batcher data: calldata, or a blob that holds it. */
type BatcherData = { readonly tag: 'calldata' | 'blob'; readonly bytes: Uint8Array }
type Reference =
  | { readonly tag: 'calldata'; readonly bytes: Uint8Array }
  | { readonly tag: 'blob'; readonly hash: Hash }

/** What the batcher sent in a block, in order. Who sent it is recovered from the signature; a deposit (on an L3) says it. */
function references(
  transactions: readonly Transaction[],
  inbox: Address,
  batcher: Address,
  ecotone: boolean,
): Reference[] {
  return transactions.flatMap((transaction): Reference[] => {
    const { type, to, sender, data } = transaction
    // EIP-7702 transactions, and whatever comes later, are no batcher's.
    if (type > 3 && type !== 0x7e) return []
    if (to !== inbox || sender !== batcher) return []
    // From Ecotone the blobs count, and the calldata beside them does not.
    if (transaction.type === 3 && ecotone) return transaction.blobVersionedHashes.map((hash) => ({ tag: 'blob', hash }))
    return [{ tag: 'calldata', bytes: data }]
  })
}

function missing(message: string): never {
  throw new AppError<DeriveErrorCode>('L1_DATA_MISSING', { message, severity: 'reset' })
}

/** What {@link L1Retrieval} reads from. */
export interface RetrievalSources {
  readonly l1: L1DataSource
  /** Without it, blobs cannot be read, and no chain derived that is past Ecotone. */
  readonly blobs: BlobSource | undefined
}

/** Reads what the batcher put on L1. @see OP specs: derivation, "L1 Retrieval" */
export class L1Retrieval {
  readonly #config: RollupConfig
  readonly #sources: RetrievalSources
  readonly #traversal: L1Traversal
  readonly #report: DerivationReport
  #position: L1Position | undefined
  /** Of the block; undefined before it was opened. */
  #data: BatcherData[] | undefined

  constructor(config: RollupConfig, sources: RetrievalSources, traversal: L1Traversal, report: DerivationReport) {
    this.#config = config
    this.#sources = sources
    this.#traversal = traversal
    this.#report = report
  }

  /** @throws AppError L1_DATA_MISSING (reset), DERIVATION_FAILED (critical); what the sources throw: the block is kept */
  async next(io: IoOptions): Promise<Pulled<Uint8Array>> {
    this.#position ??= this.#traversal.take()
    if (this.#position === undefined) return DRY
    this.#data ??= await this.#open(this.#position, io)
    const next = this.#data.shift()
    if (next === undefined) {
      this.#position = undefined
      this.#data = undefined
      return DRY
    }
    if (next.tag === 'calldata') return { tag: 'item', item: next.bytes }
    try {
      return { tag: 'item', item: decodeBlobData(next.bytes) }
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      this.#report('l1-retrieval', errorMessage(error))
      return AGAIN
    }
  }

  async #open({ block, systemConfig }: L1Position, io: IoOptions): Promise<BatcherData[]> {
    const { forks, batchInboxAddress } = this.#config
    const ecotone = forks.isActive('ecotone', block.timestamp)
    const transactions = await this.#sources.l1.transactions(block.hash, io)
    if (transactions === undefined) return missing(`L1 block ${block.hash}:${block.number} not found`)
    const found = references(transactions, batchInboxAddress, systemConfig.batcherAddress, ecotone)
    const hashes = found.flatMap((reference) => (reference.tag === 'blob' ? [reference.hash] : []))
    const blobs = hashes.length === 0 ? [] : await this.#blobs(block, hashes, io)
    let at = 0
    return found.map((reference) =>
      reference.tag === 'blob' ? { tag: 'blob', bytes: blobs[at++] as Uint8Array } : reference,
    )
  }

  async #blobs(block: L1BlockRef, hashes: readonly Hash[], io: IoOptions): Promise<readonly Uint8Array[]> {
    const { blobs } = this.#sources
    if (blobs === undefined) {
      throw new AppError<DeriveErrorCode>('DERIVATION_FAILED', {
        message: `L1 block ${block.hash}:${block.number} has batcher data in blobs, and no beacon API is configured`,
        severity: 'critical',
      })
    }
    const found = await blobs.blobs(block.timestamp, hashes, io)
    return found ?? missing(`blobs of L1 block ${block.hash}:${block.number} not found`)
  }
}
