import { LRUCache } from 'lru-cache'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { BlobStore } from './blob-store.ts'
import type { ChainReader } from './ports.ts'
import type { ProvenBlobs } from './proven-blobs.ts'
import type { DeliverableBlock } from './service.ts'

/** An L1 block as far as the beacon API tells of it. */
export interface BeaconBlock {
  readonly hash: Hash
  readonly number: bigint
  readonly parentHash: Hash
  readonly stateRoot: Hash
  /** In the order in which its transactions name them. */
  readonly blobHashes: readonly Hash[]
}

/** A blob as sidecars carry it. */
export interface SidecarBlob {
  readonly blob: Uint8Array
  readonly commitment: Uint8Array
  readonly proof: Uint8Array
}

/** Finds blocks that were not committed through the view: those of earlier, say. */
export type PastBlocks = (timestamp: bigint, io: IoOptions) => Promise<BeaconBlock | undefined>

const MAX_TIMES = 16_384

/**
 * What a beacon node would know of the L1 blocks that were committed here. Slots are seconds long, so that every block has
 * its own, however irregular the times.
 */
export class BeaconView {
  readonly secondsPerSlot = 1n
  readonly #blobs: BlobStore
  readonly #chain: ChainReader
  readonly #proven: ProvenBlobs
  readonly #past: PastBlocks | undefined
  readonly #byTime = new LRUCache<bigint, readonly BeaconBlock[]>({ max: MAX_TIMES })
  #genesisTime: bigint | undefined

  /** @param past finds the canonical block of a time; where it is left out, only what was added is known */
  constructor(blobs: BlobStore, chain: ChainReader, proven: ProvenBlobs, past?: PastBlocks) {
    this.#past = past
    this.#blobs = blobs
    this.#chain = chain
    this.#proven = proven
  }

  /** Told of each block before it becomes the head: whoever sees it asks for its blobs at once. */
  add({ hash, header, transactions }: DeliverableBlock): void {
    const known = this.#byTime.get(header.timestamp) ?? []
    if (known.some((block) => block.hash === hash)) return
    const blobHashes = transactions.flatMap(({ transaction }) =>
      transaction.type === 3 ? transaction.blobVersionedHashes : [],
    )
    const { number, parentHash, stateRoot } = header
    this.#byTime.set(header.timestamp, [...known, { hash, number, parentHash, stateRoot, blobHashes }])
  }

  /** Unix seconds of the genesis block. */
  async genesisTime(io: IoOptions): Promise<bigint> {
    this.#genesisTime ??= (await this.#chain.block(0n, io))?.header.timestamp
    return this.#genesisTime ?? 0n
  }

  /** The canonical block of a slot; undefined when there is none, or it is not known here. */
  async block(slot: bigint, io: IoOptions): Promise<BeaconBlock | undefined> {
    const time = (await this.genesisTime(io)) + slot * this.secondsPerSlot
    for (const block of this.#byTime.get(time) ?? []) {
      const canonical = await this.#chain.block(block.number, io)
      if (canonical?.hash === block.hash) return block
    }
    return this.#past?.(time, io)
  }

  /** A blob, whatever became of the block that it was in. */
  blob(hash: Hash): Uint8Array | undefined {
    return this.#blobs.get(hash)?.blob
  }

  /** A blob with the proof that a sidecar needs. */
  async proven(hash: Hash): Promise<SidecarBlob | undefined> {
    const found = await this.#proven.find(hash, false)
    const proof = found?.proofs[0]
    return found && proof && { blob: found.blob, commitment: found.commitment, proof }
  }
}
