import type { Hash } from '../src/primitives/hex.ts'
import { isDeposit, type SignedTransaction, type Transaction } from '../src/protocol/transaction.ts'

/** A place in the tree of blocks. */
export interface BlockRef {
  readonly hash: Hash
  readonly number: bigint
}

/** A block, as far as a pool follows it. */
export interface FollowedBlock extends BlockRef {
  readonly parentHash: Hash
  /** Those that somebody signed, in the block's order. */
  readonly transactions: readonly SignedTransaction[]
}

/** A block's transactions without its deposits, which nobody sends. */
export function signedOf(transactions: Iterable<Transaction>): SignedTransaction[] {
  return [...transactions].filter((transaction): transaction is SignedTransaction => !isDeposit(transaction))
}

/** A block that a {@link BranchWalk} needs and nobody has given yet. */
export interface MissingBlock extends BlockRef {
  /** Whether it is on the branch that is left. */
  readonly abandoned: boolean
}

/**
 * The way from one block to another through their common ancestor. It goes as far as blocks are known, and goes on from there
 * once more of them are.
 */
export class BranchWalk {
  readonly from: BlockRef
  readonly to: BlockRef
  /** Newest first. */
  readonly #removed: FollowedBlock[] = []
  readonly #added: FollowedBlock[] = []
  #left: BlockRef
  #joined: BlockRef

  constructor(from: BlockRef, to: BlockRef) {
    this.from = from
    this.to = to
    this.#left = from
    this.#joined = to
  }

  /** Blocks that are left, newest first; complete when {@link advance} found nothing missing. */
  get removed(): readonly FollowedBlock[] {
    return this.#removed
  }

  /** Blocks that are joined, oldest first; complete when {@link advance} found nothing missing. */
  get added(): readonly FollowedBlock[] {
    return this.#added.toReversed()
  }

  /** Goes on. @returns the block that is missing; undefined when the way is complete */
  advance(known: (hash: Hash) => FollowedBlock | undefined): MissingBlock | undefined {
    while (this.#left.hash !== this.#joined.hash) {
      const abandoned = this.#left.number > this.#joined.number
      const at = abandoned ? this.#left : this.#joined
      const block = known(at.hash)
      if (block === undefined) return { ...at, abandoned }
      const parent = { hash: block.parentHash, number: block.number - 1n }
      if (abandoned) {
        this.#removed.push(block)
        this.#left = parent
      } else {
        this.#added.push(block)
        this.#joined = parent
      }
    }
    return undefined
  }
}
