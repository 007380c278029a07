/** What of a {@link DaBucket} outlives the process. */
export interface DaBucketState {
  /** Bytes that may be taken now; below zero where more was taken than there was. */
  readonly level: number
  /** Milliseconds since the epoch, of that level. */
  readonly at: number
}

/**
 * A token bucket of bytes: a rate fills it, blocks empty it, and what idle time saves is bounded. What may be taken between
 * two moments is never more than the level of the first and what the rate gives in between.
 */
export class DaBucket {
  readonly #burst: number
  #rate: number
  #level: number
  #at: number

  /**
   * @param rate bytes per second
   * @param burst bytes: the most that can be saved, and the most that can be owed
   */
  constructor(rate: number, burst: number, { level, at }: DaBucketState) {
    this.#rate = rate
    this.#burst = burst
    this.#level = Math.max(-burst, Math.min(burst, level))
    this.#at = at
  }

  /** Bytes per second. */
  get rate(): number {
    return this.#rate
  }

  /** From now on. @param now milliseconds since the epoch */
  setRate(rate: number, now: number): void {
    this.#fill(now)
    this.#rate = rate
  }

  /** @param now milliseconds since the epoch */
  state(now: number): DaBucketState {
    this.#fill(now)
    return { level: this.#level, at: this.#at }
  }

  /** Takes bytes, also those that are not there: they are owed then. @param now milliseconds since the epoch */
  take(bytes: number, now: number): void {
    this.#fill(now)
    this.#level = Math.max(-this.#burst, this.#level - bytes)
  }

  #fill(now: number): void {
    // A clock that was set back gives nothing twice.
    const elapsed = Math.max(0, now - this.#at)
    this.#level = Math.min(this.#burst, this.#level + (this.#rate * elapsed) / 1000)
    this.#at = Math.max(now, this.#at)
  }
}
