import type { IoOptions } from '../primitives/io.ts'
import type { BlockId, BlockRef, L1BlockRef, L2BlockRef } from '../protocol/refs.ts'
import { anyNode } from './any-node.ts'
import type { SupervisedL1 } from './ports.ts'
import { queryError } from './query-errors.ts'
import { supervisedChain } from './supervised-chains.ts'
import type { ChainHeads, SupervisorView } from './view.ts'

/** How far the chains are. */
export interface SupervisorSyncStatus {
  /** The newest L1 block that every chain was derived up to; undefined before there is one. */
  readonly minSyncedL1: L1BlockRef | undefined
  /** Unix seconds up to which every chain is cross-safe; 0 before one is. */
  readonly safeTimestamp: bigint
  /** Unix seconds up to which every chain is local-safe. */
  readonly localSafeTimestamp: bigint
  readonly finalizedTimestamp: bigint
  readonly chains: ReadonlyMap<bigint, ChainHeads | undefined>
}

function least(times: readonly (bigint | undefined)[]): bigint {
  return times.reduce<bigint>((low, time = 0n) => (time < low ? time : low), times[0] ?? 0n)
}

/** The oldest L1 block of which every chain's derivation has told; undefined before all have. */
function slowestSource(heads: readonly (ChainHeads | undefined)[]): BlockId | undefined {
  let slowest: BlockId | undefined
  for (const each of heads) {
    const source = each?.localSafe?.source
    if (source === undefined) return undefined
    if (slowest === undefined || source.number < slowest.number) slowest = source
  }
  return slowest
}

/**
 * How far the chains are, as op-supervisor tells it.
 * @throws AppError SUPERVISOR_NOT_READY before anything is known of any chain
 */
export async function syncStatus(view: SupervisorView, l1: SupervisedL1, io: IoOptions): Promise<SupervisorSyncStatus> {
  const chains = new Map([...view.chains].map(([chainId, { heads }]) => [chainId, heads]))
  const heads = [...chains.values()]
  if (heads.every((each) => each === undefined)) throw queryError('SUPERVISOR_NOT_READY')
  const slowest = slowestSource(heads)
  return {
    minSyncedL1: slowest && (await l1.ref(slowest.hash, io)),
    safeTimestamp: least(heads.map((each) => each?.crossSafe?.derived.timestamp)),
    localSafeTimestamp: least(heads.map((each) => each?.localSafe?.derived.timestamp)),
    finalizedTimestamp: least(heads.map((each) => each?.finalized?.timestamp)),
    chains,
  }
}

/** The heads of one chain with their L1 origins; undefined where there is none, or the node has another block by now. */
export interface NodeHeads {
  readonly unsafe: L2BlockRef | undefined
  readonly crossUnsafe: L2BlockRef | undefined
  readonly localSafe: L2BlockRef | undefined
  readonly safe: L2BlockRef | undefined
  readonly finalized: L2BlockRef | undefined
}

/** A chain's heads as its nodes know the blocks. @throws AppError SUPERVISOR_NO_NODE, what nodes say */
export async function nodeHeads(view: SupervisorView, chainId: bigint, io: IoOptions): Promise<NodeHeads> {
  const chain = supervisedChain(view, chainId)
  const { heads } = chain
  const read = async (block: BlockRef | undefined): Promise<L2BlockRef | undefined> => {
    if (block === undefined) return undefined
    const found = await anyNode(chain, (node) => node.refByNumber(block.number, io))
    return found?.hash === block.hash ? found : undefined
  }
  const [unsafe, crossUnsafe, localSafe, safe, finalized] = await Promise.all(
    [
      heads?.localUnsafe,
      heads?.crossUnsafe,
      heads?.localSafe?.derived,
      heads?.crossSafe?.derived,
      heads?.finalized,
    ].map(read),
  )
  return { unsafe, crossUnsafe, localSafe, safe, finalized }
}
