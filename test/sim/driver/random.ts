/** Random numbers that follow from a seed and a name alone. */
export class Random {
  #state: number

  /** @param keys what it is for: other keys give numbers that have nothing to do with these */
  constructor(seed: number, ...keys: readonly (string | number)[]) {
    let hash = Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) ^ (seed / 0x1_0000_0000)
    for (const key of keys) for (const char of `/${key}`) hash = Math.imul(hash ^ char.charCodeAt(0), 0x0100_0193)
    this.#state = hash | 0
    this.next()
  }

  /** 32 bits. @see mulberry32 */
  next(): number {
    this.#state = (this.#state + 0x6d2b_79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (mixed ^ (mixed >>> 14)) >>> 0
  }

  /** From 0 to `end - 1`. */
  below(end: number): number {
    return this.next() % end
  }

  /** From `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  chance(probability: number): boolean {
    return this.next() / 0x1_0000_0000 < probability
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T
  }

  /** Small numbers often, `most` rarely. */
  few(most: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) ** 3 * (most + 1))
  }
}
