import type { BlockId } from '../protocol/refs.ts'
import { isStoredBlock, type TruncatedBlockId } from './db/super-safe-entry.ts'
import { queryError } from './query-errors.ts'
import type { ChainHeads, SupervisedChain, SupervisorView } from './view.ts'

/** A chain of the dependency set. @throws AppError SUPERVISOR_UNKNOWN_CHAIN */
export function supervisedChain(view: SupervisorView, chainId: bigint): SupervisedChain {
  const chain = view.chains.get(chainId)
  if (chain === undefined) throw queryError('SUPERVISOR_UNKNOWN_CHAIN')
  return chain
}

/** The heads of a chain. @throws AppError SUPERVISOR_UNKNOWN_CHAIN, SUPERVISOR_FUTURE before anything is known of it */
export function supervisedHeads(view: SupervisorView, chainId: bigint): ChainHeads {
  const { heads } = supervisedChain(view, chainId)
  if (heads === undefined) throw queryError('SUPERVISOR_FUTURE')
  return heads
}

/** The place of a chain in the rows of the super-safe-db. @throws AppError SUPERVISOR_UNKNOWN_CHAIN */
export function chainIndex(view: SupervisorView, chainId: bigint): number {
  const index = view.dependencySet.chainIds.indexOf(chainId)
  if (index < 0) throw queryError('SUPERVISOR_UNKNOWN_CHAIN')
  return index
}

/** The whole of a block that is stored by a part of its hash; undefined where its chain has another one, or none, there. */
export function wholeBlock({ logs }: SupervisedChain, stored: TruncatedBlockId): BlockId | undefined {
  const block = logs.block(stored.number)
  return block && isStoredBlock(stored, block) ? { hash: block.hash, number: block.number } : undefined
}
