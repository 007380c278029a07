import type { ChainReader } from '../builder/ports.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { BlockId } from '../protocol/refs.ts'

/** A chain's head; undefined: there is none yet. */
export async function headId(chain: ChainReader, io: IoOptions): Promise<BlockId | undefined> {
  const block = await chain.block('latest', io)
  return block && { hash: block.hash, number: block.header.number }
}
