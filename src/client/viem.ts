import type { Account, Address, Chain, Client, Hash, Transport } from 'viem'
import { type BatchActions, batchActions } from './batch.ts'
import { callOnce, look } from './call.ts'
import { type Job, jobOf } from './job.ts'
import { formatJobSummary, type JobSummary } from './job-formats.ts'
import { encodeOptions, type OpenJobOptions, type Quantity } from './job-options.ts'
import { type PoolControlActions, poolControlActions } from './pool-control.ts'

export type {
  AutoBatchOptions,
  BatchActions,
  BatchChannel,
  BatchedBlocks,
  BatcherStatus,
  BatchFrame,
  BatchTransaction,
  BlockOverride,
  ByteEdit,
  ChannelOptions,
  DataOptions,
  EncodedInbox,
  FrameOptions,
  InboxOptions,
  SendBatchOptions,
} from './batch.ts'
export type { Outcome } from './include-many.ts'
export type { IncludeManyOptions, Job } from './job.ts'
export type {
  Inclusion,
  JobHeader,
  JobState,
  JobSummary,
  JobView,
  SealedJob,
  SealedReceipt,
} from './job-formats.ts'
export type {
  BlockChoice,
  HeaderOverrides,
  JobWithdrawal,
  OpenJobOptions,
  Quantity,
  SealJobOptions,
} from './job-options.ts'
export type { PoolControlActions, PoolHold, PoolTarget } from './pool-control.ts'
// biome-ignore lint/performance/noBarrelFile: the package's entry, with the classes that its callers catch
export {
  BatchInputError,
  BatchNotIncludedError,
  BatchRefusedError,
  CommitRefusedError,
  IncludeError,
  JobStateError,
  JobUnknownError,
  NodeUnavailableError,
  ParentUnusableError,
  PublishRefusedError,
  SequencerActiveError,
  SequencerError,
  SequencerInactiveError,
} from './rpc-errors.ts'

/** Forkchoice hashes; those that are left out stay as they are. */
export interface ForkchoiceChange {
  readonly head?: Hash | undefined
  readonly safe?: Hash | undefined
  readonly finalized?: Hash | undefined
}

/** How blocks come by themselves. */
export interface AutoOptions {
  /** Milliseconds between blocks; the chain's block time when left out. */
  readonly interval?: number | undefined
}

/** What {@link testSequencerActions} adds to a client. A type, because `extend` of a client does not take an interface. */
export type TestSequencerActions<chain extends Chain | undefined = Chain | undefined> = PoolControlActions & {
  /** Opens a job: a block in the making. @throws ParentUnusableError, IncludeError, NodeUnavailableError */
  openJob(options?: OpenJobOptions): Promise<Job<chain>>
  /** A job by its id. Asks nothing: calls on it tell when there is no such job. */
  getJob(id: string): Job<chain>
  /** The chain's jobs, finished ones included. */
  jobs(): Promise<readonly JobSummary[]>
  /** Makes a block that was sealed without `commit` the head. @throws CommitRefusedError, NodeUnavailableError */
  commitBlock(hash: Hash): Promise<void>
  /** Publishes a block that was sealed without `publish`. @throws PublishRefusedError, NodeUnavailableError */
  publishBlock(hash: Hash): Promise<void>
  /** Lets blocks come by themselves, or no longer. @returns whether they did before */
  auto(active: boolean, options?: AutoOptions): Promise<boolean>
  /** Moves head, safe or finalized. @returns where they are */
  setForkchoice(
    change: ForkchoiceChange,
  ): Promise<{ readonly head: Hash; readonly safe: Hash; readonly finalized: Hash }>
  /** The chain's batcher, where it has one: on L2. @throws BatchInputError, BatchRefusedError, BatchNotIncludedError */
  readonly batcher: BatchActions
  /** Adds to a balance in the state after the head; embedded chains only. */
  fund(parameters: { readonly address: Address; readonly value: Quantity }): Promise<void>
}

/**
 * Extends any viem client of a chain that the sequencer serves. What changes something is called once, whatever
 * `retryCount` says: an answer that got lost does not tell whether it happened.
 * @example
 * const op = createTestClient({ transport: http(url), mode: 'anvil' }).extend(testSequencerActions())
 * const job = await op.openJob({ parent: 'latest' })
 */
export function testSequencerActions(): <
  transport extends Transport = Transport,
  chain extends Chain | undefined = Chain | undefined,
  account extends Account | undefined = Account | undefined,
>(
  client: Client<transport, chain, account>,
) => TestSequencerActions<chain> {
  return (client) => ({
    openJob: async (options = {}) => jobOf(client, await callOnce<string>(client, 'test_open', encodeOptions(options))),
    getJob: (id) => jobOf(client, id),
    jobs: async () => (await look<readonly Record<string, unknown>[]>(client, 'test_jobs')).map(formatJobSummary),
    async commitBlock(hash) {
      await callOnce(client, 'test_commit', hash)
    },
    async publishBlock(hash) {
      await callOnce(client, 'test_publish', hash)
    },
    auto: (active, options = {}) => callOnce(client, 'test_auto', active, options),
    setForkchoice: (change) => callOnce(client, 'test_setForkchoice', encodeOptions(change)),
    async fund({ address, value }) {
      await callOnce(client, 'test_fund', ...[address, encodeOptions(value)])
    },
    // viem's clients have a `batch` of their own.
    batcher: batchActions(
      (method, ...params) => callOnce(client, method, ...params),
      (method, ...params) => look(client, method, ...params),
    ),
    ...poolControlActions(client),
  })
}
