import type { Clock } from '../primitives/clock.ts'

/** How long one sleep is at most, in milliseconds: what nobody wakes looks around once an hour. */
const LONGEST_MS = 3_600_000

/** Lets one waiter sleep until a time or until it is woken. Being woken is remembered until the next wait. */
export class Wakeup {
  readonly #clock: Clock
  #woken = false
  #sleeping: AbortController | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  wake(): void {
    this.#woken = true
    this.#sleeping?.abort()
  }

  /** Resolves when it is woken, or when `ms` have passed; never rejects. */
  async wait(ms: number): Promise<void> {
    if (!this.#woken && ms > 0) {
      this.#sleeping = new AbortController()
      const { signal } = this.#sleeping
      await this.#clock.sleep(Math.min(ms, LONGEST_MS), { signal }).catch(() => undefined)
      this.#sleeping = undefined
    }
    this.#woken = false
  }
}
