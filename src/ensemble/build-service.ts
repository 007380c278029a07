import { LRUCache } from 'lru-cache'
import { AppError, isAppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import { type EnsembleErrorCode, inStep, plainError, stepFailed } from './errors.ts'
import type { Builder, BuildJob, BuildOptions, BuiltBlock } from './ports.ts'

/** Jobs that nobody closes; the oldest are closed when there are more. */
const MAX_JOBS = 1000

/** All builders, and the jobs that they were asked for, by id: what `build_*` does. */
export class BuildService {
  readonly #builders: ReadonlyMap<string, Builder>
  readonly #jobs: LRUCache<string, BuildJob>

  /** @param onFailure told of an abandoned job that could not be ended */
  constructor(builders: ReadonlyMap<string, Builder>, onFailure: (error: unknown) => void) {
    this.#builders = builders
    this.#jobs = new LRUCache({
      max: MAX_JOBS,
      dispose: (job, _id, reason) => {
        if (reason === 'evict') job.close({}).catch(onFailure)
      },
    })
  }

  #job(id: string): BuildJob {
    const job = this.#jobs.get(id)
    if (job === undefined) throw plainError('JOB_UNKNOWN')
    return job
  }

  /** @throws AppError BUILDER_UNKNOWN, NEW_FAILED */
  async newJob(builderId: string, options: BuildOptions, io: IoOptions): Promise<BuildJob> {
    const builder = this.#builders.get(builderId)
    if (builder === undefined) throw plainError('BUILDER_UNKNOWN')
    try {
      return await this.register(builder, options, io)
    } catch (error) {
      if (!isAppError(error)) throw error
      const { message, code, data, severity } = error
      throw new AppError<EnsembleErrorCode>('NEW_FAILED', {
        message,
        severity,
        data: { reason: code, ...data },
        cause: error,
      })
    }
  }

  /** A new job, which can be found by its id from now on. @throws AppError what the builder throws */
  async register(builder: Builder, options: BuildOptions, io: IoOptions): Promise<BuildJob> {
    const job = await builder.newJob(options, io)
    this.#jobs.set(job.id, job)
    return job
  }

  /** @throws AppError JOB_UNKNOWN and others */
  open(id: string, io: IoOptions): Promise<void> {
    const job = this.#job(id)
    return inStep('failed to open block', () => job.open(io))
  }

  /** @throws AppError JOB_UNKNOWN, BUILD_NOT_OPEN and others */
  seal(id: string, io: IoOptions): Promise<BuiltBlock> {
    const job = this.#job(id)
    return inStep('failed to seal block', () => job.seal(io))
  }

  /** @throws AppError JOB_UNKNOWN */
  cancel(id: string, io: IoOptions): Promise<void> {
    const job = this.#job(id)
    return inStep('failed to cancel block', () => job.cancel(io))
  }

  /** @throws AppError JOB_UNKNOWN */
  closeJob(id: string, io: IoOptions): Promise<void> {
    const job = this.#job(id)
    return inStep('failed to close job', () => this.close(job, io))
  }

  /** Ends a job, which is unknown from then on. */
  async close(job: BuildJob, io: IoOptions): Promise<void> {
    this.#jobs.delete(job.id)
    await job.close(io)
  }
}

/** A builder that builds nothing. */
export const noopBuilder: Builder = {
  async newJob() {
    return new NoopJob()
  },
}

class NoopJob implements BuildJob {
  readonly id = `job-${crypto.randomUUID()}`
  closed = false

  async open(): Promise<void> {
    // Nothing to build.
  }

  async seal(): Promise<BuiltBlock> {
    throw stepFailed('no building supported')
  }

  async cancel(): Promise<void> {
    // Nothing to end.
  }

  async includeTx(): Promise<void> {
    throw stepFailed('not supported')
  }

  async close(): Promise<void> {
    this.closed = true
  }
}
