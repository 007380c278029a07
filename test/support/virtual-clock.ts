import type { Clock } from '../../src/primitives/clock.ts'

interface Sleeper {
  readonly due: number
  readonly wake: () => void
}

/** A clock that stands still until a test moves it. */
export class VirtualClock implements Clock {
  #now: number
  #sleepers: Sleeper[] = []

  constructor(now = 0) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  sleep(ms: number, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = options
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error)
      this.#sleepers.push({ due: this.#now + ms, wake: resolve })
      signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    })
  }

  /** Moves on, waking sleepers in the order in which they are due, and lets what they start run. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      await settle()
      const next = this.#sleepers.sort((a, b) => a.due - b.due)[0]
      if (next === undefined || next.due > end) break
      this.#sleepers.shift()
      this.#now = Math.max(this.#now, next.due)
      next.wake()
    }
    this.#now = end
    await settle()
  }
}

/** Lets everything run that is ready to. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}
