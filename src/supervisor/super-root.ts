import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { type OutputV0, outputRoot } from '../protocol/output-root.ts'
import type { BlockId, L2BlockRef } from '../protocol/refs.ts'
import { superRoot } from '../protocol/super-root.ts'
import { anyNode } from './any-node.ts'
import { isStoredBlock, type TruncatedBlockId } from './db/super-safe-entry.ts'
import type { SupervisedL1 } from './ports.ts'
import { queryError } from './query-errors.ts'
import { crossSafeSource, localSafeSource } from './safe-sources.ts'
import { supervisedChain } from './supervised-chains.ts'
import type { SupervisorView } from './view.ts'

/** The output of one chain at a time, and of the block that was there before its messages were looked at. */
export interface ChainRoot {
  readonly chainId: bigint
  readonly canonical: Hash
  readonly pending: OutputV0
}

/** A super root, and the L1 block from which all of it is known to be safe. */
export interface SuperRootAt {
  readonly timestamp: bigint
  readonly superRoot: Hash
  readonly source: BlockId
  /** Ascending by id. */
  readonly chains: readonly ChainRoot[]
}

/** What nodes say of a chain at a time. */
interface ChainAt {
  readonly chainId: bigint
  readonly block: L2BlockRef
  readonly output: OutputV0
  readonly pending: OutputV0
}

async function chainAt(view: SupervisorView, chainId: bigint, timestamp: bigint, io: IoOptions): Promise<ChainAt> {
  return anyNode(supervisedChain(view, chainId), async (node) => {
    const block = await node.refByTimestamp(timestamp, io)
    if (block === undefined) throw queryError('SUPERVISOR_NOT_FOUND', `block of chain ${chainId} at ${timestamp}`)
    const [output, pending] = await Promise.all([node.outputAt(timestamp, io), node.pendingOutputAt(timestamp, io)])
    // The chain went another way between two questions.
    if (output.blockHash !== block.hash) throw queryError('SUPERVISOR_READ_INVALIDATED')
    return { chainId, block, output, pending }
  })
}

/** The L1 block with which the last of the blocks became cross-safe. @throws AppError as {@link crossSafeSource} */
function sourceOf(view: SupervisorView, chains: readonly ChainAt[]): TruncatedBlockId {
  const sources = chains.map(({ chainId, block }) => {
    try {
      return crossSafeSource(view, chainId, block)
    } catch (error) {
      const what = `cross-derived-to-source failed for chain ${chainId}`
      const { code } = error as { readonly code?: unknown }
      // Whoever disputes tells by the last words that there is none yet.
      if (code === 'SUPERVISOR_FUTURE') throw queryError('SUPERVISOR_NOT_FOUND', `${what}: future data`)
      throw error
    }
  })
  return sources.reduce((last, source) => (source.number > last.number ? source : last))
}

/** The whole of an L1 block that is stored by a part of its hash. @throws AppError SUPERVISOR_READ_INVALIDATED where L1 has another one */
export async function storedL1Block(l1: SupervisedL1, stored: TruncatedBlockId, io: IoOptions) {
  const block = await l1.ref(stored.number, io)
  if (block === undefined || !isStoredBlock(stored, block)) throw queryError('SUPERVISOR_READ_INVALIDATED')
  return block
}

/** The super root over blocks that are looked at again once everything was read. */
async function superRootOf(
  view: SupervisorView,
  l1: SupervisedL1,
  timestamp: bigint,
  chains: readonly ChainAt[],
  io: IoOptions,
): Promise<SuperRootAt> {
  const stored = sourceOf(view, chains)
  const source = await storedL1Block(l1, stored, io)
  const again = sourceOf(view, chains)
  if (again.number !== stored.number || again.hash !== stored.hash) throw queryError('SUPERVISOR_READ_INVALIDATED')
  const roots = chains.map(({ chainId, output, pending }) => ({ chainId, canonical: outputRoot(output), pending }))
  const outputs = roots.map(({ chainId, canonical }) => ({ chainId, outputRoot: canonical }))
  return { timestamp, superRoot: superRoot(timestamp, outputs), source, chains: roots }
}

/**
 * The super root at a time, of every chain's last block that is not later, once all of these are cross-safe.
 * @param timestamp unix seconds
 * @throws AppError SUPERVISOR_NOT_FOUND where one is not, yet; SUPERVISOR_READ_INVALIDATED, SUPERVISOR_NO_NODE, what nodes say
 */
export async function superRootAtTimestamp(
  view: SupervisorView,
  l1: SupervisedL1,
  timestamp: bigint,
  io: IoOptions,
): Promise<SuperRootAt> {
  const chains = await Promise.all(view.dependencySet.chainIds.map((id) => chainAt(view, id, timestamp, io)))
  return superRootOf(view, l1, timestamp, chains, io)
}

/** What stands at a time if all messages hold, and the L1 block from which it derives. */
export interface OptimisticOutput {
  readonly chainId: bigint
  readonly output: OutputV0
  readonly requiredL1: BlockId
}

/** What there is at a time: of each chain that is derived so far, and, once all is cross-safe, of all together. */
export interface OutputsAt {
  /** Ascending by id; chains that are not derived up to that time are left out. */
  readonly optimistic: readonly OptimisticOutput[]
  readonly verified: SuperRootAt | undefined
}

/**
 * As {@link superRootAtTimestamp}, but what is not there yet is left out.
 * @throws AppError SUPERVISOR_READ_INVALIDATED, SUPERVISOR_CONFLICT, SUPERVISOR_SKIPPED, SUPERVISOR_NO_NODE, what nodes say
 */
export async function outputsAtTimestamp(
  view: SupervisorView,
  l1: SupervisedL1,
  timestamp: bigint,
  io: IoOptions,
): Promise<OutputsAt> {
  const found: ChainAt[] = []
  const optimistic: OptimisticOutput[] = []
  for (const chainId of view.dependencySet.chainIds) {
    try {
      const chain = await chainAt(view, chainId, timestamp, io)
      found.push(chain)
      const source = localSafeSource(view, chainId, chain.block.number)
      const requiredL1 = source && (await l1.ref(source.number, io))
      if (requiredL1 !== undefined) optimistic.push({ chainId, output: chain.pending, requiredL1 })
    } catch (error) {
      if (!isNotYet(error)) throw error
    }
  }
  if (found.length < view.dependencySet.chainIds.length) return { optimistic, verified: undefined }
  try {
    return { optimistic, verified: await superRootOf(view, l1, timestamp, found, io) }
  } catch (error) {
    if (isNotYet(error)) return { optimistic, verified: undefined }
    throw error
  }
}

function isNotYet(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown }
  return code === 'SUPERVISOR_NOT_FOUND' || code === 'SUPERVISOR_FUTURE'
}
