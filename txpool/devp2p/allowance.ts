import type { Clock } from '../../src/primitives/clock.ts'

/** How much of something is allowed: so much at once, and then so much with time. */
export class Allowance {
  readonly #clock: Pick<Clock, 'now'>
  readonly #atOnce: number
  readonly #perSecond: number
  #left: number
  #at: number

  constructor(clock: Pick<Clock, 'now'>, atOnce: number, perSecond: number) {
    this.#clock = clock
    this.#atOnce = atOnce
    this.#perSecond = perSecond
    this.#left = atOnce
    this.#at = clock.now()
  }

  /** Takes some. @returns false when there was not enough, and takes nothing then */
  spend(amount: number): boolean {
    const now = this.#clock.now()
    this.#left = Math.min(this.#atOnce, this.#left + (Math.max(0, now - this.#at) / 1000) * this.#perSecond)
    this.#at = now
    if (amount > this.#left) return false
    this.#left -= amount
    return true
  }
}
