import type { Clock } from '../src/primitives/clock.ts'
import type { IoOptions } from '../src/primitives/io.ts'
import { RateLimit } from '../src/primitives/rate-limit.ts'

/** How much may pass. */
export interface CostLimits {
  /** Cost that becomes free each second. */
  readonly perSecond: number
  /** Cost that may pass at once after a pause. */
  readonly burst: number
  /** Milliseconds that a caller waits at most. */
  readonly maxWaitMs: number
}

/** Callers wait until what they cost is free, first come, first served. */
export class CostLimiter {
  readonly #limit: RateLimit
  readonly #maxWaitMs: number

  constructor({ perSecond, burst, maxWaitMs }: CostLimits, clock: Clock) {
    this.#limit = new RateLimit(clock, perSecond, burst)
    this.#maxWaitMs = maxWaitMs
  }

  /** Waits for a cost to be free. @returns whether it is: not where that takes too long, or the caller has gone */
  async pass(cost: number, io: IoOptions): Promise<boolean> {
    try {
      return await this.#limit.wait(this.#maxWaitMs, io, cost)
    } catch {
      // Nobody waits any more: the next one need not, either.
      this.#limit.charge(-cost)
      return false
    }
  }
}
