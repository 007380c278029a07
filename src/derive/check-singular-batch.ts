import type { SingularBatch } from '../protocol/batch.ts'
import type { L1BlockRef, L2BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import { type BatchVerdict, drop, undecided } from './batch-verdict.ts'
import { checkDrift, checkTransactions } from './block-rules.ts'

/** Upgrades whose first block may hold nothing but deposits. */
const CLOSED_ACTIVATIONS = ['jovian', 'karst', 'interop'] as const

/** What a batch is judged by. */
export interface BatchContext {
  readonly config: RollupConfig
  /** In a row, the first of them the origin of the safe head, or the one after it. */
  readonly l1Blocks: readonly L1BlockRef[]
  readonly safeHead: L2BlockRef
  /** The L1 block in which the batch was complete. */
  readonly inclusion: L1BlockRef
}

/** Whether a batch comes right after the safe head. @see OP specs: derivation, "Batch Queue" */
export function checkSingularBatch(batch: SingularBatch, context: BatchContext): BatchVerdict {
  const { config, l1Blocks, safeHead, inclusion } = context
  const { forks, blockTime, seqWindowSize } = config
  const { timestamp, transactions, epochNumber } = batch
  const [epoch, nextEpoch] = l1Blocks
  if (epoch === undefined) return undecided('no L1 block is known')
  const holocene = forks.isActive('holocene', inclusion.timestamp)
  const next = safeHead.timestamp + blockTime
  if (timestamp > next) {
    return holocene ? drop(`time ${timestamp} is after ${next}`) : { tag: 'future', why: `it is not ${next} yet` }
  }
  if (timestamp < next) {
    const why = `time ${timestamp} is before ${next}`
    return holocene ? { tag: 'past', why } : drop(why)
  }
  if (batch.parentHash !== safeHead.hash) return drop(`its parent is ${batch.parentHash}, not ${safeHead.hash}`)
  if (epochNumber + seqWindowSize < inclusion.number) return drop('the sequencing window expired')
  if (epochNumber < epoch.number) return drop(`its L1 origin ${epochNumber} is before ${epoch.number}`)
  if (epochNumber > epoch.number + 1n) return drop(`its L1 origin ${epochNumber} is far after ${epoch.number}`)
  const advancesOrigin = epochNumber > epoch.number
  const origin = advancesOrigin ? nextEpoch : epoch
  if (origin === undefined) return undecided('its L1 origin is not known')
  if (batch.epochHash !== origin.hash) return drop(`its L1 origin is ${batch.epochHash}, not ${origin.hash}`)
  if (timestamp < origin.timestamp) return drop('it is before its L1 origin')
  const closed = CLOSED_ACTIVATIONS.find((fork) => forks.isActivationBlock(fork, timestamp, blockTime))
  if (closed !== undefined && transactions.length > 0) return drop(`the first block of ${closed} has transactions`)
  const drift = checkDrift(config, { timestamp, transactions, origin, advancesOrigin, nextOrigin: nextEpoch })
  return drift.tag === 'accept' ? checkTransactions(config, timestamp, transactions) : drift
}
