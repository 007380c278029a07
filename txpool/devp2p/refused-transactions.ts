import type { Clock } from '../../src/primitives/clock.ts'
import type { Hash } from '../../src/primitives/hex.ts'

/** geth's bound, and how long it does not fetch again what was too cheap, in milliseconds. */
const MAX_REFUSED = 32_768
const TOO_CHEAP_MS = 300_000
/** What else is wrong may soon be right: a balance, a nonce. */
const REFUSED_MS = 10_000

/** Transactions that the pool has refused, which are not fetched again for a while. */
export class RefusedTransactions {
  readonly #clock: Pick<Clock, 'now'>
  /** Until when, in milliseconds; oldest first. */
  readonly #until = new Map<Hash, number>()

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  /** @param message the pool's, in geth's words */
  add(hash: Hash, message: string): void {
    const tooCheap = message.includes('underpriced') || message.startsWith('transaction gas price below minimum')
    this.#until.delete(hash)
    this.#until.set(hash, this.#clock.now() + (tooCheap ? TOO_CHEAP_MS : REFUSED_MS))
    for (const oldest of this.#until.keys()) {
      if (this.#until.size <= MAX_REFUSED) return
      this.#until.delete(oldest)
    }
  }

  has(hash: Hash): boolean {
    const until = this.#until.get(hash)
    if (until === undefined) return false
    if (until > this.#clock.now()) return true
    this.#until.delete(hash)
    return false
  }
}
