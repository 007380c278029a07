import type { L1BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { BatchTransactions } from '../protocol/span-batch.ts'
import { ACCEPT, type BatchVerdict, drop, undecided } from './batch-verdict.ts'
import { maxSequencerDrift } from './limits.ts'

const DEPOSIT_TYPE = 0x7e
const SET_CODE_TYPE = 4

/** A block of a batch, beside its L1 origin. */
export interface BatchedBlock {
  readonly timestamp: bigint
  readonly transactions: BatchTransactions
  readonly origin: L1BlockRef
  /** Whether the block before it has another origin. */
  readonly advancesOrigin: boolean
  /** The L1 block after the origin, where it is known. */
  readonly nextOrigin: L1BlockRef | undefined
}

/**
 * Whether a block's time is too far ahead of its origin's. An empty block may be, as long as no next origin could be had.
 * @see OP specs: derivation, "max_sequencer_drift"
 */
export function checkDrift(config: RollupConfig, block: BatchedBlock): BatchVerdict {
  const { timestamp, transactions, origin, nextOrigin } = block
  if (timestamp <= origin.timestamp + maxSequencerDrift(config, origin.timestamp)) return ACCEPT
  if (transactions.length > 0) return drop('it has transactions, and exceeds the time drift')
  if (block.advancesOrigin) return ACCEPT
  if (nextOrigin === undefined) return undecided('it exceeds the time drift, and the next L1 block is not known')
  if (timestamp >= nextOrigin.timestamp) return drop('it exceeds the time drift, and could have the next L1 origin')
  return ACCEPT
}

/** Whether transactions of a batch may be there. What they hold is for the engine to judge. */
export function checkTransactions(config: RollupConfig, timestamp: bigint, list: BatchTransactions): BatchVerdict {
  const isthmus = config.forks.isActive('isthmus', timestamp)
  for (let index = 0; index < list.length; index++) {
    const type = list.at(index)?.[0]
    if (type === undefined) return drop(`transaction ${index} is empty`)
    if (type === DEPOSIT_TYPE) return drop(`transaction ${index} is a deposit`)
    if (type === SET_CODE_TYPE && !isthmus) return drop(`transaction ${index} is of type 4 before Isthmus`)
  }
  return ACCEPT
}
