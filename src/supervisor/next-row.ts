import type { BlockId } from '../protocol/refs.ts'
import type { Frontier } from './cross-frontier.ts'
import type { LogDb } from './db/log-db.ts'
import type { SuperSafeRow } from './db/super-safe-db.ts'
import { truncateBlockId } from './db/super-safe-entry.ts'

/** What of a chain goes into the next row. */
export interface RowChain {
  readonly chainId: bigint
  readonly logs: Pick<LogDb, 'block'>
  /** The last block that derives from L1 up to the row's L1 block. */
  readonly localSafe: BlockId
  /** Whether a block stands for an invalid one. */
  readonly isReplacement: (block: BlockId) => boolean
}

/**
 * The row of an L1 block: how far each chain has come, and how far its messages hold.
 * @param chains in the order of the dependency set
 * @throws RangeError where a block is not stored
 */
export function nextRow(l1: BlockId, chains: readonly RowChain[], { valid }: Frontier): SuperSafeRow {
  return {
    l1: truncateBlockId(l1),
    chains: chains.map(({ chainId, logs, localSafe, isReplacement }) => {
      const crossSafe = logs.block(valid.get(chainId) as bigint)
      if (crossSafe === undefined) throw new RangeError(`chain ${chainId} has no block ${valid.get(chainId)}`)
      return {
        localSafe: truncateBlockId(localSafe),
        crossSafe: truncateBlockId(crossSafe),
        depositsOnly: isReplacement(crossSafe),
      }
    }),
  }
}
