import type { DerivedAttributes } from '../derive/attributes-queue.ts'
import type { Hash } from '../primitives/hex.ts'
import type { Payload } from '../protocol/payload.ts'
import type { BlockId, L1BlockRef, L2BlockRef } from '../protocol/refs.ts'
import type { FinalityBuffer } from './finality-buffer.ts'
import type { L1View } from './ports.ts'
import { EMPTY_QUEUE, type UnsafeQueue } from './unsafe-queue.ts'

/** How far the chain is, by how much is known of a block. Each is an ancestor of the one before it, or the same. */
export interface Heads {
  readonly unsafe: L2BlockRef
  /** Its messages hold, as far as unsafe blocks of other chains say. */
  readonly crossUnsafe: L2BlockRef
  /** Derived, or found equal to what was derived; its span may not be complete. */
  readonly pendingSafe: L2BlockRef
  /** Derived, and concluded. */
  readonly localSafe: L2BlockRef
  /** What the engine calls safe. */
  readonly crossSafe: L2BlockRef
  readonly finalized: L2BlockRef
}

/**
 * The pipeline of derivation: it has to be reset to a head (`unready`), has more to give (`ready`), or waits for L1 (`exhausted`, with
 * the L1 head that was known then).
 */
export interface Derivation {
  readonly tag: 'unready' | 'ready' | 'exhausted'
  /** The L1 block that is being read. */
  readonly origin: L1BlockRef | undefined
}

/** Attributes that wait to be compared or built. */
export interface PendingAttributes extends DerivedAttributes {
  /** Why the unsafe block of this height is not what was derived: it is going to be replaced. Undefined: not compared, or nothing there. */
  readonly mismatch: string | undefined
  /** Made of deposits alone, because the engine refused the whole. */
  readonly depositsOnly: boolean
}

/** A block that is being built here on a head. */
export interface BuildSlot {
  readonly parent: L2BlockRef
  /** Milliseconds since the epoch. */
  readonly startedAt: number
}

/** What is known of the engine. */
export interface EngineView {
  /** Why it may not be where it was left; undefined: it is. */
  readonly doubt: string | undefined
  /** Milliseconds since the epoch: when its labels were last seen to be those that were set. */
  readonly seenAt: number
  /** The label `safe` that it was last told. */
  readonly toldSafe: L2BlockRef | undefined
  /** The newest block that was given to it as the target of a sync; undefined: it does not sync. */
  readonly syncTarget: L2BlockRef | undefined
  /** Its head where that is a descendant of the unsafe head that was let go of: an engine is not wound back, nor by blocks in between. */
  readonly leftBehind: Hash | undefined
}

/** Where to go on from. `found`: where L1 and L2 say; only unsafe blocks are taken in from there, where nothing is to be derived yet. */
export type ResetPoint =
  | { readonly tag: 'found'; readonly derives: boolean }
  | { readonly tag: 'given'; readonly heads: Heads }

/** Asked for, and not done yet. */
export interface ResetRequest {
  readonly reason: string
  /** Where a supervisor manages the chain: what it has said. Undefined: it has not yet. */
  readonly to?: ResetPoint
}

/** What a supervisor has said last of how far other chains agree; taken over when it is there here, too. */
export interface Directions {
  readonly crossUnsafe?: BlockId
  readonly crossSafe?: { readonly derived: BlockId; readonly source: BlockId }
  readonly finalized?: BlockId
}

/** A block that has another one in its place. */
export interface ReplacedBlock {
  readonly block: L2BlockRef
  readonly replacement: L2BlockRef
  /** The L1 block that was being read then: where it is gone, so may be what the block was invalid for. */
  readonly origin: BlockId | undefined
}

/** A block that was sealed here, to become the head. */
export interface SealedRequest {
  readonly payload: Payload
  /** Milliseconds since the epoch. */
  readonly since: number
  /** Called once: with what stands in its way, or with nothing when it is the head. */
  readonly settle: (refused?: Error) => void
}

/** The block after one, whose messages could not be judged. */
export interface UndecidedBlock {
  readonly after: Hash
  /** {@link DriverState.branch} and {@link DriverState.remoteView} at that time. */
  readonly branch: number
  readonly view: number
}

/** A block that other chains have made invalid. */
export interface Invalidation {
  readonly block: L2BlockRef
  readonly reason: string
}

/** All that the driver knows. Never changed: an effect gives a patch, and the next state is another object. */
export interface DriverState {
  readonly l1: L1View
  readonly derivation: Derivation
  readonly attributes: PendingAttributes | undefined
  readonly queue: UnsafeQueue
  /** Undefined before they have been found. */
  readonly heads: Heads | undefined
  /** The unsafe head that derived blocks have replaced: it comes back once, where these turn out to be invalid. */
  readonly backupUnsafe: L2BlockRef | undefined
  readonly finality: FinalityBuffer
  readonly build: BuildSlot | undefined
  /** In the order in which they came. */
  readonly sealed: readonly SealedRequest[]
  /** Goes up whenever the unsafe head leaves the branch that it stood on. */
  readonly branch: number
  readonly engine: EngineView
  readonly reset: ResetRequest | undefined
  /** By rising number: with the lowest, those above it leave the chain. */
  readonly invalidations: readonly Invalidation[]
  /** Blocks that other chains have made invalid: none of them comes back. */
  readonly denied: ReadonlySet<Hash>
  /** Those of them that a supervisor had replaced. */
  readonly replaced: ReadonlyMap<Hash, ReplacedBlock>
  readonly directions: Directions
  /** The L1 block that a supervisor lets be read next. */
  readonly provided: L1BlockRef | undefined
  readonly undecided: UndecidedBlock | undefined
  /** Goes up whenever what is known of other chains changes. */
  readonly remoteView: number
  /** An invariant broke: why derivation stands still until it is reset by hand. */
  readonly halted: string | undefined
}

/** A part of the state that effects write. */
export type Slice = keyof DriverState

/** What is known before anything is read: the heads have to be found. */
export const INITIAL_STATE: DriverState = {
  l1: { head: undefined, safe: undefined, finalized: undefined },
  derivation: { tag: 'unready', origin: undefined },
  attributes: undefined,
  queue: EMPTY_QUEUE,
  heads: undefined,
  backupUnsafe: undefined,
  finality: [],
  build: undefined,
  sealed: [],
  branch: 0,
  engine: { doubt: undefined, seenAt: 0, toldSafe: undefined, syncTarget: undefined, leftBehind: undefined },
  reset: { reason: 'start' },
  invalidations: [],
  denied: new Set(),
  replaced: new Map(),
  directions: {},
  provided: undefined,
  undecided: undefined,
  remoteView: 0,
  halted: undefined,
}
