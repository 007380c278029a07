import type { Hash } from '../primitives/hex.ts'
import type { BlockId, BlockRef } from './refs.ts'

/** An L2 block, and the L1 block with which it became safe. */
export interface SafePair<Source = BlockRef, Derived = BlockRef> {
  readonly source: Source
  readonly derived: Derived
}

/** What names a block whose messages do not hold. */
export interface BlockSeal extends BlockId {
  /** Unix seconds. */
  readonly timestamp: bigint
}

/** A block that stands for an invalid one, at its height. */
export interface BlockReplacement {
  readonly replacement: BlockRef
  readonly invalidated: Hash
}

/**
 * What a managed node tells its supervisor. `reset`: it cannot go on from where it is, and waits to be told where to go on.
 * `derivation-update`: a block is local-safe; `origin` is there where that is because derivation went on by an L1 block.
 * `exhausted`: all of an L1 block is derived, and the next one is to be provided.
 * @see managed mode specification, "Node -> Supervisor"
 */
export type ManagedEvent =
  | { readonly tag: 'reset'; readonly reason: string }
  | { readonly tag: 'unsafe-block'; readonly block: BlockRef }
  | { readonly tag: 'derivation-update'; readonly pair: SafePair; readonly origin?: BlockRef | undefined }
  | { readonly tag: 'exhausted'; readonly pair: SafePair }
  | { readonly tag: 'replaced'; readonly replaced: BlockReplacement }

/** Where a managed node is to go on from. Each is an ancestor of the one before it, or the same; so is `crossUnsafe` of `localUnsafe`. */
export interface ResetTarget {
  readonly localUnsafe: BlockId
  readonly crossUnsafe: BlockId
  readonly localSafe: BlockId
  readonly crossSafe: BlockId
  readonly finalized: BlockId
}
