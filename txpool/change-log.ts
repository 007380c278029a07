/** How many changes are remembered at least. */
const LEAST = 4_096

/** What has changed, for readers that come by from time to time. */
export class ChangeLog<T> {
  readonly #limit: () => number
  #items: T[] = []
  /** Changes that are not remembered any more. */
  #forgotten = 0

  /** @param limit as many as it is worth to remember: whoever missed more reads everything anew */
  constructor(limit: () => number) {
    this.#limit = limit
  }

  /** Changes so far. */
  get count(): number {
    return this.#forgotten + this.#items.length
  }

  /** How many changes are remembered at most. */
  get kept(): number {
    return Math.max(LEAST, this.#limit())
  }

  add(item: T): void {
    // The same one once more tells nothing new to who has seen neither, but who has seen the first must hear of it.
    this.#items.push(item)
    if (this.#items.length <= 2 * this.kept) return
    const gone = this.#items.length - this.kept
    this.#items = this.#items.slice(gone)
    this.#forgotten += gone
  }

  /** Makes every reader read everything anew. */
  forgetAll(): void {
    this.#forgotten += this.#items.length + 1
    this.#items = []
  }

  /** What has changed after so many changes, each once; undefined where that is not remembered. */
  since(count: number): ReadonlySet<T> | undefined {
    if (count < this.#forgotten) return undefined
    return new Set(count === this.count ? [] : this.#items.slice(count - this.#forgotten))
  }
}
