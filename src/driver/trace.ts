import type { BlockId } from '../protocol/refs.ts'
import type { DriverState } from './driver-state.ts'
import type { EffectName } from './effect.ts'

/** `stale`: what an effect followed from had changed when it was done. */
export type EffectResult = 'applied' | 'stale' | 'temporary' | 'reset' | 'critical'

/** One effect that was run, and what has become of it. */
export interface TraceEvent {
  /** Milliseconds since the epoch, when it was over. */
  readonly at: number
  readonly effect: EffectName
  /** Why it was run. */
  readonly why: string
  readonly result: EffectResult
  /** How long it took, in milliseconds. */
  readonly ms: number
  readonly note?: string
  /** The state that its outcome was applied to, and what came of it. */
  readonly before: DriverState
  readonly after: DriverState
}

const LABELS = ['unsafe', 'crossUnsafe', 'pendingSafe', 'localSafe', 'crossSafe', 'finalized'] as const

/** A {@link TraceEvent} for people and their tools: what was done and why, and the heads that are others than before. */
export interface TraceRecord {
  /** RFC 3339, with milliseconds. */
  readonly at: string
  readonly effect: EffectName
  readonly why: string
  readonly result: EffectResult
  /** Milliseconds. */
  readonly ms: number
  readonly note?: string
  readonly heads?: Readonly<Record<string, string>>
  /** The L1 block that is being read. */
  readonly l1?: string
}

function blockText(block: BlockId | undefined): string {
  return block === undefined ? 'none' : `${block.number}:${block.hash}`
}

/** What {@link TraceEvent} says, in strings and numbers. */
export function traceRecord({ at, effect, why, result, ms, note, before, after }: TraceEvent): TraceRecord {
  const moved = LABELS.filter((label) => before.heads?.[label].hash !== after.heads?.[label].hash)
  const { origin } = after.derivation
  return {
    at: new Date(at).toISOString(),
    effect,
    why,
    result,
    ms,
    ...(note !== undefined && { note }),
    ...(moved.length > 0 && {
      heads: Object.fromEntries(moved.map((label) => [label, blockText(after.heads?.[label])])),
    }),
    ...(origin?.hash !== before.derivation.origin?.hash && { l1: blockText(origin) }),
  }
}
