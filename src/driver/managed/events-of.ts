import type { ManagedEvent } from '../../protocol/managed-mode.ts'
import type { BlockRef, L2BlockRef } from '../../protocol/refs.ts'
import type { DriverState } from '../driver-state.ts'
import type { EffectName } from '../effect.ts'
import type { Directed } from '../heads.ts'
import type { TraceEvent } from '../trace.ts'

/** With these, a supervisor has said where the heads are, or is told in another way. */
const TAKEN_BACK: readonly EffectName[] = ['safety-reversal', 'interop-safety-reversal']

function plain({ hash, number, parentHash, timestamp }: BlockRef): BlockRef {
  return { hash, number, parentHash, timestamp }
}

/** The L1 block that is read to its end, and the last L2 block with it; undefined while there is more, or the next one is provided. */
export function exhausted({ derivation, heads, attributes, provided }: DriverState): ManagedEvent | undefined {
  const { tag, origin } = derivation
  if (tag !== 'exhausted' || origin === undefined || heads === undefined || attributes !== undefined) return undefined
  if (provided !== undefined && provided.number > origin.number) return undefined
  return { tag: 'exhausted', pair: { source: origin, derived: plain(heads.pendingSafe) } }
}

/** The unsafe head where a reset has kept it: the supervisor, which has said another one, knows only of that. */
function kept({ reset }: DriverState, { heads }: DriverState): L2BlockRef | undefined {
  const to = reset?.to
  return to?.tag === 'given' ? moved(to.heads.unsafe, heads?.unsafe) : undefined
}

/** What a supervisor is asked for: where to go on; undefined: nothing. */
export function awaitedReset({ reset, derivation, heads }: DriverState): ManagedEvent | undefined {
  if (reset?.to !== undefined) return undefined
  if (reset !== undefined) return { tag: 'reset', reason: reset.reason }
  if (heads !== undefined && derivation.tag === 'unready') return { tag: 'reset', reason: 'derivation has not begun' }
  return undefined
}

/** How far the driver is, for who has heard nothing before. */
export function statusEvents(state: DriverState, directed: Directed): readonly ManagedEvent[] {
  const waits = awaitedReset(state)
  const { heads, derivation } = state
  const events: ManagedEvent[] = []
  if (heads !== undefined && directed(heads.unsafe)) events.push({ tag: 'unsafe-block', block: plain(heads.unsafe) })
  if (waits !== undefined) return [...events, waits]
  if (heads === undefined) return events
  if (derivation.origin !== undefined && directed(heads.localSafe)) {
    events.push({ tag: 'derivation-update', pair: { source: derivation.origin, derived: plain(heads.localSafe) } })
  }
  const done = exhausted(state)
  return done === undefined ? events : [...events, done]
}

function moved(before: L2BlockRef | undefined, after: L2BlockRef | undefined): L2BlockRef | undefined {
  return after !== undefined && after.hash !== before?.hash ? after : undefined
}

/**
 * What a supervisor is to be told of what the driver has done, in op-node's order. Of blocks from before the interop upgrade it hears
 * nothing.
 * @see op-node, indexing.IndexingMode OnEvent
 */
export function eventsOf({ effect, result, before, after }: TraceEvent, directed: Directed): readonly ManagedEvent[] {
  const waits = awaitedReset(after)
  const asks = waits !== undefined && awaitedReset(before) === undefined ? [waits] : []
  if (result !== 'applied') return asks
  const events: ManagedEvent[] = []
  for (const [invalidated, { replacement }] of after.replaced) {
    if (before.replaced.has(invalidated)) continue
    events.push({ tag: 'replaced', replaced: { replacement: plain(replacement), invalidated } })
  }
  const unsafeKept = effect === 'safety-reversal' ? kept(before, after) : undefined
  if (unsafeKept !== undefined) events.push({ tag: 'unsafe-block', block: plain(unsafeKept) })
  if (!TAKEN_BACK.includes(effect)) {
    const unsafe = moved(before.heads?.unsafe, after.heads?.unsafe)
    if (unsafe !== undefined && directed(unsafe)) events.push({ tag: 'unsafe-block', block: plain(unsafe) })
    const localSafe = moved(before.heads?.localSafe, after.heads?.localSafe)
    const source = before.attributes?.derivedFrom
    if (localSafe !== undefined && source !== undefined && directed(localSafe)) {
      events.push({ tag: 'derivation-update', pair: { source: plain(source), derived: plain(localSafe) } })
    }
    const { origin } = after.derivation
    const last = after.heads?.pendingSafe
    if (
      origin !== undefined &&
      last !== undefined &&
      origin.hash !== before.derivation.origin?.hash &&
      directed(last)
    ) {
      events.push({ tag: 'derivation-update', pair: { source: origin, derived: plain(last) }, origin })
    }
  }
  if (waits !== undefined) return [...events, ...asks]
  const done = before.derivation.tag === 'exhausted' && before.attributes === undefined ? undefined : exhausted(after)
  return done === undefined ? events : [...events, done]
}
