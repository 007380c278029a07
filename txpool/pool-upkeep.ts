import { errorMessage } from '../src/primitives/errors.ts'
import type { Hash } from '../src/primitives/hex.ts'
import type { IoOptions } from '../src/primitives/io.ts'
import { Wakeup } from '../src/primitives/wakeup.ts'
import type { SignedTransaction } from '../src/protocol/transaction.ts'

/** The pool as it is kept in step with its chain. */
export interface FollowingPool {
  /** Transactions held. */
  readonly size: number
  get(hash: Hash): SignedTransaction | undefined
  /** Takes back what fell out of the chain. To be followed by {@link drop}. */
  reinject(orphaned: Iterable<SignedTransaction>): void
  /** Lets go of what blocks hold, oldest first. */
  drop(mined: readonly SignedTransaction[]): void
  /** Reads the head, and looks at what waits anew where that has moved. @throws what reading the chain throws */
  status(io: IoOptions): Promise<unknown>
}

/** Hears of what came back into a pool. */
export type ReinjectionListener = (transactions: readonly SignedTransaction[]) => void

/** Keeps a pool in step with what becomes of its chain, whoever tells: the one place where blocks change what waits. */
export class PoolUpkeep {
  readonly #pool: FollowingPool
  readonly #onReinjected: ReinjectionListener
  #stale = false
  readonly #wakeup = new Wakeup()

  constructor(pool: FollowingPool, onReinjected: ReinjectionListener = () => undefined) {
    this.#pool = pool
    this.#onReinjected = onReinjected
  }

  /** Whether accounts have to be read once more. */
  get isStale(): boolean {
    return this.#stale && this.#pool.size > 0
  }

  /** Asks for the accounts to be read once more. */
  expire(): void {
    this.#stale = true
    this.#wakeup.wake()
  }

  /**
   * The chain has lost blocks and won others.
   * @param removed transactions of the lost ones, the newest block's first: so geth takes them back
   * @param added transactions of the won ones, oldest first
   */
  moved(removed: readonly SignedTransaction[], added: readonly SignedTransaction[]): void {
    const included = new Set(added.map(({ hash }) => hash))
    const orphaned = removed.filter(({ hash }) => !included.has(hash))
    if (orphaned.length > 0) this.#pool.reinject(orphaned)
    this.#pool.drop(added)
    this.expire()
    const back = orphaned.filter(({ hash }) => this.#pool.get(hash) !== undefined)
    if (back.length > 0) this.#onReinjected(back)
  }

  /** Reads the accounts where they may be others than before. @throws what reading the chain throws */
  async refresh(io: IoOptions): Promise<void> {
    if (!this.isStale) return
    this.#stale = false
    try {
      await this.#pool.status(io)
    } catch (error) {
      this.#stale = true
      throw error
    }
  }

  /**
   * Reads the accounts whenever they may be others than before, until the signal is aborted: where nobody else does.
   * @param onFailure told in words why they could not be read; they are with the next change
   */
  async run(signal: AbortSignal, onFailure: (message: string) => void): Promise<void> {
    const onAbort = (): void => this.#wakeup.wake()
    signal.addEventListener('abort', onAbort, { once: true })
    while (!signal.aborted) {
      try {
        await this.refresh({ signal })
      } catch (error) {
        if (!signal.aborted) onFailure(errorMessage(error))
      }
      if (!signal.aborted) await this.#wakeup.wait()
    }
  }
}
