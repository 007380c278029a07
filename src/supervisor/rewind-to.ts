import type { BlockId } from '../protocol/refs.ts'
import type { Decision } from './db/decisions.ts'
import { queryError } from './query-errors.ts'
import { chainIndex, supervisedChain } from './supervised-chains.ts'
import type { SupervisorView } from './view.ts'

/**
 * What is to be forgotten so that a block is the last one of its chain: what it and all others have safe since, and its logs above it.
 * @throws AppError SUPERVISOR_UNKNOWN_CHAIN, SUPERVISOR_FUTURE where the block is not known, SUPERVISOR_CONFLICT where the chain has another one,
 * SUPERVISOR_OUT_OF_ORDER where it is below what is final
 */
export function rewindTo(view: SupervisorView, chainId: bigint, block: BlockId): Decision {
  const { logs, heads } = supervisedChain(view, chainId)
  const stored = logs.block(block.number)
  if (stored === undefined) throw queryError('SUPERVISOR_FUTURE')
  if (stored.hash !== block.hash) throw queryError('SUPERVISOR_CONFLICT')
  if (heads?.finalized !== undefined && block.number < heads.finalized.number)
    throw queryError('SUPERVISOR_OUT_OF_ORDER')
  const { first, tip } = view.safety
  const index = chainIndex(view, chainId)
  const kept = view.safety.crossSafeUpTo(index, block.number)?.l1.number ?? (first?.number ?? 1n) - 1n
  const isSafe = (tip?.chains[index]?.crossSafe.number ?? 0n) > block.number
  return {
    tag: 'rewind',
    l1Number: isSafe ? kept : (tip?.l1.number ?? 0n),
    logs: [{ chainId, to: block.number }],
  }
}
