import type { Clock } from '../../src/primitives/clock.ts'
import type { Hash } from '../../src/primitives/hex.ts'
import type { SignedTransaction } from '../../src/protocol/transaction.ts'
import type { Relay } from './relay.ts'

/** What sending again takes. */
export interface ResenderOptions {
  readonly pool: { all(): Iterable<SignedTransaction> }
  readonly relays: readonly Pick<Relay, 'offer'>[]
  readonly clock: Clock
  /** Milliseconds between two looks into the pool. */
  readonly intervalMs: number
}

/**
 * Sends transactions again that still wait: a node that was started again has forgotten them, and nodes do not tell.
 * @see geth, core/txpool/locals: what it does with those of its own users
 */
export class Resender {
  readonly #options: ResenderOptions
  /** What waited when the pool was looked at last. */
  #waiting = new Set<Hash>()

  constructor(options: ResenderOptions) {
    this.#options = options
  }

  /** Works until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, intervalMs } = this.#options
    while (!signal.aborted) {
      this.#look()
      await clock.sleep(intervalMs, { signal }).catch(() => undefined)
    }
  }

  #look(): void {
    const { pool, relays } = this.#options
    const waiting = new Set<Hash>()
    for (const { hash, raw } of pool.all()) {
      waiting.add(hash)
      if (this.#waiting.has(hash)) for (const relay of relays) relay.offer(raw)
    }
    this.#waiting = waiting
  }
}
