import type { Clock } from '../src/primitives/clock.ts'
import { type AppError, errorMessage, isAppError } from '../src/primitives/errors.ts'
import type { Hash } from '../src/primitives/hex.ts'
import type { IoOptions } from '../src/primitives/io.ts'
import type { SignedTransaction } from '../src/protocol/transaction.ts'
import type { Journal } from './journal.ts'

/** A transaction as it is written down. */
type Journaled = Pick<SignedTransaction, 'raw'>

/** The pool as its journal sees it. */
interface JournalPool {
  add(raw: Uint8Array, io: IoOptions): Promise<Hash>
  /** Takes several together. @returns for each why it was not taken; undefined where it was */
  addAll(raws: readonly Uint8Array[], io: IoOptions): Promise<readonly (AppError | undefined)[]>
  /** Everything that waits, each sender's by rising nonce, in the form in which {@link add} takes it. */
  all(): Iterable<Journaled>
}

/** What a journaled pool is made of. */
export interface JournaledPoolOptions {
  readonly pool: JournalPool
  readonly journal: Journal
  /** What the journal held when it was opened. */
  readonly journaled: readonly Uint8Array[]
  readonly clock: Clock
  /** Told when the journal could not be written; the pool goes on without. */
  readonly onFailure: (message: string) => void
  /** Told when what was journaled is back in the pool. */
  readonly onRestored: (counts: { readonly restored: number; readonly dropped: number }) => void
}

/** As often as geth writes its journal anew. */
const ROTATION_MS = 3_600_000
/** As many as geth reads before it puts them into the pool. */
const BATCH = 1_025
/** Between tries to reach a node that does not answer. */
const RETRY_MS = 1_000

/** A pool whose transactions outlive the process. */
export class JournaledPool {
  readonly #options: JournaledPoolOptions
  /** Until everything is back in the pool the file must not be replaced by the pool's content. */
  #restored = false
  #closed = false

  constructor(options: JournaledPoolOptions) {
    this.#options = options
  }

  /** Takes a transaction and writes it down. @throws AppError as the pool */
  async add(raw: Uint8Array, io: IoOptions): Promise<Hash> {
    const { pool, journal, onFailure } = this.#options
    const hash = await pool.add(raw, io)
    // It is pooled: the caller is told so, whatever the disk does.
    await journal.append(raw).catch((error: unknown) => onFailure(errorMessage(error)))
    return hash
  }

  /** Writes down what came back into the pool: it may have left the journal since it was taken. */
  keep(transactions: Iterable<Journaled>): void {
    if (this.#closed) return
    const { journal, onFailure } = this.#options
    for (const { raw } of transactions) {
      // In the journal's order, one behind the other; closing waits for them.
      journal.append(raw).catch((error: unknown) => onFailure(errorMessage(error)))
    }
  }

  /** Puts back what was journaled as soon as the node answers, then writes the journal anew from time to time. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#restore(signal)
    while (!signal.aborted) {
      await this.#rotate()
      await this.#options.clock.sleep(ROTATION_MS, { signal })
    }
  }

  /** Writes the journal a last time. */
  async close(): Promise<void> {
    if (this.#restored) await this.#rotate()
    this.#closed = true
    await this.#options.journal.close().catch((error: unknown) => this.#options.onFailure(errorMessage(error)))
  }

  async #restore(signal: AbortSignal): Promise<void> {
    const { journaled, onRestored } = this.#options
    let restored = 0
    for (let at = 0; at < journaled.length; at += BATCH) {
      const outcomes = await this.#putBack(journaled.slice(at, at + BATCH), signal)
      restored += outcomes.filter((error) => error === undefined).length
    }
    this.#restored = true
    if (journaled.length > 0) onRestored({ restored, dropped: journaled.length - restored })
  }

  async #putBack(raws: readonly Uint8Array[], signal: AbortSignal): Promise<readonly (AppError | undefined)[]> {
    const { pool, clock } = this.#options
    for (;;) {
      try {
        return await pool.addAll(raws, { signal })
      } catch (error) {
        signal.throwIfAborted()
        if (!isAppError(error)) throw error
        // Nothing is known about transactions as long as the chain cannot be read.
        await clock.sleep(RETRY_MS, { signal })
      }
    }
  }

  async #rotate(): Promise<void> {
    if (this.#closed) return
    const { pool, journal, onFailure } = this.#options
    const current = function* (): Generator<Uint8Array> {
      for (const { raw } of pool.all()) yield raw
    }
    await journal.rotate(current).catch((error: unknown) => onFailure(errorMessage(error)))
  }
}
