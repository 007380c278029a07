import type { Hash } from '../primitives/hex.ts'
import type { DependencySet } from '../protocol/dependency-set.ts'
import type { SafePair } from '../protocol/managed-mode.ts'
import type { BlockId, BlockRef, L1BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { LogDb } from './db/log-db.ts'
import type { SuperSafeDb } from './db/super-safe-db.ts'
import type { DeniedBlock } from './db/supervisor-store.ts'
import type { ManagedNode } from './ports.ts'

/** How far one chain is, by how much is known of a block. */
export interface ChainHeads {
  /** The last block whose logs are known. */
  readonly localUnsafe: BlockRef
  /** The last one whose messages hold, as far as unsafe blocks of other chains say. */
  readonly crossUnsafe: BlockRef
  /** The last one that derives from L1; undefined before one is known. */
  readonly localSafe: SafePair<BlockId, BlockRef> | undefined
  /** The last one whose dependencies are safe, too, and the L1 block with which they all are. */
  readonly crossSafe: SafePair<BlockId, BlockRef> | undefined
  readonly finalized: BlockRef | undefined
}

/** One chain of the dependency set. */
export interface SupervisedChain {
  readonly chainId: bigint
  readonly rollup: RollupConfig
  /** Logs of its blocks up to the local-unsafe head. */
  readonly logs: Pick<LogDb, 'first' | 'tip' | 'block' | 'blockAtTime' | 'find' | 'executing' | 'logCount'>
  /** Undefined before anything is known of it. */
  readonly heads: ChainHeads | undefined
  /** Who can be asked about its blocks. */
  readonly nodes: readonly ManagedNode[]
}

/** What a supervisor knows: whatever is read of it between two awaits belongs together. */
export interface SupervisorView {
  readonly dependencySet: DependencySet
  readonly chains: ReadonlyMap<bigint, SupervisedChain>
  /** What is safe by L1 block; chains in ascending order of their ids. */
  readonly safety: Pick<SuperSafeDb, 'first' | 'tip' | 'row' | 'safeAt' | 'crossSafeSource' | 'crossSafeUpTo' | 'hasL1'>
  /** L1's finalized block, as far as it is known. */
  readonly finalizedL1: L1BlockRef | undefined
  denied(chainId: bigint, hash: Hash): DeniedBlock | undefined
  /** Whether no message is to be executed now. */
  readonly failsafe: boolean
  /** Goes up whenever any of it changes: what was read before is to be read again. */
  readonly epoch: number
  /** Told of each change. @returns what ends that */
  onChange(listener: () => void): () => void
}
