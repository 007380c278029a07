import { beforeEach, describe, expect, it } from 'vitest'
import { applied, FakeL2Chain, FakeSafeHeads, isStale } from '../../../test/support/driver-fakes.ts'
import { headsAt, L2Blocks, l1Ref, stateWith, type WorldBlock } from '../../../test/support/driver-world.ts'
import { toWord } from '../../primitives/hex.ts'
import type { Directions, DriverState } from '../driver-state.ts'
import { directedProgression } from './directed-progression.ts'

const blocks = new L2Blocks()
const { genesis } = blocks
const chain = blocks.chain(genesis, 6)
const ref = (number: number) => (chain[number - 1] as WorldBlock).ref
const heads = headsAt(ref(6), { crossUnsafe: ref(3), localSafe: ref(4), crossSafe: ref(1), finalized: genesis })
const said = (directions: Directions, patch: Partial<DriverState> = {}) => stateWith(heads, { directions, ...patch })
const source = l1Ref(20n)
const stranger = (number: bigint) => ({ hash: toWord(99n), number })

let l2: FakeL2Chain
let safeHeads: FakeSafeHeads
beforeEach(() => {
  l2 = new FakeL2Chain(genesis, chain)
  safeHeads = new FakeSafeHeads()
})
const effect = () => directedProgression({ l2, safeHeads })
const run = async (state: DriverState) => applied(effect(), await effect().run(state, {}), state)

describe('whether there is something to take over', () => {
  it.each<[string, DriverState, string | undefined]>([
    ['nothing was said', said({}), undefined],
    ['the next block is cross-unsafe', said({ crossUnsafe: ref(4) }), 'crossUnsafe 4'],
    ['it is known already', said({ crossUnsafe: ref(3) }), undefined],
    ['one further back is', said({ crossUnsafe: ref(2) }), 'crossUnsafe 2'],
    ['but not one that is below the cross-safe head', said({ crossUnsafe: ref(1) }), undefined],
    ['the block is not there yet', said({ crossUnsafe: stranger(7n) }), undefined],
    ['a block is cross-safe', said({ crossSafe: { derived: ref(2), source } }), 'crossSafe 2'],
    ['it is not local-safe yet', said({ crossSafe: { derived: ref(5), source } }), undefined],
    ['it is known already', said({ crossSafe: { derived: ref(1), source } }), undefined],
    ['both', said({ crossUnsafe: ref(4), crossSafe: { derived: ref(2), source } }), 'crossSafe 2'],
    ['the heads are to be found', said({ crossUnsafe: ref(4) }, { reset: { reason: 'x' } }), undefined],
  ])('where %s', (_, state, why) => {
    expect(effect().when(state, 0)?.why).toBe(why)
  })
})

describe('taking over', () => {
  it('follows the cross-unsafe head up and down', async () => {
    expect((await run(said({ crossUnsafe: ref(5) }))).heads?.crossUnsafe).toEqual(ref(5))
    expect((await run(said({ crossUnsafe: ref(2) }))).heads?.crossUnsafe).toEqual(ref(2))
    expect(safeHeads.calls).toEqual([])
  })

  it('writes down since when a block is cross-safe, and has it cross-unsafe with that', async () => {
    const { heads: next } = await run(said({ crossSafe: { derived: ref(4), source } }))
    expect(next).toMatchObject({ crossSafe: ref(4), crossUnsafe: ref(4), localSafe: ref(4) })
    expect(safeHeads.calls).toEqual(['record 4 with 20'])
    expect((await run(said({ crossSafe: { derived: ref(2), source } }))).heads?.crossUnsafe).toEqual(ref(3))
  })

  it('forgets what is said of blocks that are on another chain', async () => {
    const directions = { crossUnsafe: stranger(5n), crossSafe: { derived: ref(6), source } }
    const next = await run(said(directions))
    expect(next.directions).toEqual({ crossSafe: directions.crossSafe })
    expect(next.heads).toBe(heads)
    const safe = await run(said({ crossSafe: { derived: stranger(3n), source } }))
    expect(safe.directions).toEqual({})
    expect(safeHeads.calls).toEqual([])
  })

  it('keeps what was said meanwhile', async () => {
    const before = said({ crossUnsafe: stranger(5n) })
    const outcome = await effect().run(before, {})
    const now = said({ crossUnsafe: ref(5) })
    expect(isStale(effect(), before, now)).toBe(false)
    expect(applied(effect(), outcome, now).directions).toEqual({ crossUnsafe: ref(5) })
  })

  it('is out of date on another branch', () => {
    const state = said({ crossUnsafe: ref(4) })
    expect(isStale(effect(), state, { ...state, branch: 1 })).toBe(true)
    expect(isStale(effect(), state, { ...state, heads: { ...heads, unsafe: ref(5) } })).toBe(false)
  })
})
