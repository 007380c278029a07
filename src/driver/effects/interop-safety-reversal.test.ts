import { beforeEach, describe, expect, it } from 'vitest'
import {
  applied,
  FakeForkchoice,
  FakeL2Chain,
  failureOf,
  isStale,
  NO_ANSWER,
} from '../../../test/support/driver-fakes.ts'
import { headsAt, L2Blocks, pending, stateWith, type WorldBlock } from '../../../test/support/driver-world.ts'
import type { PayloadAttributes } from '../../protocol/attributes.ts'
import type { DriverState } from '../driver-state.ts'
import { interopSafetyReversal } from './interop-safety-reversal.ts'

const blocks = new L2Blocks()
const { genesis } = blocks
const [one, two] = blocks.chain(genesis, 2) as [WorldBlock, WorldBlock]
const bad = blocks.on(two.ref, { transactions: [Uint8Array.of(2, 1)] })
const above = blocks.on(bad.ref)
/** The same without its user's transaction. */
const replacement = blocks.on(two.ref)

let l2: FakeL2Chain
let forkchoice: FakeForkchoice
let asked: PayloadAttributes | undefined
beforeEach(() => {
  l2 = new FakeL2Chain(genesis, [one, two, bad, above])
  forkchoice = new FakeForkchoice()
  forkchoice.onBuild = (attributes) => {
    asked = attributes
    return { tag: 'built', payload: replacement.payload }
  }
})
const effect = () => interopSafetyReversal({ config: blocks.config, l2, forkchoice })
const invalidations = [{ block: bad.ref, reason: 'a message that it executes does not hold' }]
const state = stateWith(headsAt(above.ref, { safe: bad.ref, crossSafe: one.ref, finalized: genesis }), {
  invalidations,
  attributes: pending(above, bad.ref),
})

describe('whether a block is taken back', () => {
  it.each<[string, DriverState, string | undefined]>([
    ['other chains have made it invalid', state, 'block 3: a message that it executes does not hold'],
    ['none has', { ...state, invalidations: [] }, undefined],
    ['the heads are to be found anew', { ...state, reset: { reason: 'asked' } }, undefined],
    ['the engine may be elsewhere', { ...state, engine: { ...state.engine, doubt: 'x' } }, undefined],
  ])('where %s', (_, each, why) => {
    expect(effect().when(each, 0)?.why).toBe(why)
  })

  it('keeps engine, pipeline and the record of safe heads to itself', () => {
    expect(effect().when(state, 0)?.uses).toEqual(['engine', 'pipeline', 'safe-heads'])
  })
})

describe('taking a block back', () => {
  it('puts one of its deposits in its place, and no head stays above its parent', async () => {
    const outcome = await effect().run(state, {})
    const next = applied(effect(), outcome, state)
    expect(forkchoice.calls).toEqual([`build on ${two.ref.hash}`])
    expect(asked).toEqual(replacement.attributes)
    expect(next.heads).toEqual({
      unsafe: replacement.ref,
      crossUnsafe: one.ref,
      pendingSafe: two.ref,
      localSafe: two.ref,
      crossSafe: one.ref,
      finalized: genesis,
    })
    expect(outcome.note).toBe(`${replacement.ref.hash} in its place`)
  })

  it('never takes it in again, and has derivation begin anew', async () => {
    const next = applied(effect(), await effect().run(state, {}), state)
    expect([...next.denied]).toEqual([bad.ref.hash])
    expect(next).toMatchObject({ invalidations: [], attributes: undefined, branch: state.branch + 1 })
    expect(next.reset?.reason).toBe('block 3 was replaced')
  })

  it('labels the engine with what is left of the heads', async () => {
    const safe = stateWith(headsAt(above.ref, { safe: bad.ref, finalized: one.ref }), { invalidations })
    await effect().run(safe, {})
    expect(forkchoice.labels).toEqual({ safe: two.ref.hash, finalized: one.ref.hash })
  })

  it('has nothing to do where the chain has left it', async () => {
    l2.blocks = [one, two, replacement]
    const next = applied(effect(), await effect().run(state, {}), state)
    expect(forkchoice.calls).toEqual([])
    expect(next.heads).toBe(state.heads)
    expect(next).toMatchObject({ invalidations: [], reset: undefined })
    expect([...next.denied]).toEqual([bad.ref.hash])
  })

  it('leaves those above it for later: they have left the chain with it', async () => {
    const both = { ...state, invalidations: [...invalidations, { block: above.ref, reason: 'another' }] }
    const next = applied(effect(), await effect().run(both, {}), both)
    expect(next.invalidations.map(({ block }) => block)).toEqual([above.ref])
    l2.blocks = [one, two, replacement]
    const found = { ...next, reset: undefined }
    const last = applied(effect(), await effect().run(found, {}), found)
    expect(last.invalidations).toEqual([])
    expect([...last.denied]).toEqual([bad.ref.hash, above.ref.hash])
    expect(forkchoice.calls).toHaveLength(1)
  })

  it('keeps what was made invalid meanwhile', async () => {
    const outcome = await effect().run(state, {})
    const now = { ...state, invalidations: [...invalidations, { block: above.ref, reason: 'another' }] }
    expect(isStale(effect(), state, now)).toBe(false)
    expect(applied(effect(), outcome, now).invalidations).toEqual([now.invalidations[1]])
  })

  it('stops where the block is final, or even its deposits are refused', async () => {
    const final = stateWith(headsAt(above.ref, { finalized: bad.ref }), { invalidations })
    expect(await failureOf(effect().run(final, {}))).toEqual({ code: 'CHAIN_MISMATCH', severity: 'critical' })
    expect(forkchoice.calls).toEqual([])
    forkchoice.onBuild = () => ({ tag: 'refused', reason: 'no' })
    expect(await failureOf(effect().run(state, {}))).toEqual({ code: 'DEPOSITS_REFUSED', severity: 'critical' })
  })

  it('is tried again where the engine does not answer', async () => {
    l2.fault = () => {
      throw NO_ANSWER
    }
    expect(await failureOf(effect().run(state, {}))).toMatchObject({ severity: 'temporary' })
  })

  it('is out of date with a reset, or a lower invalid block', () => {
    expect(isStale(effect(), state, { ...state, reset: { reason: 'asked' } })).toBe(true)
    expect(
      isStale(effect(), state, { ...state, invalidations: [{ block: one.ref, reason: 'x' }, ...invalidations] }),
    ).toBe(true)
    expect(isStale(effect(), state, { ...state, remoteView: 1 })).toBe(false)
  })
})
