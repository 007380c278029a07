import type { SealedBlocks } from '../src/builder/sealed-blocks.ts'
import type { SealedBlock } from '../src/builder/service.ts'
import type { Hash } from '../src/primitives/hex.ts'
import { isDeposit, type SignedTransaction } from '../src/protocol/transaction.ts'
import type { TxPool } from './pool.ts'

function signedOf(block: SealedBlock): SignedTransaction[] {
  return block.transactions
    .map(({ transaction }) => transaction)
    .filter((tx): tx is SignedTransaction => !isDeposit(tx))
}

/** Keeps a pool in step with the blocks that this process commits, reorgs included. */
export class CommitFollower {
  readonly #pool: TxPool
  readonly #blocks: SealedBlocks
  #head: Hash | undefined

  constructor(pool: TxPool, blocks: SealedBlocks) {
    this.#pool = pool
    this.#blocks = blocks
  }

  /** Told after each commit. */
  committed(block: SealedBlock): void {
    for (const orphan of this.#orphanedBy(block)) this.#pool.reinject(signedOf(orphan))
    this.#pool.drop(signedOf(block))
    this.#head = block.hash
  }

  /** Blocks of the branch that was left, as far as they were sealed here. */
  #orphanedBy(block: SealedBlock): SealedBlock[] {
    const staying = new Set([block.hash, block.header.parentHash])
    for (const ancestor of this.#blocks.lineage(block)) staying.add(ancestor.hash)
    const orphans: SealedBlock[] = []
    let at = this.#head === undefined ? undefined : this.#blocks.get(this.#head)
    while (at !== undefined && !staying.has(at.hash)) {
      orphans.unshift(at)
      at = this.#blocks.get(at.header.parentHash)
    }
    return orphans
  }
}
