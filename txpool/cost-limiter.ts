import type { Clock } from '../src/primitives/clock.ts'
import type { IoOptions } from '../src/primitives/io.ts'

/** How much may pass. */
export interface CostLimits {
  /** Cost that becomes free each second. */
  readonly perSecond: number
  /** Cost that may pass at once after a pause. */
  readonly burst: number
  /** Milliseconds that a caller waits at most. */
  readonly maxWaitMs: number
}

/** A token bucket: callers wait until what they cost is free, first come, first served. */
export class CostLimiter {
  readonly #limits: CostLimits
  readonly #clock: Clock
  /** Negative while callers wait. */
  #free: number
  #at: number

  constructor(limits: CostLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
    this.#free = limits.burst
    this.#at = clock.now()
  }

  /** Waits for a cost to be free. @returns whether it is: not where that takes too long, or the caller has gone */
  async pass(cost: number, { signal }: IoOptions): Promise<boolean> {
    const { perSecond, burst, maxWaitMs } = this.#limits
    const now = this.#clock.now()
    this.#free = Math.min(burst, this.#free + (Math.max(0, now - this.#at) * perSecond) / 1000)
    this.#at = now
    const missing = cost - this.#free
    const waitMs = (missing * 1000) / perSecond
    if (waitMs > maxWaitMs) return false
    this.#free -= cost
    if (missing <= 0) return true
    try {
      await this.#clock.sleep(waitMs, signal === undefined ? {} : { signal })
      return true
    } catch {
      // Nobody waits any more: the next one need not, either.
      this.#free += cost
      return false
    }
  }
}
