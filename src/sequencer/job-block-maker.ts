import type { DaLimits } from '../builder/da-limits.ts'
import type { BlockBuilderService, DeliverableBlock, JobId, OpenOptions } from '../builder/service.ts'
import type { Clock } from '../primitives/clock.ts'
import { isAppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import { Wakeup } from '../primitives/wakeup.ts'
import { limitsOf } from './builder-limits.ts'
import type { BlockInMaking, BlockMaker, BlockPlan } from './ports.ts'

/** As much of a builder as blocks of this maker need. */
export interface JobBuilder extends Pick<BlockBuilderService<OpenOptions>, 'open' | 'seal' | 'cancel'> {
  /** Includes what the pool has, best first, until none of it can be included or the signal is aborted. @returns how many */
  includeAll(jobId: JobId, io: IoOptions, limits: DaLimits): Promise<number>
  /** Lists a finished job no longer. */
  forget(jobId: JobId): void
}

/** Tells when a transaction has come that a block could hold. @returns ends it */
export type Arrivals = (listener: () => void) => () => void

/** What blocks are made with. */
export interface JobBlockMakerContext {
  readonly builder: () => JobBuilder
  readonly arrivals: Arrivals
  readonly clock: Clock
}

/** How long a block that is late takes from the pool, in milliseconds. */
const LATE_FILL_MS = 100
/** Between two looks into the pool at least, in milliseconds: what came meanwhile is looked at together. */
const GATHER_MS = 50
/** Between two looks into the pool at most: room can come of more than arrivals. */
const LOOK_MS = 500

/** Makes blocks by jobs of this process, like those of `test_open`. */
export class JobBlockMaker implements BlockMaker {
  readonly #context: JobBlockMakerContext

  constructor(context: JobBlockMakerContext) {
    this.#context = context
  }

  async begin(plan: BlockPlan, io: IoOptions): Promise<BlockInMaking> {
    const { parent, l1Origin, timestamp } = plan
    const jobId = await this.#context.builder().open({ l2Parent: parent.hash, l1Origin: l1Origin.hash, timestamp }, io)
    return new FillingJob(jobId, plan, this.#context)
  }
}

/** A job that takes what the pool has, and what comes in meanwhile. */
class FillingJob implements BlockInMaking {
  readonly #jobId: JobId
  readonly #builder: JobBuilder
  readonly #clock: Clock
  readonly #limits: DaLimits
  readonly #arrived = new Wakeup()
  readonly #stop = new AbortController()
  readonly #isLate: boolean
  readonly #filled: Promise<void>
  #failure: unknown

  constructor(jobId: JobId, plan: BlockPlan, { builder, arrivals, clock }: JobBlockMakerContext) {
    this.#jobId = jobId
    this.#builder = builder()
    this.#clock = clock
    this.#limits = limitsOf(plan.allowance)
    this.#isLate = plan.fillUntil <= clock.now()
    this.#filled = plan.noTxPool ? Promise.resolve() : this.#fill(arrivals)
  }

  /** Fills until it is stopped; what fails is told to whoever seals. */
  async #fill(arrivals: Arrivals): Promise<void> {
    const { signal } = this.#stop
    const end = arrivals(() => this.#arrived.wake())
    try {
      while (!signal.aborted) {
        await this.#builder.includeAll(this.#jobId, { signal }, this.#limits)
        if (this.#isLate) return
        await this.#clock.sleep(GATHER_MS, { signal })
        await this.#arrived.waitAtMost(LOOK_MS, this.#clock)
      }
    } catch (error) {
      if (!signal.aborted) this.#failure = error
    } finally {
      end()
    }
  }

  async #end(): Promise<void> {
    this.#stop.abort()
    this.#arrived.wake()
    await this.#filled
  }

  async seal(io: IoOptions): Promise<DeliverableBlock> {
    if (this.#isLate) {
      const enough = new AbortController()
      const patience = this.#clock.sleep(LATE_FILL_MS, { signal: enough.signal }).catch(() => undefined)
      await Promise.race([this.#filled, patience])
      enough.abort()
    }
    await this.#end()
    if (this.#failure !== undefined) throw this.#failure
    const block = await this.#builder.seal(this.#jobId, { commit: false, publish: false }, io)
    this.#builder.forget(this.#jobId)
    return block
  }

  async cancel(): Promise<void> {
    await this.#end()
    try {
      await this.#builder.cancel(this.#jobId, {})
    } catch (error) {
      // Somebody else has cancelled it, or it is sealed.
      if (!isAppError(error, 'JOB_UNKNOWN') && !isAppError(error, 'JOB_STATE')) throw error
    }
    this.#builder.forget(this.#jobId)
  }
}
