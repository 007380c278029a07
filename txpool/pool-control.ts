import type { Hash } from '../src/primitives/hex.ts'
import type { SignedTransaction } from '../src/protocol/transaction.ts'
import { type Hold, Holds, means, type PoolTarget } from './holds.ts'

/** The pool that a test has in its hands. */
export interface ControlledPool {
  /** Everything that waits, each sender's by rising nonce. */
  all(): Iterable<SignedTransaction>
  remove(hash: Hash): boolean
  removeAll(): void
  setArrivalOrder(hashes: readonly Hash[]): void
  /** @returns lets wait again what waits now, and nothing else */
  remember(): () => void
}

/** A hold and what waits because of it. */
export interface ListedHold extends Hold {
  readonly transactions: readonly Hash[]
}

/** Snapshots beyond these push the oldest out. */
const MAX_SNAPSHOTS = 256

/** What a test may do to a pool: keep transactions from blocks, take them out, go back to what waited before. */
export class PoolControl {
  readonly holds = new Holds()
  readonly #pool: ControlledPool
  readonly #released: () => Promise<void>
  readonly #snapshots = new Map<bigint, () => void>()
  #last = 0n

  /** @param released gives what was released its chance to be mined */
  constructor(pool: ControlledPool, released: () => Promise<void> = async () => undefined) {
    this.#pool = pool
    this.#released = released
  }

  /** Keeps transactions from blocks, also those that come later. @returns the hold's number */
  hold(target: PoolTarget): bigint {
    return this.holds.add(target)
  }

  /** Ends one hold, all on a target, or all. @returns their numbers */
  async release(which: bigint | PoolTarget | 'all'): Promise<readonly bigint[]> {
    const ended = this.holds.release(which)
    if (ended.length > 0) await this.#released()
    return ended
  }

  /** All holds, the oldest first. */
  listHolds(): readonly ListedHold[] {
    const waiting = [...this.#pool.all()]
    return this.holds.list().map((hold) => ({
      ...hold,
      transactions: waiting.filter((transaction) => means(hold.target, transaction)).map(({ hash }) => hash),
    }))
  }

  /** Takes transactions out of the pool; what follows on them waits behind the gap. @returns their hashes */
  drop(which: PoolTarget | 'all'): readonly Hash[] {
    const meant = [...this.#pool.all()].filter((transaction) => which === 'all' || means(which, transaction))
    const hashes = meant.map(({ hash }) => hash)
    if (which === 'all') this.#pool.removeAll()
    else for (const hash of hashes) this.#pool.remove(hash)
    return hashes
  }

  /** Forces an order on those that pay the same, also on those that come later; none brings back that of arrival. */
  order(hashes: readonly Hash[]): void {
    this.#pool.setArrivalOrder(hashes)
  }

  /** Marks what waits and what is held. @returns the snapshot's number */
  snapshot(): bigint {
    this.#last += 1n
    this.#snapshots.set(this.#last, this.remember())
    for (const oldest of this.#snapshots.keys()) {
      if (this.#snapshots.size <= MAX_SNAPSHOTS) break
      this.#snapshots.delete(oldest)
    }
    return this.#last
  }

  /**
   * Lets wait what waited then, as far as the chain still lets it, and nothing else. The snapshot stays.
   * @returns whether there is such a snapshot
   */
  restore(id: bigint): boolean {
    const restore = this.#snapshots.get(id)
    restore?.()
    return restore !== undefined
  }

  /** @returns brings back what waits and what is held now */
  remember(): () => void {
    const parts = [this.#pool.remember(), this.holds.remember()]
    return () => {
      for (const restore of parts) restore()
    }
  }
}
