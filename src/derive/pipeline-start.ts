import { AppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { blockRef, type L1BlockRef, type L2BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { L1Position } from './l1-traversal.ts'
import { channelTimeout } from './limits.ts'
import type { DeriveErrorCode, L1DataSource, SafeChain } from './ports.ts'

/** What the search reads from. */
export interface StartSources {
  readonly config: RollupConfig
  readonly l1: Pick<L1DataSource, 'block'>
  readonly l2: Pick<SafeChain, 'ref' | 'systemConfig'>
}

function missing(code: 'L1_DATA_MISSING' | 'L2_DATA_MISSING', hash: Hash): never {
  const layer = code === 'L1_DATA_MISSING' ? 'L1' : 'L2'
  throw new AppError<DeriveErrorCode>(code, { message: `${layer} block ${hash} not found`, severity: 'reset' })
}

/**
 * Where reading has to begin, for all channels to be known that may hold the block after the safe head.
 * @throws AppError L1_DATA_MISSING, L2_DATA_MISSING (reset); what the sources throw
 * @see OP specs: derivation, "Resetting the Pipeline"
 */
export async function findPipelineStart(
  { config, l1, l2 }: StartSources,
  safeHead: L2BlockRef,
  io: IoOptions,
): Promise<L1Position> {
  const { genesis } = config
  const l1Block = async (hash: Hash): Promise<L1BlockRef> =>
    blockRef((await l1.block(hash, io)) ?? missing('L1_DATA_MISSING', hash))
  let l2Block = safeHead
  let block = await l1Block(safeHead.l1Origin.hash)
  for (;;) {
    const { number, parentHash, l1Origin } = l2Block
    if (number <= genesis.l2.number || l1Origin.number <= genesis.l1.number) break
    if (l1Origin.number + channelTimeout(config, block.timestamp) <= safeHead.l1Origin.number) break
    l2Block = (await l2.ref(parentHash, io)) ?? missing('L2_DATA_MISSING', parentHash)
    if (l2Block.l1Origin.hash !== block.hash) block = await l1Block(l2Block.l1Origin.hash)
  }
  const systemConfig = (await l2.systemConfig(l2Block.hash, io)) ?? missing('L2_DATA_MISSING', l2Block.hash)
  return { block, systemConfig }
}
