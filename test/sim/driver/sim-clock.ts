import type { Clock } from '../../../src/primitives/clock.ts'

interface Timer {
  readonly due: number
  readonly act: () => void
}

/** Macrotasks after each timer: whoever gives way to others in the middle of its work goes on within them. */
const TURNS = 3

/**
 * Virtual time: it goes on only where nothing else is left to do, from one timer to the next, in an order that is always the same.
 */
export class SimClock implements Clock {
  #now: number
  /** By rising time; those of the same time in the order in which they were set. */
  readonly #timers: Timer[] = []

  /** @param now milliseconds since the epoch */
  constructor(now: number) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  sleep(ms: number, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    if (signal === undefined) return new Promise((resolve) => this.at(this.#now + ms, resolve))
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error)
      const onAbort = (): void => {
        this.#timers.splice(this.#timers.indexOf(timer), 1)
        reject(signal.reason as Error)
      }
      const timer = this.at(this.#now + ms, () => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      })
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }

  /** Has something done at a time: now, where it has passed. */
  at(due: number, act: () => void): Timer {
    const timer: Timer = { due: Math.max(due, this.#now), act }
    let place = this.#timers.length
    while (place > 0 && (this.#timers[place - 1] as Timer).due > timer.due) place--
    this.#timers.splice(place, 0, timer)
    return timer
  }

  /** Lets everything happen up to a time. */
  async runUntil(end: number): Promise<void> {
    await settle()
    for (let next = this.#timers[0]; next !== undefined && next.due <= end; next = this.#timers[0]) {
      this.#timers.shift()
      this.#now = next.due
      next.act()
      await settle()
    }
    this.#now = end
  }
}

/** Lets everything run that is ready to. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}
