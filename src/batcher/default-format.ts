import type { ChannelCompression } from '../protocol/channel-data.ts'
import { decodeL1Info, l1InfoFormat } from '../protocol/l1-info.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import { decodeTransaction } from '../protocol/transaction.ts'
import type { BatchType } from './block-batches.ts'
import type { BatchBlock } from './ports.ts'

/** The best form that batches may have. */
export interface BatchFormat {
  readonly type: BatchType
  readonly compression: ChannelCompression
}

/** The L1 time that a block goes by: of its origin. */
function originTime({ forks, blockTime }: RollupConfig, { ref, transactions }: BatchBlock): bigint {
  const [first] = transactions
  // Only a genesis block has none, and it has its own time.
  if (first === undefined) return ref.timestamp
  return decodeL1Info(decodeTransaction(first).data, l1InfoFormat(forks, ref.timestamp, blockTime)).timestamp
}

/**
 * What L1 takes of a batch that begins with a block: spans from Delta, brotli from Fjord. L1 has to be as far as the block's origin, which
 * it always is.
 * @throws AppError L1_INFO_INVALID, TX_INVALID: the block is none of this rollup
 */
export function bestFormat(config: RollupConfig, first: BatchBlock): BatchFormat {
  const time = originTime(config, first)
  return {
    type: config.forks.isActive('delta', time) ? 'span' : 'singular',
    compression: config.forks.isActive('fjord', time) ? 'brotli' : 'zlib',
  }
}
