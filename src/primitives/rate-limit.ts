import type { Clock } from './clock.ts'
import type { IoOptions } from './io.ts'

/** So many at once, and then so many with each second, like golang.org/x/time/rate: who comes takes its turn, and waits for it. */
export class RateLimit {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #at: number

  constructor(clock: Clock, perSecond: number, burst: number) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
    this.#at = clock.now()
  }

  #refill(): void {
    const now = this.#clock.now()
    this.#tokens = Math.min(this.#burst, this.#tokens + (Math.max(0, now - this.#at) / 1000) * this.#perSecond)
    this.#at = now
  }

  /** Takes some where they are there at once. @returns whether they were */
  spend(count = 1): boolean {
    this.#refill()
    if (this.#tokens < count) return false
    this.#tokens -= count
    return true
  }

  /** Takes some whether they are there or not. */
  charge(count: number): void {
    this.#refill()
    this.#tokens -= count
  }

  /**
   * Takes some, and waits until they would have been there.
   * @param limitMs the longest wait
   * @returns false where that would take longer; nothing is taken then
   */
  async wait(limitMs: number, io: IoOptions, count = 1): Promise<boolean> {
    this.#refill()
    const delay = Math.max(0, ((count - this.#tokens) / this.#perSecond) * 1000)
    if (delay > limitMs) return false
    this.#tokens -= count
    if (delay > 0) await this.#clock.sleep(delay, io)
    return true
  }
}
