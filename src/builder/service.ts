import type { ExecutedTransaction } from '../evm/executor.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Header } from '../protocol/header.ts'
import type { ReceiptBlock } from '../protocol/receipt-json.ts'
import type { Transaction } from '../protocol/transaction.ts'
import type { Withdrawal } from '../protocol/withdrawal.ts'

/**
 * Codes that the builder's calls throw; `data` is what the contract promises for each.
 * - `JOB_UNKNOWN` `{jobId}`, `JOB_STATE` `{jobId, state}`
 * - `TX_REFUSED` `{reason, detail}`, geth's wording as message
 * - `PARENT_UNUSABLE` `{rule, …}`: an unknown parent or origin, or one that cannot be built on
 * - `COMMIT_REFUSED` `{status, validationError}`, `PUBLISH_REFUSED` `{reason}`
 * - `SEQUENCER_INACTIVE`, `SEQUENCER_ACTIVE`
 * - `NODE_UNAVAILABLE` `{method, endpoint}`: safe to retry
 * - `TOO_MANY_JOBS` `{limit}`
 */
export type BuilderErrorCode =
  | 'JOB_UNKNOWN'
  | 'JOB_STATE'
  | 'TX_REFUSED'
  | 'PARENT_UNUSABLE'
  | 'COMMIT_REFUSED'
  | 'PUBLISH_REFUSED'
  | 'SEQUENCER_INACTIVE'
  | 'SEQUENCER_ACTIVE'
  | 'NODE_UNAVAILABLE'
  | 'TOO_MANY_JOBS'

/** Names one job; opaque to callers. */
export type JobId = string

/** Where a job stands. `sealed` and `cancelled` are final. */
export type JobStateName = 'open' | 'sealed' | 'cancelled'

/** A block to build on: by hash, by number on the canonical chain, or the head. */
export type ParentSelector = Hash | bigint | 'latest'

/** An L1 origin: by hash, by number, the parent's own, or the one after it. */
export type OriginSelector = Hash | bigint | 'same' | 'next'

/** What both kinds of chain let a caller choose. Left out: what the protocol or the chain's node would take. */
export interface CommonOpenOptions {
  /** Unix seconds. */
  readonly timestamp?: bigint
  readonly gasLimit?: bigint
  readonly prevRandao?: Hash
  readonly feeRecipient?: Address
  readonly extraData?: Uint8Array
  /** Encoded transactions that stand right behind the deposits (L1: first in the block). */
  readonly transactions?: readonly Uint8Array[]
  /** Build even on a timestamp that the parent forbids. */
  readonly force?: boolean
}

/** What a chain takes where a caller leaves it open, by the parent that is built on. */
export type OpenPreferences = (
  parent: Header,
) => Pick<CommonOpenOptions, 'timestamp' | 'gasLimit' | 'feeRecipient' | 'force'>

/** `test_open` on an L2 chain. */
export interface OpenOptions extends CommonOpenOptions {
  /** Defaults to `latest`. */
  readonly l2Parent?: ParentSelector
  /** Defaults to what origin selection gives. */
  readonly l1Origin?: OriginSelector
  /** `false` leaves out user deposits, never the L1-info transaction. */
  readonly deposits?: boolean
}

/** `test_open` on an L1 chain. */
export interface L1OpenOptions extends CommonOpenOptions {
  /** Defaults to `latest`. */
  readonly parent?: ParentSelector
  readonly parentBeaconBlockRoot?: Hash
  readonly withdrawals?: readonly Withdrawal[]
}

/** Header fields that replace what execution gave, to craft an invalid block. */
export type HeaderOverrides = Partial<Header>

/** `test_seal`. */
export interface SealOptions {
  /** Make the block the head before answering. */
  readonly commit: boolean
  /** Sign and gossip the block. */
  readonly publish: boolean
  readonly header?: HeaderOverrides
}

/** A job as `test_jobs` lists it. */
export interface JobSummary {
  readonly jobId: JobId
  readonly state: JobStateName
  readonly number: bigint
  readonly parentHash: Hash
  /** How many transactions the job holds, deposits included. */
  readonly transactions: number
}

/** Header fields of a block in the making: those that are known so far. */
export type PartialHeader = Partial<Header> &
  Pick<Header, 'number' | 'parentHash' | 'timestamp' | 'gasLimit' | 'gasUsed' | 'baseFeePerGas'>

/** A transaction that a call included, with what its receipt needs of the block in the making. */
export interface IncludedTransaction extends ExecutedTransaction {
  /** Without a hash. */
  readonly block: ReceiptBlock
}

/** A job's content, as `test_inspect` shows it. */
export interface PartialBlock {
  readonly jobId: JobId
  readonly state: JobStateName
  readonly header: PartialHeader
  readonly transactions: readonly ExecutedTransaction[]
  readonly gasLeft: bigint
  /** The state root if the block were sealed now. */
  readonly stateRoot: Hash
  /** wei per blob gas, where blob transactions can stand in the block. */
  readonly blobBaseFee?: bigint
}

/** A sealed block and what became of it. */
export interface SealedBlock {
  /** Of the header as sealed, overrides included. */
  readonly hash: Hash
  readonly header: Header
  readonly transactions: readonly ExecutedTransaction[]
  /** Absent before Shanghai / Canyon. */
  readonly withdrawals?: readonly Withdrawal[]
  /** EIP-7685 requests; absent before Prague / Isthmus. */
  readonly executionRequests?: readonly Uint8Array[]
  /** wei per blob gas, where blob transactions can stand in the block. */
  readonly blobBaseFee?: bigint
  readonly committed: boolean
  readonly published: boolean
}

/** A block that can become a chain's head: sealed here, or made by somebody else. */
export type DeliverableBlock = Pick<SealedBlock, 'hash' | 'header' | 'withdrawals' | 'executionRequests'> & {
  readonly transactions: readonly { readonly transaction: Transaction }[]
}

/** Forkchoice hashes that a caller wants changed. */
export interface ForkchoiceUpdate {
  readonly head?: Hash
  readonly safe?: Hash
  readonly finalized?: Hash
}

/** Automatic sequencing's options. */
export interface AutoOptions {
  /** Milliseconds between blocks; defaults to the chain's block time. */
  readonly intervalMs?: number
}

/** A transaction for {@link BlockBuilderService.prepare}. */
export interface PreparedItem {
  readonly jobId: JobId
  readonly raw: Uint8Array
}

/**
 * Builds blocks of one chain, one job a block. Calls on one job are served in the order in which they arrive; a call
 * that throws leaves the job as it was.
 * @typeParam Options what `open` takes: {@link OpenOptions} on L2, {@link L1OpenOptions} on L1
 */
export interface BlockBuilderService<Options extends CommonOpenOptions = OpenOptions> {
  /** @throws AppError PARENT_UNUSABLE, TX_REFUSED, NODE_UNAVAILABLE */
  open(options: Options, io: IoOptions): Promise<JobId>
  /** Undefined when no pooled transaction can be included. @throws AppError JOB_UNKNOWN, JOB_STATE */
  includeBest(jobId: JobId, io: IoOptions): Promise<IncludedTransaction | undefined>
  /** The sender's next pooled transaction; undefined when there is none. @throws AppError JOB_UNKNOWN, JOB_STATE */
  includeFirst(jobId: JobId, sender: Address, io: IoOptions): Promise<IncludedTransaction | undefined>
  /** @throws AppError JOB_UNKNOWN, JOB_STATE, TX_REFUSED */
  includeByHash(jobId: JobId, hash: Hash, io: IoOptions): Promise<IncludedTransaction>
  /** @throws AppError JOB_UNKNOWN, JOB_STATE, TX_REFUSED */
  includeRaw(jobId: JobId, raw: Uint8Array, io: IoOptions): Promise<IncludedTransaction>
  /** Told ahead of several `includeRaw` calls, so that their state can be fetched together. Changes no job. */
  prepare(items: readonly PreparedItem[], io: IoOptions): Promise<void>
  /** @returns the number of transactions left in the job */
  undo(jobId: JobId, count: number, io: IoOptions): Promise<number>
  inspect(jobId: JobId, io: IoOptions): Promise<PartialBlock>
  /** @throws AppError JOB_UNKNOWN, JOB_STATE, COMMIT_REFUSED, PUBLISH_REFUSED, NODE_UNAVAILABLE */
  seal(jobId: JobId, options: SealOptions, io: IoOptions): Promise<SealedBlock>
  cancel(jobId: JobId, io: IoOptions): Promise<void>
  /** Commits a block that was sealed without it. @throws AppError COMMIT_REFUSED, NODE_UNAVAILABLE */
  commit(hash: Hash, io: IoOptions): Promise<void>
  /** Publishes a block that was sealed without it. @throws AppError PUBLISH_REFUSED, NODE_UNAVAILABLE */
  publish(hash: Hash, io: IoOptions): Promise<void>
  jobs(): readonly JobSummary[]
  /** Switches automatic sequencing. @returns whether it was on before */
  auto(active: boolean, options: AutoOptions | undefined, io: IoOptions): Promise<boolean>
  setForkchoice(
    update: ForkchoiceUpdate,
    io: IoOptions,
  ): Promise<{ readonly head: Hash; readonly safe: Hash; readonly finalized: Hash }>
}
