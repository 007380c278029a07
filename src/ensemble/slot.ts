import type { DeliverableBlock } from '../builder/service.ts'
import { isAppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { SerialQueue } from '../primitives/serial-queue.ts'
import type { BuildService } from './build-service.ts'
import { inStep, type PlainCode, plainError } from './errors.ts'
import type {
  BlockCommitter,
  BlockPublisher,
  Builder,
  BuildJob,
  BuildOptions,
  SequencingSwitch,
  SignedBlock,
  Signer,
} from './ports.ts'

/** What a sequencer works with. */
export interface SlotParts {
  readonly jobs: Pick<BuildService, 'register' | 'close'>
  readonly builder: Builder
  readonly signer: Signer
  readonly committer: BlockCommitter
  readonly publisher: BlockPublisher
  /** Undefined where nothing sequences the chain by itself. */
  readonly sequencing: SequencingSwitch | undefined
}

/** One block on its way; an empty slot has none of it. */
interface Slot {
  readonly job?: BuildJob
  readonly unsigned?: DeliverableBlock
  readonly signed?: SignedBlock
  readonly committed?: true
  readonly published?: true
}

const HEAD: BuildOptions = { parent: undefined, l1Origin: undefined }

/** Passes over what says that a step is done already. */
async function unless(done: readonly PlainCode[], step: Promise<void>): Promise<void> {
  try {
    await step
  } catch (error) {
    if (!isAppError(error) || !done.some((code) => code === error.code)) throw error
  }
}

/**
 * A sequencer: takes one block at a time from building to publishing, step by step (op-test-sequencer's `full`). A step that
 * fails leaves the slot as it was, so that it, or {@link next}, can be tried again. Calls are served one after the other.
 */
export class SlotSequencer {
  readonly #parts: SlotParts
  readonly #queue = new SerialQueue()
  #slot: Slot = {}

  constructor(parts: SlotParts) {
    this.#parts = parts
  }

  /** The job in the slot; one that was closed has left it. */
  #job(): BuildJob | undefined {
    const { job, unsigned } = this.#slot
    if (job?.closed === true && unsigned === undefined) this.#slot = {}
    return this.#slot.job
  }

  /** @throws AppError JOB_UNKNOWN */
  buildJob(): BuildJob {
    const job = this.#job()
    if (job === undefined) throw plainError('JOB_UNKNOWN')
    return job
  }

  /** @throws AppError ALREADY_SEALED, JOB_CONFLICT and others */
  newJob(options: BuildOptions, io: IoOptions): Promise<void> {
    return this.#queue.run(() => this.#newJob(options, io))
  }

  async #newJob(options: BuildOptions, io: IoOptions): Promise<void> {
    if (this.#slot.unsigned !== undefined) throw plainError('ALREADY_SEALED')
    if (this.#job() !== undefined) throw plainError('JOB_CONFLICT')
    const { jobs, builder } = this.#parts
    this.#slot = { job: await inStep('failed to start new build job', () => jobs.register(builder, options, io)) }
  }

  /** @throws AppError ALREADY_SEALED, JOB_UNKNOWN, INCLUSION_REFUSED and others */
  open(io: IoOptions): Promise<void> {
    return this.#queue.run(() => this.#open(io))
  }

  async #open(io: IoOptions): Promise<void> {
    if (this.#slot.unsigned !== undefined) throw plainError('ALREADY_SEALED')
    const job = this.buildJob()
    await inStep('failed to open block', () => job.open(io))
  }

  /** @throws AppError JOB_UNKNOWN, INCLUSION_REFUSED and others */
  includeTx(raw: Uint8Array, io: IoOptions): Promise<void> {
    return this.#queue.run(() => {
      const job = this.buildJob()
      return inStep('failed to include transaction', () => job.includeTx(raw, io))
    })
  }

  /** @throws AppError ALREADY_SEALED, JOB_UNKNOWN, BUILD_NOT_OPEN and others */
  seal(io: IoOptions): Promise<void> {
    return this.#queue.run(() => this.#seal(io))
  }

  async #seal(io: IoOptions): Promise<void> {
    if (this.#slot.unsigned !== undefined) throw plainError('ALREADY_SEALED')
    const job = this.buildJob()
    const { block } = await inStep('failed to seal block', () => job.seal(io))
    await this.#parts.jobs.close(job, io)
    this.#slot = { job, unsigned: block }
  }

  /** Puts a block in the slot that was built elsewhere. @throws AppError JOB_CONFLICT, ALREADY_SEALED */
  prebuilt(block: DeliverableBlock): Promise<void> {
    return this.#queue.run(() => {
      if (this.#job() !== undefined) throw plainError('JOB_CONFLICT')
      if (this.#slot.unsigned !== undefined) throw plainError('ALREADY_SEALED')
      this.#slot = { unsigned: block }
    })
  }

  /** @throws AppError ALREADY_SIGNED, NOT_SEALED and others */
  sign(io: IoOptions): Promise<void> {
    return this.#queue.run(() => this.#sign(io))
  }

  async #sign(io: IoOptions): Promise<void> {
    const { signed, unsigned } = this.#slot
    if (signed !== undefined) throw plainError('ALREADY_SIGNED')
    if (unsigned === undefined) throw plainError('NOT_SEALED')
    const result = await inStep('failed to sign block', () => this.#parts.signer.sign(unsigned, io))
    this.#slot = { ...this.#slot, signed: result }
  }

  /** @throws AppError ALREADY_COMMITTED, UNSIGNED, BLOCK_REFUSED and others */
  commit(io: IoOptions): Promise<void> {
    return this.#queue.run(() => this.#commit(io))
  }

  async #commit(io: IoOptions): Promise<void> {
    const { signed, committed } = this.#slot
    if (committed === true) throw plainError('ALREADY_COMMITTED')
    if (signed === undefined) throw plainError('UNSIGNED')
    await inStep('failed to commit block', () => this.#parts.committer.commit(signed, io))
    this.#slot = { ...this.#slot, committed: true }
  }

  /** May be repeated. @throws AppError UNCOMMITTED and others */
  publish(io: IoOptions): Promise<void> {
    return this.#queue.run(() => this.#publish(io))
  }

  async #publish(io: IoOptions): Promise<void> {
    const { signed, committed } = this.#slot
    if (committed !== true || signed === undefined) throw plainError('UNCOMMITTED')
    await inStep('failed to publish block', () => this.#parts.publisher.publish(signed, io))
    this.#slot = { ...this.#slot, published: true }
  }

  /** Takes the steps that remain, and empties the slot. An empty slot gets a block on the chain's head. */
  next(io: IoOptions): Promise<void> {
    return this.#queue.run(async () => {
      await unless(['ALREADY_SEALED', 'JOB_CONFLICT'], this.#newJob(HEAD, io))
      await unless(['ALREADY_SEALED'], this.#open(io))
      await unless(['ALREADY_SEALED'], this.#seal(io))
      await unless(['ALREADY_SIGNED'], this.#sign(io))
      await unless(['ALREADY_COMMITTED'], this.#commit(io))
      if (this.#slot.published !== true) await this.#publish(io)
      this.#slot = {}
    })
  }

  /**
   * Empties the slot, and has the chain sequenced by itself.
   * @param head what the caller takes for the chain's head
   * @throws AppError SEQUENCER_ACTIVE and others
   */
  start(head: Hash, io: IoOptions): Promise<void> {
    return this.#queue.run(async () => {
      const { sequencing, jobs } = this.#parts
      if (sequencing?.active === true) throw plainError('SEQUENCER_ACTIVE')
      const { job } = this.#slot
      this.#slot = {}
      if (job !== undefined) await jobs.close(job, io)
      if (sequencing === undefined) throw plainError('SEQUENCER_INACTIVE')
      await inStep('failed to start sequencing', () => sequencing.start(head, io))
    })
  }

  /** @returns the last block that was sequenced @throws AppError SEQUENCER_INACTIVE and others */
  stop(io: IoOptions): Promise<Hash> {
    return this.#queue.run(async () => {
      const { sequencing } = this.#parts
      if (sequencing === undefined || !sequencing.active) throw plainError('SEQUENCER_INACTIVE')
      return inStep('failed to stop sequencing', () => sequencing.stop(io))
    })
  }
}
