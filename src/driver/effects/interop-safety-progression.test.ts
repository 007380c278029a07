import { beforeEach, describe, expect, it } from 'vitest'
import { applied, FakeL2Chain, failureOf, isStale, NO_ANSWER } from '../../../test/support/driver-fakes.ts'
import { headsAt, L2Blocks, stateWith, type WorldBlock } from '../../../test/support/driver-world.ts'
import type { L2BlockRef } from '../../protocol/refs.ts'
import type { DriverState } from '../driver-state.ts'
import { interopSafetyProgression } from './interop-safety-progression.ts'

const blocks = new L2Blocks()
const chain = blocks.chain(blocks.genesis, 6)
const block = (number: number): WorldBlock => chain[number - 1] as WorldBlock

let l2: FakeL2Chain
let verdict: 'valid' | 'invalid' | 'undecided' | Error
let checked: bigint[]
beforeEach(() => {
  l2 = new FakeL2Chain(blocks.genesis, chain)
  verdict = 'valid'
  checked = []
})
function effect() {
  const crossChain = {
    async check({ number }: L2BlockRef) {
      checked.push(number)
      if (verdict instanceof Error) throw verdict
      return verdict
    },
  }
  return interopSafetyProgression({ l2, crossChain })
}

const heads = headsAt(block(5).ref, { safe: block(1).ref, crossUnsafe: block(2).ref })
const state = stateWith(heads)

describe('whether messages are looked at', () => {
  const undecided = { after: block(2).ref.hash, branch: 0, view: 0 }
  it.each<[string, DriverState, string | undefined]>([
    ['there is a block after the cross-unsafe head', state, 'block 3'],
    ['there is none', stateWith(headsAt(block(5).ref)), undefined],
    ['nobody knew when it was looked at, nor does now', { ...state, undecided }, undefined],
    ['more is known by now', { ...state, undecided, remoteView: 1 }, 'block 3'],
    ['it may be another block by now', { ...state, undecided, branch: 1 }, 'block 3'],
    ['it was another block', { ...state, undecided: { ...undecided, after: block(1).ref.hash } }, 'block 3'],
    ['an invalid block is to go first', { ...state, invalidations: [{ block: block(2).ref, reason: 'x' }] }, undefined],
    ['there are no heads', { ...state, heads: undefined }, undefined],
    ['the heads are to be found anew', { ...state, reset: { reason: 'asked' } }, undefined],
  ])('where %s', (_, each, why) => {
    expect(effect().when(each, 0)?.why).toBe(why)
  })

  it('is not where nobody knows of other chains', () => {
    expect(interopSafetyProgression({ l2, crossChain: undefined }).when(state, 0)).toBeUndefined()
    expect(effect().when(state, 0)?.uses).toEqual([])
  })
})

describe('looking at messages', () => {
  it('makes the block cross-unsafe', async () => {
    const next = applied(effect(), await effect().run(state, {}), state)
    expect(checked).toEqual([3n])
    expect(next.heads).toEqual({ ...heads, crossUnsafe: block(3).ref })
  })

  it('makes it cross-safe, too, where it was derived before, however far derivation has come since', async () => {
    const derived = stateWith({ ...heads, pendingSafe: block(5).ref, localSafe: block(4).ref })
    const next = applied(effect(), await effect().run(derived, {}), derived)
    expect(next.heads).toMatchObject({ crossUnsafe: block(3).ref, localSafe: block(4).ref, crossSafe: block(3).ref })
  })

  it('keeps what has come meanwhile', async () => {
    const outcome = await effect().run(state, {})
    const now = { ...state, heads: { ...heads, unsafe: block(6).ref } }
    expect(isStale(effect(), state, now)).toBe(false)
    expect(applied(effect(), outcome, now).heads).toMatchObject({ unsafe: block(6).ref, crossUnsafe: block(3).ref })
  })

  it('has it taken back where they do not hold', async () => {
    verdict = 'invalid'
    const next = applied(effect(), await effect().run(state, {}), state)
    expect(next.invalidations.map(({ block: found }) => found)).toEqual([block(3).ref])
    expect(next.heads).toBe(heads)
  })

  it('looks again when more is known', async () => {
    verdict = 'undecided'
    const next = applied(effect(), await effect().run(state, {}), state)
    expect(next.heads).toBe(heads)
    expect(effect().when(next, 0)).toBeUndefined()
    expect(effect().when({ ...next, remoteView: 1 }, 0)).toBeDefined()
  })

  it('is out of date on another branch', () => {
    expect(isStale(effect(), state, { ...state, branch: 1 })).toBe(true)
    expect(isStale(effect(), state, { ...state, heads: { ...heads, crossUnsafe: block(1).ref } })).toBe(true)
  })

  it('asks for the heads where the engine has no such block', async () => {
    l2.blocks = chain.slice(0, 2)
    expect(await failureOf(effect().run(state, {}))).toEqual({ code: 'HEADS_NOT_FOUND', severity: 'reset' })
    l2.blocks = [block(1), block(2), ...blocks.chain(block(1).ref, 3, { transactions: [Uint8Array.of(2)] }).slice(1)]
    expect(await failureOf(effect().run(state, {}))).toEqual({ code: 'HEADS_NOT_FOUND', severity: 'reset' })
    expect(checked).toEqual([])
  })

  it('is tried again where other chains do not answer', async () => {
    verdict = NO_ANSWER
    expect(await failureOf(effect().run(state, {}))).toMatchObject({ severity: 'temporary' })
  })
})
