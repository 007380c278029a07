import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Header } from '../protocol/header.ts'
import type { Difference } from './differences.ts'
import type { NodeBlock, NodeBlocks } from './node-blocks.ts'
import { type ReplayContext, replayBlock } from './replay-block.ts'

/** What came of one block. */
export interface ReplayedBlock {
  readonly number: bigint
  readonly hash: Hash
  readonly transactions: number
  /** As the node states it. */
  readonly gasUsed: bigint
  readonly differences: readonly Difference[]
}

/**
 * Replays blocks one after another; the next one is read while one is executed.
 * @param from the first block's number; genesis has nothing to execute, so at least 1
 * @param to the last block's number, included
 * @throws AppError what reading the blocks or replaying one throws; blocks before it have been told of
 */
export async function* replayRange(
  context: ReplayContext,
  blocks: NodeBlocks,
  from: bigint,
  to: bigint,
  io: IoOptions = {},
): AsyncGenerator<ReplayedBlock> {
  const ahead = new AbortController()
  const signal = io.signal === undefined ? ahead.signal : AbortSignal.any([io.signal, ahead.signal])
  const read = (number: bigint): Promise<NodeBlock> => {
    const reading = blocks.block(number, { signal })
    // It is awaited when its turn comes; until then a failure must not count as unhandled.
    reading.catch(() => undefined)
    return reading
  }
  let next: Promise<NodeBlock> | undefined = read(from)
  let parent: Header | undefined
  try {
    for (let number = from; number <= to; number++) {
      const block: NodeBlock = await (next ?? read(number))
      next = number < to ? read(number + 1n) : undefined
      const { header, hash, transactions } = block
      parent ??= await blocks.header(header.parentHash, { signal })
      const differences = await replayBlock(context, parent, block, { signal })
      yield { number, hash, transactions: transactions.length, gasUsed: header.gasUsed, differences }
      parent = header
    }
  } finally {
    ahead.abort()
    await next?.catch(() => undefined)
  }
}
