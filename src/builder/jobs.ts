import { randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { ExecutedTransaction, Executor } from '../evm/executor.ts'
import type { Clock } from '../primitives/clock.ts'
import { AppError, isAppError } from '../primitives/errors.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { keccakHash } from '../primitives/keccak.ts'
import type { Transaction } from '../protocol/transaction.ts'
import { beginBlock } from './begin-block.ts'
import type { DaLimits, DaThrottle } from './da-limits.ts'
import { includeAll, includeBest, includeByHash, includeFirst, type PoolSource } from './include.ts'
import { Job } from './job.ts'
import type { JobsObserver } from './job-metrics.ts'
import { nodeError } from './node-errors.ts'
import { observedStep, observedTransaction } from './observed.ts'
import type { ChainBlock, ChainReader, Committer, PoolReader, Publisher, StateSource } from './ports.ts'
import type { BlockRules } from './rules.ts'
import type { SealedBlocks } from './sealed-blocks.ts'
import type {
  AutoOptions,
  BlockBuilderService,
  BuilderErrorCode,
  CommonOpenOptions,
  ForkchoiceUpdate,
  IncludedTransaction,
  JobId,
  JobSummary,
  OpenOptions,
  PartialBlock,
  PreparedItem,
  SealedBlock,
  SealOptions,
} from './service.ts'

/** What the jobs of one chain work with. */
export interface JobsContext<Options extends CommonOpenOptions> {
  readonly rules: BlockRules<Options>
  readonly chain: ChainReader
  readonly executor: Executor
  readonly state: StateSource
  readonly pool: PoolReader
  readonly throttle?: Pick<DaThrottle, 'limits'>
  /** What messages pooled transactions may execute; absent: any. */
  readonly messages?: PoolSource['messages']
  /** Undefined where sealed blocks are not inserted anywhere. */
  readonly committer: Committer | undefined
  readonly publisher: Publisher | undefined
  readonly auto: AutoSwitch
  readonly sealedBlocks: SealedBlocks
  readonly clock: Clock
  readonly limits?: JobLimits
  /** Hears of what jobs do. */
  readonly observer?: JobsObserver | undefined
}

/** Switches automatic building; the loop itself belongs to the sequencer. */
export interface AutoSwitch {
  /** @returns whether it was on before */
  set(active: boolean, options: AutoOptions | undefined, io: IoOptions): boolean | Promise<boolean>
}

/** Bounds of what abandoned or careless clients can hold. */
export interface JobLimits {
  /** Milliseconds without a call after which an open job is cancelled; default ten minutes. */
  readonly expiryMs?: number
  /** Open jobs at once; default 1000. */
  readonly maxOpen?: number
}

const DEFAULT_EXPIRY_MS = 600_000
const DEFAULT_MAX_OPEN = 1000
/** Finished jobs stay listed, and answer with their state, as long as they are among the newest of this many. */
const MAX_FINISHED = 1000
/** Cancelled jobs among them that can still be inspected. */
const MAX_CANCELLED_BLOCKS = 16
const MAX_DECODED = 8192

/**
 * All jobs of one chain: the builder service behind `test_*`.
 * @typeParam Options what `open` takes on this kind of chain
 */
export class Jobs<Options extends CommonOpenOptions = OpenOptions> implements BlockBuilderService<Options> {
  readonly #context: JobsContext<Options>
  readonly #open = new Map<JobId, Job>()
  readonly #finished = new LRUCache<JobId, Job>({ max: MAX_FINISHED })
  readonly #cancelled: Job[] = []
  /** Jobs that are being opened: they count against the limit before they are there. */
  #opening = 0
  /** A batch announces its transactions before it includes them: each is decoded, and its sender recovered, once. */
  readonly #decoded = new LRUCache<Hash, Transaction>({ max: MAX_DECODED })

  constructor(context: JobsContext<Options>) {
    this.#context = context
  }

  #job(jobId: JobId): Job {
    const job = this.#open.get(jobId) ?? this.#finished.get(jobId)
    if (job === undefined) {
      throw new AppError<BuilderErrorCode>('JOB_UNKNOWN', { message: `unknown job ${jobId}`, data: { jobId } })
    }
    job.lastUsed = this.#context.clock.now()
    return job
  }

  /** Serves a call on a job when the ones before it are done. */
  async #on<T>(jobId: JobId, task: (job: Job) => Promise<T> | T): Promise<T> {
    const job = this.#job(jobId)
    try {
      return await job.run(() => task(job))
    } catch (error) {
      throw nodeError(error)
    } finally {
      if (job.state !== 'open' && this.#open.delete(jobId)) this.#finish(job)
    }
  }

  #finish(job: Job): void {
    this.#finished.set(job.id, job)
    if (job.state !== 'cancelled') return
    this.#cancelled.push(job)
    if (this.#cancelled.length > MAX_CANCELLED_BLOCKS) this.#cancelled.shift()?.forget()
  }

  #decode(raw: Uint8Array): Transaction {
    const hash = keccakHash(raw)
    const known = this.#decoded.get(hash)
    if (known !== undefined) return known
    const transaction = this.#context.rules.decode(raw)
    this.#decoded.set(hash, transaction)
    return transaction
  }

  open(options: Options, io: IoOptions): Promise<JobId> {
    return observedStep(this.#context, 'open', () => this.#openJob(options, io))
  }

  async #openJob(options: Options, io: IoOptions): Promise<JobId> {
    const { limits, clock, rules } = this.#context
    const maxOpen = limits?.maxOpen ?? DEFAULT_MAX_OPEN
    if (this.#open.size + this.#opening >= maxOpen) {
      throw new AppError<BuilderErrorCode>('TOO_MANY_JOBS', {
        message: `${maxOpen} jobs are open: seal or cancel some`,
        data: { limit: maxOpen },
      })
    }
    this.#opening++
    try {
      const draft = await rules.draft(options, io)
      const block = await beginBlock(this.#context, draft, io)
      for (const transaction of draft.transactions) await block.execution.run(transaction)
      const job = new Job(`job-${randomUUID()}`, rules, block, clock.now())
      this.#open.set(job.id, job)
      return job.id
    } catch (error) {
      throw nodeError(error)
    } finally {
      this.#opening--
    }
  }

  includeRaw(jobId: JobId, raw: Uint8Array, io: IoOptions): Promise<IncludedTransaction> {
    return this.#including(jobId, async (job) => {
      const transaction = this.#decode(raw)
      await this.#context.rules.admit(transaction, raw, job.open().env.timestamp)
      // In a batch that was announced all is known by now, and this asks for nothing.
      await job.open().state.predict([transaction], io)
      return job.include(transaction)
    })
  }

  includeByHash(jobId: JobId, hash: Hash, io: IoOptions): Promise<IncludedTransaction> {
    return this.#including(jobId, (job) => includeByHash(job, this.#context.pool, hash, io))
  }

  includeFirst(jobId: JobId, sender: Address, io: IoOptions): Promise<IncludedTransaction | undefined> {
    return this.#including(jobId, (job) => includeFirst(job, this.#context.pool, sender, io))
  }

  /**
   * Includes what the pool has, until none of it can be included.
   * @param limits beside those that the chain has
   * @returns how many
   * @throws AppError JOB_UNKNOWN, JOB_STATE
   */
  includeAll(jobId: JobId, io: IoOptions, limits?: DaLimits): Promise<number> {
    return this.#on(jobId, (job) => includeAll(job, this.#context, io, limits))
  }

  /** Lists a finished job no longer. */
  forget(jobId: JobId): void {
    this.#finished.delete(jobId)
  }

  includeBest(jobId: JobId, io: IoOptions): Promise<IncludedTransaction | undefined> {
    return this.#including(jobId, (job) => includeBest(job, this.#context, io))
  }

  #including<T extends ExecutedTransaction | undefined>(
    jobId: JobId,
    include: (job: Job) => Promise<T>,
  ): Promise<T extends undefined ? undefined : IncludedTransaction> {
    return this.#on(jobId, async (job) => {
      const { env } = job.open()
      const executed = await observedTransaction(this.#context, include(job))
      const { number, timestamp } = env
      const blobBaseFee = this.#context.rules.blobBaseFee(env)
      const block = { number, timestamp, ...(blobBaseFee === undefined ? {} : { blobBaseFee }) }
      const placed = executed === undefined ? undefined : { ...executed, block }
      return placed as T extends undefined ? undefined : IncludedTransaction
    })
  }

  async prepare(items: readonly PreparedItem[], io: IoOptions): Promise<void> {
    const byJob = new Map<Job, Transaction[]>()
    for (const { jobId, raw } of items) {
      const job = this.#open.get(jobId)
      if (job === undefined) continue
      try {
        const transactions = byJob.get(job) ?? []
        transactions.push(this.#decode(raw))
        byJob.set(job, transactions)
      } catch (error) {
        // The call that includes it reports this; here it only means that there is nothing to fetch.
        if (!isAppError(error)) throw error
      }
    }
    await Promise.all([...byJob].map(([job, transactions]) => this.#predict(job, transactions, io)))
  }

  async #predict(job: Job, transactions: readonly Transaction[], io: IoOptions): Promise<void> {
    if (job.state !== 'open') return
    try {
      await job.open().state.predict(transactions, io)
    } catch (error) {
      // A guess that failed costs round trips later on, where the failure is reported if it lasts.
      if (!isAppError(error)) throw error
    }
  }

  undo(jobId: JobId, count: number, _io: IoOptions): Promise<number> {
    return this.#on(jobId, (job) => job.undo(count))
  }

  inspect(jobId: JobId, io: IoOptions): Promise<PartialBlock> {
    return this.#on(jobId, (job) => job.inspect(io))
  }

  seal(jobId: JobId, options: SealOptions, io: IoOptions): Promise<SealedBlock> {
    return this.#on(jobId, async (job) => {
      const unfinished = job.sealed
      // A seal whose delivery failed can be repeated: the block stands, only the delivery is tried again.
      const again = unfinished !== undefined && this.#undelivered(unfinished, options)
      const sealed = again ? unfinished : await observedStep(this.#context, 'seal', () => job.seal(options.header, io))
      this.#context.sealedBlocks.set(sealed)
      const delivered = await this.#deliver(sealed, options, io)
      job.record(delivered)
      return delivered
    })
  }

  #undelivered(sealed: SealedBlock, options: SealOptions): boolean {
    const { committer, publisher } = this.#context
    const commits = options.commit && committer !== undefined && !sealed.committed
    return commits || (options.publish && publisher !== undefined && !sealed.published)
  }

  async #deliver(sealed: SealedBlock, options: SealOptions, io: IoOptions): Promise<SealedBlock> {
    const { committer, publisher } = this.#context
    let block = sealed
    if (options.commit && committer !== undefined && !block.committed) block = await this.#commit(block, committer, io)
    if (options.publish && publisher !== undefined && !block.published)
      block = await this.#publish(block, publisher, io)
    return block
  }

  async #commit(block: SealedBlock, committer: Committer, io: IoOptions): Promise<SealedBlock> {
    await observedStep(this.#context, 'commit', () => committer.commit(block, io))
    return this.#remember({ ...block, committed: true })
  }

  async #publish(block: SealedBlock, publisher: Publisher, io: IoOptions): Promise<SealedBlock> {
    await observedStep(this.#context, 'publish', () => publisher.publish(block, io))
    return this.#remember({ ...block, published: true })
  }

  #remember(block: SealedBlock): SealedBlock {
    this.#context.sealedBlocks.set(block)
    return block
  }

  async cancel(jobId: JobId, _io: IoOptions): Promise<void> {
    await this.#on(jobId, (job) => job.cancel())
  }

  async commit(hash: Hash, io: IoOptions): Promise<void> {
    const { committer } = this.#context
    if (committer === undefined) throw refused('COMMIT_REFUSED', 'this chain inserts blocks nowhere (insert: none)')
    await this.#delivering(hash, 'COMMIT_REFUSED', (block) => this.#commit(block, committer, io))
  }

  async publish(hash: Hash, io: IoOptions): Promise<void> {
    const { publisher } = this.#context
    if (publisher === undefined) throw refused('PUBLISH_REFUSED', 'this chain has no publisher')
    await this.#delivering(hash, 'PUBLISH_REFUSED', (block) => this.#publish(block, publisher, io))
  }

  async #delivering(
    hash: Hash,
    code: 'COMMIT_REFUSED' | 'PUBLISH_REFUSED',
    deliver: (block: SealedBlock) => Promise<SealedBlock>,
  ): Promise<void> {
    const block = this.#context.sealedBlocks.get(hash)
    if (block === undefined) throw refused(code, `no block ${hash} was sealed here`)
    try {
      await deliver(block)
    } catch (error) {
      throw nodeError(error)
    }
  }

  jobs(): readonly JobSummary[] {
    return [...this.#open.values(), ...this.#finished.values()].map((job) => job.summary())
  }

  async auto(active: boolean, options: AutoOptions | undefined, io: IoOptions): Promise<boolean> {
    return this.#context.auto.set(active, options, io)
  }

  async setForkchoice(
    update: ForkchoiceUpdate,
    io: IoOptions,
  ): Promise<{ readonly head: Hash; readonly safe: Hash; readonly finalized: Hash }> {
    const { committer } = this.#context
    if (committer === undefined)
      throw refused('COMMIT_REFUSED', 'this service does not own the forkchoice (insert: none)')
    try {
      return await committer.setForkchoice(update, io)
    } catch (error) {
      throw nodeError(error)
    }
  }

  /** Cancels jobs that nobody used for long, until the signal is aborted. */
  async expire(signal: AbortSignal): Promise<void> {
    const { clock, limits } = this.#context
    const expiryMs = limits?.expiryMs ?? DEFAULT_EXPIRY_MS
    while (!signal.aborted) {
      await clock.sleep(Math.max(expiryMs / 10, 10), { signal }).catch(() => undefined)
      for (const job of [...this.#open.values()]) {
        if (!job.busy && clock.now() - job.lastUsed >= expiryMs) await this.#abandon(job)
      }
    }
  }

  /** Cancels every open job; for the end of the process. */
  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((job) => this.#abandon(job)))
  }

  /** Cancels a job unless somebody finished it meanwhile. */
  #abandon(job: Job): Promise<void> {
    return this.#on(job.id, () => {
      if (job.state === 'open') job.cancel()
    })
  }
}

/** Blocks that were sealed and committed here need not be asked of the node to be built on. */
export function committedParent(blocks: SealedBlocks, hash: Hash): ChainBlock | undefined {
  const block = blocks.get(hash)
  if (block === undefined || !block.committed) return undefined
  return { hash, header: block.header, firstTransaction: block.transactions[0]?.transaction }
}

function refused(code: 'COMMIT_REFUSED' | 'PUBLISH_REFUSED', message: string): AppError {
  return new AppError<BuilderErrorCode>(code, {
    message,
    data: code === 'COMMIT_REFUSED' ? { status: 'UNAVAILABLE', validationError: message } : { reason: message },
  })
}
