import { beforeEach, describe, expect, it } from 'vitest'
import {
  applied,
  FakeForkchoice,
  FakeL2Chain,
  failureOf,
  isStale,
  NO_ANSWER,
} from '../../../test/support/driver-fakes.ts'
import { headsAt, L2Blocks, l1Ref, stateWith, type WorldBlock } from '../../../test/support/driver-world.ts'
import { AppError } from '../../primitives/errors.ts'
import type { Hash } from '../../primitives/hex.ts'
import type { L1BlockRef } from '../../protocol/refs.ts'
import type { DriverState } from '../driver-state.ts'
import type { SafeWith } from '../finality-buffer.ts'
import { finalityProgression } from './finality-progression.ts'

const blocks = new L2Blocks()
const { genesis } = blocks
const chain = blocks.chain(genesis, 9)
const block = (number: number): WorldBlock => chain[number - 1] as WorldBlock

let forkchoice: FakeForkchoice
let branchOfL1: (number: bigint) => L1BlockRef | undefined
let asked: (Hash | bigint)[]
beforeEach(() => {
  forkchoice = new FakeForkchoice()
  branchOfL1 = (number) => l1Ref(number)
  asked = []
})
function effect() {
  const l1 = {
    async ref(id: Hash | bigint) {
      asked.push(id)
      return branchOfL1(id as bigint)
    },
  }
  const l2 = new FakeL2Chain(genesis, chain)
  return finalityProgression({ l1, l2, forkchoice })
}

const finality: readonly SafeWith[] = [
  { safe: block(2).ref, derivedFrom: l1Ref(20n) },
  { safe: block(4).ref, derivedFrom: l1Ref(22n) },
  { safe: block(6).ref, derivedFrom: l1Ref(25n) },
]
const heads = headsAt(block(9).ref, { safe: block(6).ref, finalized: genesis })
const withFinal = (number: bigint | undefined, patch: Partial<DriverState> = {}) =>
  stateWith(heads, {
    finality,
    derivation: { tag: 'ready', origin: l1Ref(26n) },
    l1: { head: l1Ref(40n), safe: undefined, finalized: number === undefined ? undefined : l1Ref(number) },
    ...patch,
  })

describe('whether a block can be final', () => {
  const state = withFinal(23n)
  it.each<[string, DriverState, string | undefined]>([
    ['what it was derived from is', state, 'L1 block 23 is final'],
    ['L1 is not that far', withFinal(19n), undefined],
    ["L1's finality is not known", withFinal(undefined), undefined],
    ['nothing is remembered', withFinal(23n, { finality: [] }), undefined],
    ['it is final already', { ...state, heads: { ...heads, finalized: block(4).ref } }, undefined],
    ['a later one is', { ...state, heads: { ...heads, finalized: block(5).ref } }, undefined],
    ['it is not cross-safe yet', { ...state, heads: { ...heads, crossSafe: block(1).ref } }, undefined],
    [
      'more may become safe with the same L1 block',
      withFinal(25n, { finality: finality.slice(2), derivation: { tag: 'ready', origin: l1Ref(25n) } }),
      undefined,
    ],
    [
      'no more does',
      withFinal(25n, { finality: finality.slice(2), derivation: { tag: 'exhausted', origin: l1Ref(25n) } }),
      'L1 block 25 is final',
    ],
    ['there are no heads', { ...state, heads: undefined }, undefined],
    ['the heads are to be found anew', { ...state, reset: { reason: 'asked' } }, undefined],
    ['the engine may be elsewhere', { ...state, engine: { ...state.engine, doubt: 'no answer' } }, undefined],
    ['derivation stands still', { ...state, halted: 'broken' }, 'L1 block 23 is final'],
  ])('where %s', (_, each, why) => {
    expect(effect().when(each, 0)?.why).toBe(why)
  })
})

describe('making blocks final', () => {
  it.each<[bigint, number]>([
    [20n, 2],
    [24n, 4],
    [39n, 6],
  ])('takes the newest block that final L1 blocks up to %i hold', async (number, expected) => {
    const state = withFinal(number)
    const next = applied(effect(), await effect().run(state, {}), state)
    expect(next.heads).toEqual({ ...heads, finalized: block(expected).ref })
    expect(forkchoice.calls).toEqual([`update ${block(9).ref.hash}`])
    expect(forkchoice.labels).toMatchObject({ safe: block(6).ref.hash, finalized: block(expected).ref.hash })
    expect(next.engine.toldSafe).toBe(block(6).ref)
  })

  it('takes one that is cross-safe where later ones are only local-safe', async () => {
    const state = { ...withFinal(39n), heads: { ...heads, crossSafe: block(5).ref } }
    expect(applied(effect(), await effect().run(state, {}), state).heads?.finalized).toBe(block(4).ref)
  })

  it('keeps what has become safe meanwhile, and what the engine was told', async () => {
    const state = withFinal(23n)
    const outcome = await effect().run(state, {})
    const now = { ...state, heads: { ...heads, localSafe: block(7).ref, crossSafe: block(7).ref } }
    const next = applied(effect(), outcome, now)
    expect(next.heads).toMatchObject({ crossSafe: block(7).ref, finalized: block(4).ref })
    expect(next.engine.toldSafe).toBe(block(6).ref)
  })

  it('looks at L1 again by number: both blocks have to stand', async () => {
    await effect().run(withFinal(23n), {})
    expect(asked).toEqual([23n, 22n])
  })

  it.each([22n, 23n])('has the heads found anew where L1 has another block %i', async (number) => {
    branchOfL1 = (each) => l1Ref(each, each === number ? 1n : 0n)
    expect(await failureOf(effect().run(withFinal(23n), {}))).toEqual({ code: 'HEADS_NOT_FOUND', severity: 'reset' })
    expect(forkchoice.calls).toEqual([])
  })

  it('is tried again where L1 does not have them now, or does not answer', async () => {
    branchOfL1 = () => undefined
    expect(await failureOf(effect().run(withFinal(23n), {}))).toMatchObject({ severity: 'temporary' })
    branchOfL1 = () => {
      throw NO_ANSWER
    }
    expect(await failureOf(effect().run(withFinal(23n), {}))).toMatchObject({ severity: 'temporary' })
  })

  it('has the heads found anew where the engine does not know its chain, or refuses', async () => {
    forkchoice.onUpdate = () => 'syncing'
    expect(await failureOf(effect().run(withFinal(23n), {}))).toEqual({ code: 'HEADS_NOT_FOUND', severity: 'reset' })
    forkchoice.onUpdate = () => {
      throw new AppError('FORKCHOICE_REFUSED', { severity: 'reset' })
    }
    expect(await failureOf(effect().run(withFinal(23n), {}))).toMatchObject({ severity: 'reset' })
  })

  it('is out of date with another head, a reset, or when what was remembered is forgotten', () => {
    const state = withFinal(23n)
    expect(isStale(effect(), state, { ...state, heads: { ...heads, unsafe: block(8).ref } })).toBe(true)
    expect(isStale(effect(), state, { ...state, reset: { reason: 'asked' } })).toBe(true)
    expect(isStale(effect(), state, { ...state, finality: [] })).toBe(true)
    const longer = [...finality, { safe: block(7).ref, derivedFrom: l1Ref(26n) }]
    expect(isStale(effect(), state, { ...state, finality: longer })).toBe(false)
  })
})

describe('what a supervisor says is final', () => {
  const said = (finalized: { hash: Hash; number: bigint }, patch: Partial<DriverState> = {}) =>
    withFinal(undefined, { directions: { finalized, crossUnsafe: block(9).ref }, ...patch })

  it('is so as far as the chain is safe, whatever L1 says', async () => {
    expect(effect().when(said(block(7).ref), 0)).toBeUndefined()
    expect(effect().when(said(genesis), 0)).toBeUndefined()
    const state = said(block(5).ref)
    expect(effect().when(state, 0)?.why).toBe('the supervisor says so of 5')
    const next = applied(effect(), await effect().run(state, {}), state)
    expect(next.heads).toEqual({ ...heads, finalized: block(5).ref })
    expect(forkchoice.labels).toMatchObject({ safe: block(6).ref.hash, finalized: block(5).ref.hash })
    expect(asked).toEqual([])
  })

  it('is forgotten where it is of another chain, unless something else was said meanwhile', async () => {
    const strange = { hash: `0x${'77'.repeat(32)}` as const, number: 5n }
    const state = said(strange)
    const outcome = await effect().run(state, {})
    expect(applied(effect(), outcome, state).directions).toEqual({ crossUnsafe: block(9).ref })
    expect(forkchoice.calls).toEqual([])
    const now = said(block(5).ref)
    expect(applied(effect(), outcome, now).directions).toEqual(now.directions)
  })
})
