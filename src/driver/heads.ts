import type { ForkchoiceState } from '../engine/engine-api.ts'
import type { L2BlockRef } from '../protocol/refs.ts'
import type { DriverState, Heads, PendingAttributes } from './driver-state.ts'
import type { Patch } from './effect.ts'
import { withSafe } from './finality-buffer.ts'

/** What the engine is told with each head. */
export function labelsOf({ crossSafe, finalized }: Heads): Omit<ForkchoiceState, 'head'> {
  return { safe: crossSafe.hash, finalized: finalized.hash }
}

/** Whether nothing stands in the way of going on from the heads that are known. */
export function isReady(state: DriverState): state is DriverState & { readonly heads: Heads } {
  return state.heads !== undefined && state.reset === undefined && state.engine.doubt === undefined
}

/** Whether a supervisor says how far a block is: what is safe here is so only as far as this chain goes. */
export type Directed = (block: Pick<L2BlockRef, 'timestamp'>) => boolean

/** How the engine was given a head. */
export interface Moved {
  /** Heads whose labels it was told with it: others may be known by the time that it answers. */
  readonly told: Heads
  /** Whether blocks become cross-unsafe only when their messages have been looked at. */
  readonly checksMessages: boolean
  readonly directed?: Directed | undefined
}

/** With another unsafe head, which the engine has. */
export function movedUnsafe(
  now: DriverState & { readonly heads: Heads },
  unsafe: L2BlockRef,
  { told, checksMessages, directed }: Moved,
) {
  const { heads, branch, engine } = now
  const stays = unsafe.parentHash === heads.unsafe.hash || unsafe.hash === heads.unsafe.hash
  // What was looked at on the branch that is left says nothing of this one.
  const checked = stays ? heads.crossUnsafe : heads.crossSafe
  return {
    heads: { ...heads, unsafe, crossUnsafe: checksMessages || directed?.(unsafe) === true ? checked : unsafe },
    branch: stays ? branch : branch + 1,
    build: undefined,
    engine: { ...engine, toldSafe: told.crossSafe, syncTarget: undefined },
  } satisfies Patch
}

/** What becomes of what was derived. */
export interface SafeRules {
  /** L1 blocks that safe blocks are remembered for; op-node's where it is left out. */
  readonly finalityLookback?: number | undefined
  readonly directed?: Directed | undefined
}

/** With a block that was derived, and stands in the chain: attributes are used up with it. */
export function movedSafe(
  now: DriverState & { readonly heads: Heads },
  ref: L2BlockRef,
  { concluding, derivedFrom }: Pick<PendingAttributes, 'concluding' | 'derivedFrom'>,
  { finalityLookback, directed }: SafeRules = {},
) {
  const { heads } = now
  if (!concluding) return { heads: { ...heads, pendingSafe: ref }, attributes: undefined } satisfies Patch
  const told = directed?.(ref) === true
  const crossSafe = !told && ref.number <= heads.crossUnsafe.number ? ref : heads.crossSafe
  return {
    heads: { ...heads, pendingSafe: ref, localSafe: ref, crossSafe },
    finality: told ? now.finality : withSafe(now.finality, { safe: ref, derivedFrom }, finalityLookback),
    attributes: undefined,
    // With the whole span there, nobody wants back what it replaced.
    backupUnsafe: undefined,
  } satisfies Patch
}
