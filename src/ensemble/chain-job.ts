import { randomUUID } from 'node:crypto'
import type { JobId } from '../builder/service.ts'
import { AppError, isAppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { SerialQueue } from '../primitives/serial-queue.ts'
import { type EnsembleErrorCode, stepFailed } from './errors.ts'
import type { Builder, BuildJob, BuildOptions, BuiltBlock, ChainBuilding } from './ports.ts'

/**
 * A block of a hosted chain in the making. What is included before it is opened is forced into the block when it opens; what
 * comes afterwards is executed at once.
 */
class ChainJob implements BuildJob {
  readonly id: JobId = `job-${randomUUID()}`
  closed = false
  readonly #building: ChainBuilding
  readonly #options: BuildOptions & { readonly parent: Hash }
  readonly #queue = new SerialQueue()
  /** In the order in which they were handed in. */
  readonly #transactions: Uint8Array[] = []
  #open: JobId | undefined
  #built: BuiltBlock | undefined

  constructor(building: ChainBuilding, options: BuildOptions & { readonly parent: Hash }) {
    this.#building = building
    this.#options = options
  }

  open(io: IoOptions): Promise<void> {
    return this.#queue.run(async () => {
      if (this.#open !== undefined || this.#built !== undefined) return
      this.#open = await this.#building.open(this.#options, this.#transactions, io)
    })
  }

  includeTx(raw: Uint8Array, io: IoOptions): Promise<void> {
    return this.#queue.run(async () => {
      if (this.#built !== undefined) throw stepFailed('the block is sealed: it takes no more transactions')
      if (this.#open !== undefined) await this.#building.includeRaw(this.#open, raw, io)
      this.#transactions.push(raw)
    })
  }

  seal(io: IoOptions): Promise<BuiltBlock> {
    return this.#queue.run(async () => {
      if (this.#built !== undefined) return this.#built
      if (this.#open === undefined) {
        throw new AppError<EnsembleErrorCode>('BUILD_NOT_OPEN', {
          message: 'failed to seal payload: the block is not open',
        })
      }
      this.#built = await this.#building.seal(this.#open, io)
      return this.#built
    })
  }

  cancel(io: IoOptions): Promise<void> {
    return this.#queue.run(() => this.#end(io))
  }

  close(io: IoOptions): Promise<void> {
    return this.#queue.run(async () => {
      this.closed = true
      await this.#end(io)
    })
  }

  async #end(io: IoOptions): Promise<void> {
    const open = this.#open
    if (open === undefined || this.#built !== undefined) return
    this.#open = undefined
    await this.#building.cancel(open, io).catch((error: unknown) => {
      // It expired meanwhile.
      if (!isAppError(error, 'JOB_STATE') && !isAppError(error, 'JOB_UNKNOWN')) throw error
    })
  }
}

/** A builder of a hosted chain's blocks. */
export function chainBuilder(building: ChainBuilding): Builder {
  return {
    async newJob(options, io) {
      const parent = await building.settle(options, io)
      return new ChainJob(building, { ...options, parent })
    },
  }
}
