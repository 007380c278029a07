import type { DeliverableBlock, IncludedTransaction, JobId } from '../builder/service.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'

/** What a build job is asked for. */
export interface BuildOptions {
  /** Undefined: the chain's head. */
  readonly parent: Hash | undefined
  /** Of an L2 block; undefined: the parent's own. */
  readonly l1Origin: Hash | undefined
}

/** A block that came out of a job, and on which kind of chain it stands. */
export type BuiltBlock =
  | { readonly layer: 'l2'; readonly block: DeliverableBlock }
  | {
      readonly layer: 'l1'
      readonly block: DeliverableBlock
      readonly value: bigint
      readonly blobs: readonly BuiltBlob[]
    }

/** A blob of a block, with what shows that it is the one that its transaction names. */
export interface BuiltBlob {
  readonly blob: Uint8Array
  /** 48 bytes. */
  readonly commitment: Uint8Array
  /** 48 bytes each. */
  readonly proofs: readonly Uint8Array[]
}

/** One chain's block building, as builders use it. */
export interface ChainBuilding {
  /** Checks that a block can be built so, and fixes its parent. @throws AppError as `open` does */
  settle(options: BuildOptions, io: IoOptions): Promise<Hash>
  /** @param transactions right behind the deposits @throws AppError PARENT_UNUSABLE, TX_REFUSED, NODE_UNAVAILABLE */
  open(
    options: BuildOptions & { readonly parent: Hash },
    transactions: readonly Uint8Array[],
    io: IoOptions,
  ): Promise<JobId>
  includeRaw(jobId: JobId, raw: Uint8Array, io: IoOptions): Promise<IncludedTransaction>
  /** @throws AppError JOB_UNKNOWN, JOB_STATE, NODE_UNAVAILABLE */
  seal(jobId: JobId, io: IoOptions): Promise<BuiltBlock>
  cancel(jobId: JobId, io: IoOptions): Promise<void>
}

/** Builds one block. */
export interface BuildJob {
  readonly id: JobId
  /** Whether nobody may use it any more. */
  readonly closed: boolean
  open(io: IoOptions): Promise<void>
  /** The same block however often it is asked for. */
  seal(io: IoOptions): Promise<BuiltBlock>
  /** Ends building; the job can be opened again. */
  cancel(io: IoOptions): Promise<void>
  includeTx(raw: Uint8Array, io: IoOptions): Promise<void>
  /** Ends the job for good. */
  close(io: IoOptions): Promise<void>
}

/** Makes build jobs. */
export interface Builder {
  newJob(options: BuildOptions, io: IoOptions): Promise<BuildJob>
}

/** A block, and the signature that it may be published with. */
export interface SignedBlock {
  readonly block: DeliverableBlock
  /** r ‖ s ‖ y parity, 65 bytes; absent where nobody signs. */
  readonly signature?: Uint8Array
}

/** Signs blocks. */
export interface Signer {
  sign(block: DeliverableBlock, io: IoOptions): Promise<SignedBlock>
}

/** Makes a signed block canonical. */
export interface BlockCommitter {
  commit(signed: SignedBlock, io: IoOptions): Promise<void>
}

/** Tells others of a signed block. */
export interface BlockPublisher {
  publish(signed: SignedBlock, io: IoOptions): Promise<void>
}

/** Automatic sequencing of one chain. */
export interface SequencingSwitch {
  readonly active: boolean
  /** @throws AppError when `head` is not the chain's, or it cannot start */
  start(head: Hash, io: IoOptions): Promise<void>
  /** @returns the last block that was sequenced */
  stop(io: IoOptions): Promise<Hash>
}
