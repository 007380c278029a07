import type { SealedBlocks } from '../src/builder/sealed-blocks.ts'
import type { SealedBlock } from '../src/builder/service.ts'
import type { Hash } from '../src/primitives/hex.ts'
import { isDeposit, type SignedTransaction } from '../src/protocol/transaction.ts'

/** The pool as it hears what becomes of the chain. */
export interface FollowingPool {
  /** Told what committed blocks hold, oldest first. */
  drop(mined: readonly SignedTransaction[]): void
  /** Told what a reorg threw out, before {@link drop} of what came in its place. */
  reinject(orphaned: readonly SignedTransaction[]): void
}

function signedOf(block: SealedBlock): SignedTransaction[] {
  return block.transactions
    .map(({ transaction }) => transaction)
    .filter((tx): tx is SignedTransaction => !isDeposit(tx))
}

/** Keeps a pool in step with the blocks that this process makes the head, reorgs included. */
export class CommitFollower {
  readonly #pool: FollowingPool
  readonly #blocks: SealedBlocks
  #head: Hash | undefined

  constructor(pool: FollowingPool, blocks: SealedBlocks) {
    this.#pool = pool
    this.#blocks = blocks
  }

  /** Told after each commit, and whenever the head was moved to a block that was sealed here. */
  committed(block: SealedBlock): void {
    const left = this.#head === undefined ? undefined : this.#blocks.get(this.#head)
    const joined = [...this.#blocks.lineage(block), block]
    const abandoned = left === undefined ? [] : [...this.#blocks.lineage(left), left]
    const staying = new Set([...joined.map(({ hash }) => hash), block.header.parentHash])
    const known = new Set(abandoned.map(({ hash }) => hash))
    this.#pool.reinject(abandoned.filter(({ hash }) => !staying.has(hash)).flatMap(signedOf))
    // A branch that was left once has its transactions back in the pool: they are mined again when it is joined again.
    this.#pool.drop(joined.filter((next) => next === block || !known.has(next.hash)).flatMap(signedOf))
    this.#head = block.hash
  }
}
