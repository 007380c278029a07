import type { BlockId } from '../protocol/refs.ts'
import { isStoredBlock, type TruncatedBlockId } from './db/super-safe-entry.ts'
import { queryError } from './query-errors.ts'
import { chainIndex, supervisedChain, supervisedHeads, wholeBlock } from './supervised-chains.ts'
import type { SupervisorView } from './view.ts'

/**
 * The L1 block with which a block became cross-safe.
 * @throws AppError SUPERVISOR_UNKNOWN_CHAIN, SUPERVISOR_FUTURE where it is not cross-safe, SUPERVISOR_SKIPPED where it was before anything was
 * written down, SUPERVISOR_CONFLICT where another block is
 */
export function crossSafeSource(view: SupervisorView, chainId: bigint, derived: BlockId): TruncatedBlockId {
  const index = chainIndex(view, chainId)
  const source = view.safety.crossSafeSource(index, derived.number)
  if (source === undefined) throw queryError('SUPERVISOR_FUTURE')
  if (source.crossSafe.number === derived.number) {
    if (isStoredBlock(source.crossSafe, derived)) return source.l1
    throw queryError('SUPERVISOR_CONFLICT')
  }
  // With the first row there may be many that were safe before.
  if (source.l1.number === view.safety.first?.number) throw queryError('SUPERVISOR_SKIPPED')
  const stored = supervisedChain(view, chainId).logs.block(derived.number)
  if (stored === undefined) throw queryError('SUPERVISOR_SKIPPED')
  if (stored.hash !== derived.hash) throw queryError('SUPERVISOR_CONFLICT')
  return source.l1
}

/**
 * The L1 block from which a local-safe block derives: the first row that has it, or what derivation told of since.
 * @returns undefined where it is not local-safe
 */
export function localSafeSource(
  view: SupervisorView,
  chainId: bigint,
  number: bigint,
): { readonly number: bigint } | undefined {
  const index = chainIndex(view, chainId)
  const { first, tip } = view.safety
  const at = (l1Number: bigint): bigint => view.safety.row(l1Number)?.chains[index]?.localSafe.number ?? -1n
  if (first === undefined || tip === undefined || at(tip.l1.number) < number) {
    const told = supervisedHeads(view, chainId).localSafe
    return told !== undefined && number <= told.derived.number ? told.source : undefined
  }
  let [low, high] = [first.number, tip.l1.number]
  while (low < high) {
    const middle = (low + high) / 2n
    if (at(middle) < number) low = middle + 1n
    else high = middle
  }
  return { number: low }
}

/**
 * What every chain has local-safe with an L1 block.
 * @throws AppError SUPERVISOR_FUTURE, SUPERVISOR_SKIPPED, SUPERVISOR_CONFLICT
 */
export function allSafeDerivedAt(view: SupervisorView, source: BlockId): ReadonlyMap<bigint, BlockId> {
  const { first, tip } = view.safety
  const row = view.safety.row(source.number)
  if (row === undefined || first === undefined || tip === undefined)
    throw queryError(first !== undefined && source.number < first.number ? 'SUPERVISOR_SKIPPED' : 'SUPERVISOR_FUTURE')
  if (!isStoredBlock(row.l1, source)) throw queryError('SUPERVISOR_CONFLICT')
  return new Map(
    [...view.dependencySet.chainIds].map((chainId, index) => {
      const stored = row.chains[index]?.localSafe
      const block = stored && wholeBlock(supervisedChain(view, chainId), stored)
      if (block === undefined)
        throw queryError('SUPERVISOR_SKIPPED', `failed to get last derived block for chain ${chainId}`)
      return [chainId, block]
    }),
  )
}
