import type { Clock } from './clock.ts'

/** How long one sleep is at most, in milliseconds: what nobody wakes looks around once an hour. */
const LONGEST_MS = 3_600_000
/** Nobody sees it; made once, because what an abort makes by itself costs more than the wait. */
const WOKEN = new Error('woken')

/** Lets one waiter sleep until it is woken. Being woken is remembered until the next wait. */
export class Wakeup {
  #woken = false
  #end: () => void = () => undefined

  wake(): void {
    this.#woken = true
    this.#end()
  }

  /** Resolves when it is woken; never rejects. */
  async wait(): Promise<void> {
    if (!this.#woken) {
      await new Promise<void>((resolve) => {
        this.#end = resolve
      })
    }
    this.#woken = false
  }

  /** Resolves when it is woken, or when `ms` have passed; never rejects. */
  async waitAtMost(ms: number, clock: Clock): Promise<void> {
    if (!this.#woken && ms > 0) {
      const woken = new AbortController()
      this.#end = () => woken.abort(WOKEN)
      await clock.sleep(Math.min(ms, LONGEST_MS), { signal: woken.signal }).catch(() => undefined)
    }
    this.#woken = false
  }
}
