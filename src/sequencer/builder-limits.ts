import { bothLimits, type DaLimits } from '../builder/da-limits.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { BlockAllowance } from './ports.ts'

/** An allowance as limits, in which 0 means that there is none. */
export function limitsOf({ maxTxBytes, maxBlockBytes }: BlockAllowance): DaLimits {
  // Where nothing is left, 1 is as good: no transaction is that small.
  const limit = (bytes: bigint | undefined): bigint => (bytes === undefined ? 0n : bytes > 1n ? bytes : 1n)
  return { transaction: limit(maxTxBytes), block: limit(maxBlockBytes) }
}

/** Tells a builder its limits. @returns whether it can be told */
export type TellBuilder = (limits: DaLimits, io: IoOptions) => Promise<boolean>

/** What limiting somebody else's builder takes. */
export interface BuilderLimitsContext {
  readonly tell: TellBuilder
  /** What a batcher asks of this process. */
  readonly throttle: { readonly limits: DaLimits }
  /** Told once in a row: the builder cannot be told. */
  readonly onDeaf: () => void
}

/**
 * Has an engine's builder obey what a batcher asks of this process, and what a block is allowed. Says it before every block: a
 * builder that is started again has forgotten it. Says nothing where there is nothing to limit, since a batcher may speak to
 * the builder itself.
 */
export class EngineBuilderLimits {
  readonly #context: BuilderLimitsContext
  /** Whether the builder's limits are what this process has set. */
  #imposed = false
  #deaf = false

  constructor(context: BuilderLimitsContext) {
    this.#context = context
  }

  /** @throws AppError what reaching the builder throws */
  async set(allowance: BlockAllowance, io: IoOptions): Promise<void> {
    const { tell, throttle, onDeaf } = this.#context
    const limits = bothLimits(throttle.limits, limitsOf(allowance))
    const limited = limits.transaction > 0n || limits.block > 0n
    if (!limited && !this.#imposed) return
    const heard = await tell(limits, io)
    if (!heard && !this.#deaf) onDeaf()
    this.#deaf = !heard
    this.#imposed = limited && heard
  }
}
