/**
 * Runs tasks one at a time, in the order they were handed in. A failed task fails its own promise only. This is how a
 * piece of state gets its single writer.
 */
export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve()
  #length = 0

  /** Tasks handed in and not yet finished. */
  get length(): number {
    return this.#length
  }

  /** Hands in a task; resolves or rejects as the task does. */
  run<T>(task: () => Promise<T> | T): Promise<T> {
    this.#length++
    const result = this.#tail.then(task)
    this.#tail = result.then(
      () => this.#length--,
      () => this.#length--,
    )
    return result
  }

  /** Resolves when every task handed in so far has finished. */
  async idle(): Promise<void> {
    await this.#tail
  }
}
