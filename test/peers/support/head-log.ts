import { setTimeout as delay } from 'node:timers/promises'
import type { Hash } from '../../../src/primitives/hex.ts'
import type { GethProcess } from './geth-process.ts'

/** Every head that an execution layer has had, as far as looking often enough shows. */
export class HeadLog implements AsyncDisposable {
  readonly #el: GethProcess
  readonly #seen = new Map<number, Set<Hash>>()
  readonly #end = new AbortController()
  readonly #running: Promise<void>

  constructor(el: GethProcess) {
    this.#el = el
    this.#running = this.#run()
  }

  async #run(): Promise<void> {
    while (!this.#end.signal.aborted) {
      const { number, hash } = await this.#el.block('latest')
      const hashes = this.#seen.get(Number(number)) ?? new Set()
      this.#seen.set(Number(number), hashes.add(hash))
      await delay(30)
    }
  }

  /** Heights at which there was more than one head, or whose head is not on the chain (any more). */
  async replaced(): Promise<readonly number[]> {
    const wrong: number[] = []
    for (const [number, hashes] of this.#seen) {
      const { hash } = await this.#el.block(number)
      if (hashes.size > 1 || !hashes.has(hash)) wrong.push(number)
    }
    return wrong
  }

  /** Stops looking. @throws what went wrong with it */
  async stop(): Promise<void> {
    this.#end.abort()
    await this.#running
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => undefined)
  }
}
