const FIRST_MS = 250
const LONGEST_MS = 15_000

/** When to try again what has failed: each time after twice as long. Times in milliseconds. */
export class Backoff {
  #failures = 0
  #at = 0

  /** When it may be tried again. */
  get at(): number {
    return this.#at
  }

  /** How often it has failed in a row. */
  get failures(): number {
    return this.#failures
  }

  isDue(now: number): boolean {
    return now >= this.#at
  }

  failed(now: number): void {
    this.#at = now + Math.min(FIRST_MS * 2 ** this.#failures, LONGEST_MS)
    this.#failures++
  }

  /** It went well: it is done again at once, or after a while. */
  succeeded(now: number, againAfterMs: number = 0): void {
    this.#failures = 0
    this.#at = now + againAfterMs
  }
}
