/** Bounds of a measured rate. */
export interface DaThroughputOptions {
  /** Bytes per second: never less. */
  readonly floor: number
  /** Bytes per second: never more. */
  readonly ceiling: number
  /** Bytes that may wait for L1 before its throughput counts as what limits the chain. */
  readonly backlog: number
  /** Milliseconds over which progress is measured, at least. */
  readonly windowMs: number
}

/** What is asked while too much waits, of what L1 achieved: the backlog must shrink, the sooner the more there is of it. */
const RELIEF = 0.9
const STRONG_RELIEF = 0.6
/** By how much the backlog exceeds its bound where the stronger one is due. */
const FAR_BEHIND = 2
/** How the rate rises while L1 keeps up: while less than half of the bound waits. */
const PROBE = 1.1
/** Windows without a new safe block after which L1 counts as standing still. */
const PATIENCE = 10

/**
 * How many bytes a second reach L1, as the progress of the safe head shows it: a block is safe when its batch is on L1 and
 * derived. While more than a bound waits, that progress is all that L1 (and the batcher) can do, and the rate goes below it.
 * While little waits, nothing says how much more it could do, so the rate rises step by step.
 */
export class DaThroughput {
  readonly #options: DaThroughputOptions
  /** Blocks that are not safe, oldest first. */
  #waiting: { readonly number: bigint; readonly bytes: number }[] = []
  #backlog = 0
  #rate: number
  /** What became safe in this window. */
  #achieved = 0
  /** The least that waited in this window. */
  #least = Number.POSITIVE_INFINITY
  #since: number | undefined

  /** @param rate bytes per second to begin with */
  constructor(options: DaThroughputOptions, rate: number) {
    this.#options = options
    this.#rate = this.#bounded(rate)
  }

  /** Bytes per second. */
  get rate(): number {
    return this.#rate
  }

  /** Bytes of blocks that are not safe. */
  get backlog(): number {
    return this.#backlog
  }

  /** A block became the head. */
  built(number: bigint, bytes: number): void {
    // Those from its height on are not on the chain any more.
    while ((this.#waiting.at(-1)?.number ?? -1n) >= number) this.#backlog -= this.#waiting.pop()?.bytes ?? 0
    this.#waiting.push({ number, bytes })
    this.#backlog += bytes
  }

  /** The safe head was looked at. @param now milliseconds since the epoch @returns the rate from now on */
  safe(number: bigint, now: number): number {
    let settled = 0
    while (settled < this.#waiting.length && (this.#waiting[settled]?.number ?? 0n) <= number) {
      const bytes = this.#waiting[settled++]?.bytes ?? 0
      this.#achieved += bytes
      this.#backlog -= bytes
    }
    this.#waiting.splice(0, settled)
    this.#least = Math.min(this.#least, this.#backlog)
    if (this.#since === undefined) this.#begin(now)
    const elapsed = now - (this.#since ?? now)
    // Batches come in lumps: a window ends with one, so that it holds whole ones only.
    const { windowMs } = this.#options
    const over = elapsed >= windowMs && (settled > 0 || this.#backlog === 0 || elapsed >= PATIENCE * windowMs)
    if (over) {
      this.#rate = this.#bounded(this.#measured((this.#achieved * 1000) / elapsed))
      this.#begin(now)
    }
    return this.#rate
  }

  /** @param achieved bytes per second that became safe */
  #measured(achieved: number): number {
    const { backlog } = this.#options
    if (this.#least > FAR_BEHIND * backlog) return achieved * STRONG_RELIEF
    if (this.#least > backlog) return achieved * RELIEF
    return this.#least > backlog / 2 ? this.#rate : this.#rate * PROBE
  }

  #begin(now: number): void {
    this.#since = now
    this.#achieved = 0
    this.#least = this.#backlog
  }

  #bounded(rate: number): number {
    return Math.min(this.#options.ceiling, Math.max(this.#options.floor, rate))
  }
}
