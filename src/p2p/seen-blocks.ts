import { LRUCache } from 'lru-cache'
import type { Hash } from '../primitives/hex.ts'

/** Heights of which the blocks are remembered. */
const MAX_HEIGHTS = 1000
/** When so many blocks of one height were seen, there is none more. */
const MAX_BLOCKS = 5

/** What becomes of a block that comes, by those of its height that came before it. */
export type SeenVerdict = 'new' | 'seen' | 'tooMany'

/** The blocks that came on one topic. */
export class SeenBlocks {
  readonly #heights = new LRUCache<bigint, Set<Hash>>({ max: MAX_HEIGHTS })

  /** Remembers a block, unless there are too many. As op-node counts: six of a height pass, and after them not even these. */
  add(number: bigint, hash: Hash): SeenVerdict {
    let hashes = this.#heights.get(number)
    if (hashes === undefined) {
      hashes = new Set()
      this.#heights.set(number, hashes)
    }
    if (hashes.size > MAX_BLOCKS) return 'tooMany'
    if (hashes.has(hash)) return 'seen'
    hashes.add(hash)
    return 'new'
  }
}
