import { beforeEach, describe, expect, it } from 'vitest'
import {
  applied,
  FakeForkchoice,
  FakeL2Chain,
  FakeSafeHeads,
  failureOf,
  isStale,
  NO_ANSWER,
} from '../../../test/support/driver-fakes.ts'
import { headsAt, L2Blocks, l1Ref, pending, stateWith, type WorldBlock } from '../../../test/support/driver-world.ts'
import { AppError } from '../../primitives/errors.ts'
import type { DriverState } from '../driver-state.ts'
import { safetyProgression } from './safety-progression.ts'

const blocks = new L2Blocks()
const { genesis } = blocks
const chain = blocks.chain(genesis, 300)
const block = (number: number): WorldBlock => chain[number - 1] as WorldBlock

let l2: FakeL2Chain
let forkchoice: FakeForkchoice
let safeHeads: FakeSafeHeads
beforeEach(() => {
  l2 = new FakeL2Chain(genesis, chain)
  forkchoice = new FakeForkchoice()
  safeHeads = new FakeSafeHeads()
})
const effect = (checksMessages = false) =>
  safetyProgression({ config: blocks.config, l2, forkchoice, safeHeads, checksMessages })

const heads = headsAt(block(5).ref, { safe: block(1).ref, finalized: genesis })
const waiting = stateWith(heads, { attributes: pending(block(2), block(1).ref) })
/** Safe up to a block, of which the engine was told only up to the first. */
function untold(number: number, patch: Partial<DriverState> = {}) {
  const state = stateWith(headsAt(block(250).ref, { safe: block(number).ref, finalized: genesis }), patch)
  return { ...state, engine: { ...state.engine, toldSafe: block(1).ref } }
}

describe('whether what was derived is compared', () => {
  it.each<[string, DriverState, string | undefined]>([
    ['the chain has a block there', waiting, 'block 2 was derived'],
    ['nothing was derived', { ...waiting, attributes: undefined }, undefined],
    [
      'it is known to be another one',
      { ...waiting, attributes: { ...pending(block(2), block(1).ref), mismatch: 'x' } },
      undefined,
    ],
    ['the chain has no block there', { ...waiting, heads: headsAt(block(1).ref) }, undefined],
    ['derivation stands still', { ...waiting, halted: 'broken' }, undefined],
    ['the heads are to be found anew', { ...waiting, reset: { reason: 'asked' } }, undefined],
    ['the engine may be elsewhere', { ...waiting, engine: { ...waiting.engine, doubt: 'no answer' } }, undefined],
    [
      'it does not follow',
      { ...waiting, attributes: pending(block(3), block(2).ref) },
      'attributes that do not follow',
    ],
  ])('where %s', (_, state, why) => {
    expect(effect().when(state, 0)?.why).toBe(why)
  })

  it('waits for the messages of the block where they are looked at', () => {
    const behind = { ...waiting, heads: { ...heads, crossUnsafe: block(1).ref } }
    expect(effect(true).when(behind, 0)).toBeUndefined()
    expect(effect(true).when({ ...behind, heads: { ...heads, crossUnsafe: block(2).ref } }, 0)).toBeDefined()
  })

  it('leaves the engine to others', () => {
    expect(effect().when(waiting, 0)?.uses).toEqual(['safe-heads'])
  })
})

it('waits where an engine that syncs by itself has gone over to another chain', async () => {
  const parts = { config: blocks.config, l2, forkchoice, safeHeads, checksMessages: false, engineSync: true }
  expect((await safetyProgression(parts).run(waiting, {})).patch(waiting).heads?.localSafe).toEqual(block(2).ref)
  safeHeads = new FakeSafeHeads()
  const other = blocks.chain(block(2).ref, 4, { transactions: [Uint8Array.of(2)] })
  const gone = { ...parts, safeHeads, l2: new FakeL2Chain(genesis, [block(1), block(2), ...other]) }
  expect(await failureOf(safetyProgression(gone).run(waiting, {}))).toMatchObject({
    code: 'ENGINE_SYNCING',
    severity: 'temporary',
  })
  expect(safeHeads.entries()).toEqual([])
  // Nor does anybody here bring it back in between.
  expect(safetyProgression(parts).when(waiting, 0)?.uses).toEqual(['engine', 'safe-heads'])
})

describe('comparing what was derived', () => {
  it('makes the block safe, and writes it down before anybody hears of it', async () => {
    const next = applied(effect(), await effect().run(waiting, {}), waiting)
    expect(safeHeads.calls).toEqual(['record 2 with 10'])
    expect(next.heads).toEqual({
      ...heads,
      pendingSafe: block(2).ref,
      localSafe: block(2).ref,
      crossSafe: block(2).ref,
    })
    expect(next.finality).toEqual([{ safe: block(2).ref, derivedFrom: l1Ref(10n) }])
    expect(next.attributes).toBeUndefined()
    expect(forkchoice.calls).toEqual([])
  })

  it('makes it pending only, within a span', async () => {
    const state = { ...waiting, attributes: pending(block(2), block(1).ref, { concluding: false }) }
    const next = applied(effect(), await effect().run(state, {}), state)
    expect(next.heads).toEqual({ ...heads, pendingSafe: block(2).ref })
    expect(safeHeads.calls).toEqual([])
    expect(next.finality).toEqual([])
  })

  it('keeps an unsafe head that has come meanwhile', async () => {
    const outcome = await effect().run(waiting, {})
    const now = { ...waiting, heads: { ...heads, unsafe: block(6).ref, crossUnsafe: block(6).ref } }
    expect(isStale(effect(), waiting, now)).toBe(false)
    expect(applied(effect(), outcome, now).heads).toMatchObject({ unsafe: block(6).ref, crossSafe: block(2).ref })
  })

  it('leaves another block to be replaced, and says what differs', async () => {
    const other = blocks.on(block(1).ref, { transactions: [Uint8Array.of(2)] })
    const state = { ...waiting, attributes: pending(other, block(1).ref) }
    const next = applied(effect(), await effect().run(state, {}), state)
    expect(next.attributes).toEqual({
      ...state.attributes,
      mismatch: 'transaction count does not match. expected: 2. got: 1',
    })
    expect(next.heads).toBe(heads)
    expect(safeHeads.calls).toEqual([])
  })

  it('never makes a block safe that other chains have made invalid', async () => {
    const state = { ...waiting, denied: new Set([block(2).ref.hash]) }
    const next = applied(effect(), await effect().run(state, {}), state)
    expect(next.attributes?.mismatch).toBe('other chains have made it invalid')
    expect(safeHeads.calls).toEqual([])
  })

  it('asks for the heads where the block is gone, or the attributes are for another place', async () => {
    l2.blocks = []
    expect(await failureOf(effect().run(waiting, {}))).toEqual({ code: 'HEADS_NOT_FOUND', severity: 'reset' })
    const astray = { ...waiting, attributes: pending(block(3), block(2).ref) }
    expect(await failureOf(effect().run(astray, {}))).toEqual({ code: 'HEADS_NOT_FOUND', severity: 'reset' })
  })

  it('is tried again where the engine does not answer, and passes on what the record says', async () => {
    l2.fault = () => {
      throw NO_ANSWER
    }
    expect(await failureOf(effect().run(waiting, {}))).toMatchObject({ severity: 'temporary' })
    l2.fault = () => {}
    safeHeads.fault = () => {
      throw new AppError('STORE_FAILED', { severity: 'reset' })
    }
    expect(await failureOf(effect().run(waiting, {}))).toEqual({ code: 'STORE_FAILED', severity: 'reset' })
  })

  it('is out of date with another branch, other attributes, another pending-safe head', () => {
    expect(isStale(effect(), waiting, { ...waiting, branch: 1 })).toBe(true)
    expect(isStale(effect(), waiting, { ...waiting, attributes: undefined })).toBe(true)
    expect(isStale(effect(), waiting, { ...waiting, heads: { ...heads, pendingSafe: genesis } })).toBe(true)
  })
})

describe('telling the engine what is safe', () => {
  const ready = { tag: 'ready', origin: l1Ref(10n) } as const
  const more = pending(block(4), block(3).ref)
  it.each<[string, DriverState, boolean]>([
    ['all of L1 is read', untold(3, { derivation: { ...ready, tag: 'exhausted' } }), true],
    ['more may come', untold(3), false],
    ['more is there', untold(3, { attributes: more }), false],
    ['many were not told', untold(129), true],
    ['nearly as many were not', untold(128), false],
    [
      'it was told nothing since it was begun',
      { ...untold(3), engine: { ...untold(3).engine, toldSafe: undefined } },
      true,
    ],
    ['derivation stands still', untold(3, { halted: 'broken' }), true],
    ['what is there is going to be built', untold(3, { attributes: { ...more, mismatch: 'other' } }), true],
    ['the heads are to be found anew', untold(129, { reset: { reason: 'asked' } }), false],
  ])('where %s', (_, state, expected) => {
    const cause = effect().when(state, 0)
    expect(cause?.uses.includes('engine') ?? false).toBe(expected)
  })

  it('does so also while a block waits for its messages to be looked at', () => {
    const state = untold(3, { attributes: more })
    const stuck = { ...state, heads: { ...state.heads, crossUnsafe: block(3).ref } }
    expect(effect(true).when(stuck, 0)?.uses).toEqual(['engine'])
  })

  it('gives it the labels, with the head as it is', async () => {
    const state = untold(129)
    const next = applied(effect(), await effect().run(state, {}), state)
    expect(forkchoice.calls).toEqual([`update ${block(250).ref.hash}`])
    expect(forkchoice.labels).toMatchObject({ safe: block(129).ref.hash, finalized: genesis.hash })
    expect(next.engine.toldSafe).toBe(block(129).ref)
    expect(effect().when(next, 0)).toBeUndefined()
  })

  it('asks for the heads where the engine does not know its own chain', async () => {
    forkchoice.onUpdate = () => 'syncing'
    expect(await failureOf(effect().run(untold(129), {}))).toEqual({ code: 'HEADS_NOT_FOUND', severity: 'reset' })
  })
})
