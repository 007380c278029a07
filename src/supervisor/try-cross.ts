import type { IoOptions } from '../primitives/io.ts'
import type { BlockId } from '../protocol/refs.ts'
import type { SupervisedL1 } from './ports.ts'
import { queryError } from './query-errors.ts'
import { chainIndex, supervisedChain, supervisedHeads, wholeBlock } from './supervised-chains.ts'
import type { SupervisorView } from './view.ts'

/** What a supervisor does beside answering, when a node pushes what it has derived. */
export interface CrossProgress {
  /** Starts to read blocks of a chain up to a number. */
  wanted(chainId: bigint, number: bigint): void
  /** Takes note of a block that a node says is local-safe with an L1 block. */
  offer(chainId: bigint, localSafe: BlockId, derivedFrom: BlockId, io: IoOptions): Promise<void>
}

/** What becomes of a block that a node has derived. */
export type CrossSafeAnswer =
  /** The newest cross-safe block that is not above it. */
  | { readonly status: 'accept'; readonly crossSafe: BlockId }
  /** Not yet: to be asked again. */
  | { readonly status: 'unknown' }
  /** Its messages do not hold. */
  | { readonly status: 'invalid'; readonly block: BlockId }

/**
 * The newest cross-unsafe block that is not above a number; where that is beyond what is known, more is going to be read.
 * @throws AppError SUPERVISOR_UNKNOWN_CHAIN, SUPERVISOR_FUTURE, SUPERVISOR_SKIPPED
 * @see superchain backend specification, `TryCrossUnsafe`
 */
export function crossUnsafeUpTo(
  view: SupervisorView,
  progress: Pick<CrossProgress, 'wanted'>,
  chainId: bigint,
  maxNumber: bigint,
): BlockId {
  const { logs } = supervisedChain(view, chainId)
  if (maxNumber > (logs.tip?.number ?? -1n)) progress.wanted(chainId, maxNumber)
  const { hash, number } = supervisedHeads(view, chainId).crossUnsafe
  if (number <= maxNumber) return { hash, number }
  const block = logs.block(maxNumber)
  if (block === undefined) throw queryError('SUPERVISOR_SKIPPED')
  return { hash: block.hash, number: block.number }
}

/**
 * What becomes of a block that a node has derived from L1 up to a block.
 * @throws AppError SUPERVISOR_CONFLICT where that L1 block is not the one that is known: the node has another view of L1;
 * SUPERVISOR_OUT_OF_ORDER where blocks before it are missing: the node is to tell of older ones; SUPERVISOR_SKIPPED
 * @see superchain backend specification, `TryCrossSafe`
 */
export async function tryCrossSafe(
  view: SupervisorView,
  progress: CrossProgress,
  l1: SupervisedL1,
  { chainId, localSafe, derivedFrom }: { chainId: bigint; localSafe: BlockId; derivedFrom: BlockId },
  io: IoOptions,
): Promise<CrossSafeAnswer> {
  const chain = supervisedChain(view, chainId)
  const canonical = await l1.ref(derivedFrom.number, io)
  if (canonical !== undefined && canonical.hash !== derivedFrom.hash) throw queryError('SUPERVISOR_CONFLICT')
  if (view.denied(chainId, localSafe.hash) !== undefined) return { status: 'invalid', block: localSafe }
  const tip = view.safety.tip?.l1
  if (tip === undefined || derivedFrom.number > tip.number) {
    if (tip !== undefined && derivedFrom.number > tip.number + 1n) throw queryError('SUPERVISOR_OUT_OF_ORDER')
    await progress.offer(chainId, localSafe, derivedFrom, io)
    return { status: 'unknown' }
  }
  const known = view.safety.hasL1(derivedFrom)
  if (known === undefined) throw queryError('SUPERVISOR_SKIPPED')
  if (!known) throw queryError('SUPERVISOR_CONFLICT')
  const found = view.safety.crossSafeUpTo(chainIndex(view, chainId), localSafe.number)
  const crossSafe = found && wholeBlock(chain, found.crossSafe)
  return crossSafe === undefined ? { status: 'unknown' } : { status: 'accept', crossSafe }
}

/**
 * The newest block of a chain that is final when an L1 block is.
 * @throws AppError SUPERVISOR_FUTURE where that L1 block is too new: to be asked again with an older one; SUPERVISOR_SKIPPED,
 * SUPERVISOR_CONFLICT, SUPERVISOR_UNKNOWN_CHAIN
 * @see superchain backend specification, `TryFinalize`
 */
export function tryFinalize(view: SupervisorView, chainId: bigint, finalizedL1: BlockId): BlockId {
  const chain = supervisedChain(view, chainId)
  const { tip } = view.safety
  const known = view.safety.hasL1(finalizedL1)
  if (known === undefined)
    throw queryError(
      tip === undefined || finalizedL1.number > tip.l1.number ? 'SUPERVISOR_FUTURE' : 'SUPERVISOR_SKIPPED',
    )
  if (!known) throw queryError('SUPERVISOR_CONFLICT')
  const safe = view.safety.safeAt(chainIndex(view, chainId), finalizedL1.number)
  const block = safe && wholeBlock(chain, safe.crossSafe)
  if (block === undefined) throw queryError('SUPERVISOR_SKIPPED')
  return block
}
