/**
 * Signals that end alone or all together. `AbortSignal.any` on a signal that lives as long as the process would keep
 * something of every request that ever was; this keeps only those that are open.
 */
export class SignalGroup {
  readonly #open = new Set<AbortController>()
  #aborted = false

  /** How many are open. */
  get size(): number {
    return this.#open.size
  }

  /** A new member; aborted at once when the group is. */
  open(): AbortController {
    const controller = new AbortController()
    if (this.#aborted) controller.abort()
    else this.#open.add(controller)
    return controller
  }

  /** Forgets a member whose work is done. */
  release(controller: AbortController): void {
    this.#open.delete(controller)
  }

  /** Aborts every member, and every later one. */
  abort(): void {
    this.#aborted = true
    for (const controller of this.#open) controller.abort()
    this.#open.clear()
  }
}
