import { LRUCache } from 'lru-cache'
import type { Hash } from '../primitives/hex.ts'
import type { SealedBlock } from './service.ts'

const MAX_BLOCKS = 512
/** Bytes of transactions; the rest of a block is small. */
const MAX_BYTES = 128 * 1024 * 1024

/**
 * The blocks that were sealed here, newest first, within a bound of memory: to be committed or published later, and to be
 * handed again to a node that lost them.
 */
export class SealedBlocks {
  readonly #blocks = new LRUCache<Hash, SealedBlock>({
    max: MAX_BLOCKS,
    maxSize: MAX_BYTES,
    sizeCalculation: (block) =>
      1024 + block.transactions.reduce((sum, { transaction }) => sum + transaction.raw.length, 0),
  })

  get(hash: Hash): SealedBlock | undefined {
    return this.#blocks.get(hash)
  }

  set(block: SealedBlock): void {
    this.#blocks.set(block.hash, block)
  }

  /** The block's ancestors that were sealed here, oldest first, down to the first that was not. */
  lineage(block: Pick<SealedBlock, 'header'>): readonly SealedBlock[] {
    const ancestors: SealedBlock[] = []
    let at = this.#blocks.get(block.header.parentHash)
    while (at !== undefined) {
      ancestors.unshift(at)
      at = this.#blocks.get(at.header.parentHash)
    }
    return ancestors
  }
}
