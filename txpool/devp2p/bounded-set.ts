/** A set that forgets its oldest members beyond a bound. */
export class BoundedSet<T> {
  readonly #max: number
  readonly #values = new Set<T>()

  /** @param max members that it keeps */
  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#values.size
  }

  has(value: T): boolean {
    return this.#values.has(value)
  }

  add(value: T): void {
    this.#values.add(value)
    for (const oldest of this.#values) {
      if (this.#values.size <= this.#max) return
      this.#values.delete(oldest)
    }
  }

  /** Takes out up to `count` of the oldest. */
  take(count: number): T[] {
    const taken: T[] = []
    for (const value of this.#values) {
      if (taken.length === count) break
      taken.push(value)
      this.#values.delete(value)
    }
    return taken
  }
}
