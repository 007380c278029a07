import { describe, expect, it } from 'vitest'
import { headsAt, L2Blocks, l1Ref, pending, stateWith, type WorldBlock } from '../../../test/support/driver-world.ts'
import type { ManagedEvent } from '../../protocol/managed-mode.ts'
import type { BlockRef } from '../../protocol/refs.ts'
import { type DriverState, INITIAL_STATE } from '../driver-state.ts'
import type { EffectName } from '../effect.ts'
import type { EffectResult } from '../trace.ts'
import { awaitedReset, eventsOf, exhausted, statusEvents } from './events-of.ts'

const blocks = new L2Blocks()
const chain = blocks.chain(blocks.genesis, 6)
const block = (number: number) => chain[number - 1] as WorldBlock
const ref = (number: number) => block(number).ref
const plain = ({ hash, number, parentHash, timestamp }: BlockRef): BlockRef => ({ hash, number, parentHash, timestamp })
/** Messages are active from block 3 on. */
const directed = ({ timestamp }: { readonly timestamp: bigint }): boolean => timestamp >= ref(3).timestamp
const heads = headsAt(ref(5), { safe: ref(4), finalized: blocks.genesis })
const state = stateWith(heads)

function told(
  before: DriverState,
  after: DriverState,
  effect: EffectName = 'attributes-generation',
  result: EffectResult = 'applied',
): readonly ManagedEvent[] {
  return eventsOf({ at: 0, effect, why: '', result, ms: 0, before, after }, directed)
}
const at = (number: bigint, tag: 'ready' | 'exhausted' = 'ready') => ({ derivation: { tag, origin: l1Ref(number) } })

describe('what is told', () => {
  it('of another unsafe head', () => {
    const after = { ...state, heads: { ...heads, unsafe: ref(6) } }
    expect(told(state, after, 'unsafe-processing')).toEqual([{ tag: 'unsafe-block', block: plain(ref(6)) }])
    expect(told(state, after, 'unsafe-processing', 'stale')).toEqual([])
  })

  it('of an unsafe head that a reset has kept above the one that was given', () => {
    const given = (unsafe: typeof heads.unsafe): DriverState => ({
      ...state,
      reset: { reason: 'for a test', to: { tag: 'given', heads: { ...heads, unsafe } } },
    })
    expect(told(given(ref(4)), state, 'safety-reversal')).toEqual([{ tag: 'unsafe-block', block: plain(ref(5)) }])
    expect(told(given(ref(5)), state, 'safety-reversal')).toEqual([])
  })

  it('of a block that was derived', () => {
    const before = { ...state, attributes: pending(block(5), ref(4)) }
    const after = { ...state, heads: { ...heads, pendingSafe: ref(5), localSafe: ref(5) } }
    expect(told(before, after, 'safety-progression')).toEqual([
      { tag: 'derivation-update', pair: { source: l1Ref(10n), derived: plain(ref(5)) } },
    ])
  })

  it('of the next L1 block', () => {
    expect(told(state, { ...state, ...at(11n) })).toEqual([
      { tag: 'derivation-update', pair: { source: l1Ref(11n), derived: plain(ref(4)) }, origin: l1Ref(11n) },
    ])
  })

  it('of an L1 block that is read to its end, once', () => {
    const after = { ...state, ...at(10n, 'exhausted') }
    const event = { tag: 'exhausted', pair: { source: l1Ref(10n), derived: plain(ref(4)) } }
    expect(told(state, after)).toEqual([event])
    expect(told(after, after, 'engine-consistency')).toEqual([])
    expect(exhausted(after)).toEqual(event)
    expect(exhausted({ ...after, provided: l1Ref(10n) })).toEqual(event)
    expect(exhausted({ ...after, provided: l1Ref(11n) })).toBeUndefined()
    expect(exhausted({ ...after, attributes: pending(block(5), ref(4)) })).toBeUndefined()
  })

  it('of a reset that waits, and of unsafe blocks that come in before there is one', () => {
    const reset = { reason: 'L1 is another one' }
    const after = { ...state, ...at(10n, 'exhausted'), reset }
    expect(told(state, after)).toEqual([{ tag: 'reset', reason: reset.reason }])
    const held = { ...state, derivation: { tag: 'unready', origin: undefined } } as const
    const grown = { ...held, heads: { ...heads, unsafe: ref(6) } }
    expect(told(held, grown, 'unsafe-processing')).toEqual([{ tag: 'unsafe-block', block: plain(ref(6)) }])
    expect(told(state, after, 'attributes-generation', 'reset')).toEqual([{ tag: 'reset', reason: reset.reason }])
    expect(told(after, after, 'engine-consistency')).toEqual([])
    expect(awaitedReset({ ...after, reset: { ...reset, to: { tag: 'found', derives: true } } })).toBeUndefined()
    expect(awaitedReset(INITIAL_STATE)).toEqual({ tag: 'reset', reason: 'start' })
    expect(awaitedReset(state)).toBeUndefined()
    expect(awaitedReset({ ...state, derivation: { tag: 'unready', origin: undefined } })?.tag).toBe('reset')
  })

  it('of a replacement, which it has asked for, and not of the heads that came of it', () => {
    const replaced = new Map([[ref(5).hash, { block: ref(5), replacement: ref(6), origin: undefined }]])
    const after = { ...state, replaced, heads: { ...heads, unsafe: ref(6), localSafe: ref(6) } }
    expect(told(state, after, 'interop-safety-reversal')).toEqual([
      { tag: 'replaced', replaced: { replacement: plain(ref(6)), invalidated: ref(5).hash } },
    ])
    expect(told(after, after, 'interop-safety-reversal')).toEqual([])
  })

  it('nothing of where it was told to go', () => {
    const after = { ...state, ...at(3n), heads: { ...heads, unsafe: ref(6), localSafe: ref(5) } }
    expect(told(state, after, 'safety-reversal')).toEqual([])
  })

  it('nothing of blocks from before the upgrade but that L1 is at its end', () => {
    const early = headsAt(ref(1), { safe: blocks.genesis })
    const before = stateWith(early, { attributes: pending(block(1), blocks.genesis) })
    const after = stateWith(headsAt(ref(2), { safe: ref(1) }), at(11n))
    expect(told(before, after, 'safety-progression')).toEqual([])
    expect(told(stateWith(early), stateWith(early, at(10n, 'exhausted'))).map(({ tag }) => tag)).toEqual(['exhausted'])
  })
})

describe('who has heard nothing before', () => {
  it('hears how far everything is', () => {
    expect(statusEvents({ ...state, ...at(10n, 'exhausted') }, directed)).toEqual([
      { tag: 'unsafe-block', block: plain(ref(5)) },
      { tag: 'derivation-update', pair: { source: l1Ref(10n), derived: plain(ref(4)) } },
      { tag: 'exhausted', pair: { source: l1Ref(10n), derived: plain(ref(4)) } },
    ])
  })

  it('hears that a reset is waited for', () => {
    expect(statusEvents(INITIAL_STATE, directed)).toEqual([{ tag: 'reset', reason: 'start' }])
    expect(statusEvents({ ...state, reset: { reason: 'x' } }, directed).map(({ tag }) => tag)).toEqual([
      'unsafe-block',
      'reset',
    ])
  })

  it('hears nothing where nothing is known, or nothing concerns it', () => {
    expect(statusEvents({ ...INITIAL_STATE, reset: undefined }, directed)).toEqual([])
    expect(statusEvents(stateWith(headsAt(ref(2))), directed)).toEqual([])
  })
})
