import type { DeliverableBlock } from '../builder/service.ts'
import type { Hash } from '../primitives/hex.ts'

/**
 * Why no block is made just now:
 * - `noChain`: the node has no chain to build on yet
 * - `nodeUnavailable`: a node does not answer, or not now
 * - `syncing`: the chain is being derived from L1
 * - `engineSyncing`: the execution layer lacks blocks
 * - `conflict`: somebody has led the chain past a block of this sequencer
 * - `safeLag`: the safe head is too far behind
 * - `l1Origin`: L1 does not have the block that has to be the next origin
 * - `l1Reorg`: L1 no longer has what the chain stands on
 * - `notLeading`: the conductor says that another sequencer leads
 * - `blockRefused`: a block could not be made, or was not taken
 */
export type WaitReason =
  | 'noChain'
  | 'nodeUnavailable'
  | 'syncing'
  | 'engineSyncing'
  | 'conflict'
  | 'safeLag'
  | 'l1Origin'
  | 'l1Reorg'
  | 'notLeading'
  | 'blockRefused'

/** What a sequencer does. */
export type SequencerActivity =
  | { readonly tag: 'stopped' }
  /** Until it is time for the next block. */
  | { readonly tag: 'idle' }
  | { readonly tag: 'building'; readonly parent: Hash; readonly number: bigint }
  | { readonly tag: 'delivering'; readonly hash: Hash; readonly number: bigint }
  | { readonly tag: 'waiting'; readonly reason: WaitReason; readonly detail: string; readonly since: number }

/** How late a block was. */
export interface BlockLateness {
  /** Milliseconds between when the block ought to be there and when it was; negative for one that was early. */
  readonly latenessMs: number
}

/** Hears of what a sequencer does. */
export interface SequencerObserver {
  activity(activity: SequencerActivity): void
  /** A block is complete; it is delivered next. */
  sealed(block: DeliverableBlock, lateness: BlockLateness): void
  /** A block is the head. */
  delivered(block: DeliverableBlock, lateness: BlockLateness): void
  /** Work on a block was given up; the next one is tried. */
  failed(error: unknown, reason: WaitReason): void
  /** What was being made is of no use any more: the head has moved. */
  dropped(parent: Hash): void
}

/** Tells several observers. */
export function toEach(observers: readonly SequencerObserver[]): SequencerObserver {
  return {
    activity(activity) {
      for (const observer of observers) observer.activity(activity)
    },
    sealed(block, lateness) {
      for (const observer of observers) observer.sealed(block, lateness)
    },
    delivered(block, lateness) {
      for (const observer of observers) observer.delivered(block, lateness)
    },
    failed(error, reason) {
      for (const observer of observers) observer.failed(error, reason)
    },
    dropped(parent) {
      for (const observer of observers) observer.dropped(parent)
    },
  }
}
