import type { Clock } from '../../src/primitives/clock.ts'
import { errorMessage } from '../../src/primitives/errors.ts'
import { type Hash, isData } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import type { OfferedTransactions, TakingPool } from './offered-transactions.ts'

/** What a {@link ContentSource} is made of. */
export interface ContentSourceOptions {
  /** A node's `txpool_content`, as it came. @throws AppError where the node does not answer it */
  readonly read: (io: IoOptions) => Promise<unknown>
  readonly offered: Pick<OfferedTransactions, 'offer'>
  readonly pool: Pick<TakingPool, 'get'>
  readonly clock: Clock
  readonly intervalMs: number
  /** Told in words why the node's pool cannot be read; with undefined that it can again. */
  readonly onTrouble: (trouble: string | undefined) => void
}

/** Transactions of one answer that are looked at. */
const MAX_TRANSACTIONS = 20_000

function* valuesOf(value: unknown): Generator<unknown, void, undefined> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) yield* Object.values(value)
}

/** The transactions of a `txpool_content`, whatever it is: each sender's by rising nonce, the executable ones first. */
function* transactionsOf(content: unknown): Generator<unknown, void, undefined> {
  if (typeof content !== 'object' || content === null) return
  const { pending, queued } = content as Readonly<Record<string, unknown>>
  // Keys that are numbers come in their order.
  for (const part of [pending, queued]) for (const byNonce of valuesOf(part)) yield* valuesOf(byNonce)
}

/**
 * Reads a node's pool from time to time: what was there before, and what a subscription missed. What vanishes there stays here:
 * whether it was mined is told by the chain, and why else a node gave it up is its own affair.
 */
export class ContentSource {
  readonly stats = {
    /** Answers that were read. */
    reads: 0,
    /** Beyond what is looked at in one answer. */
    ignored: 0,
    /** Gone there, and still here. */
    vanished: 0,
  }
  readonly #options: ContentSourceOptions
  #before: ReadonlySet<Hash> = new Set()
  #trouble: string | undefined

  constructor(options: ContentSourceOptions) {
    this.#options = options
  }

  /** Reads until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { read, clock, intervalMs } = this.#options
    while (!signal.aborted) {
      try {
        this.#take(await read({ signal }))
        this.#tell(undefined)
      } catch (error) {
        if (signal.aborted) return
        this.#tell(errorMessage(error))
      }
      await clock.sleep(intervalMs, { signal }).catch(() => undefined)
    }
  }

  #take(content: unknown): void {
    const { offered, pool } = this.#options
    const now = new Set<Hash>()
    let count = 0
    for (const transaction of transactionsOf(content)) {
      if (++count > MAX_TRANSACTIONS) {
        this.stats.ignored++
        continue
      }
      const { hash } = (transaction ?? {}) as { readonly hash?: unknown }
      if (isData(hash, 32)) now.add(hash.toLowerCase() as Hash)
      offered.offer(transaction)
    }
    for (const hash of this.#before) if (!now.has(hash) && pool.get(hash) !== undefined) this.stats.vanished++
    this.#before = now
    this.stats.reads++
  }

  #tell(trouble: string | undefined): void {
    if (trouble === this.#trouble) return
    this.#trouble = trouble
    this.#options.onTrouble(trouble)
  }
}
