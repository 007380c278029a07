import { setTimeout as delay } from 'node:timers/promises'
import type { Hash } from '../../../src/primitives/hex.ts'

/** A head, as somebody tells it. */
export interface LoggedHead {
  readonly number: number
  readonly hash: Hash
}

/** Every head that was seen, while whoever tells it may be away for a time. */
export class ChainLog implements AsyncDisposable {
  readonly #head: () => Promise<LoggedHead>
  readonly #seen = new Map<number, Set<Hash>>()
  readonly #end = new AbortController()
  readonly #running: Promise<void>

  /** @param head what fails counts as «away» */
  constructor(head: () => Promise<LoggedHead>) {
    this.#head = head
    this.#running = this.#run()
  }

  async #run(): Promise<void> {
    while (!this.#end.signal.aborted) {
      const head = await this.#head().catch(() => undefined)
      if (head !== undefined) this.#seen.set(head.number, (this.#seen.get(head.number) ?? new Set()).add(head.hash))
      await delay(25)
    }
  }

  /** How many heights were seen. */
  get heights(): number {
    return this.#seen.size
  }

  /** Stops looking. @returns heights at which there was another head than the one on the chain in the end */
  async replaced(hashOf: (number: number) => Promise<Hash>): Promise<readonly number[]> {
    this.#end.abort()
    await this.#running
    const wrong: number[] = []
    for (const [number, hashes] of this.#seen) {
      if (hashes.size > 1 || !hashes.has(await hashOf(number))) wrong.push(number)
    }
    return wrong
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort()
    await this.#running
  }
}
