import { describe, expect, it } from 'vitest'
import { headsAt, L2Blocks, l1Ref, stateWith } from '../../test/support/driver-world.ts'
import { isReady, labelsOf, movedSafe, movedUnsafe } from './heads.ts'

const blocks = new L2Blocks()
const { genesis } = blocks
const [one, two, three] = blocks.chain(genesis, 3).map(({ ref }) => ref) as [
  typeof genesis,
  typeof genesis,
  typeof genesis,
]
const other = blocks.on(one, { transactions: [Uint8Array.of(2)] }).ref

describe('the labels that go with a head', () => {
  it('are the cross-safe and the final block', () => {
    const heads = headsAt(three, { crossSafe: one, localSafe: two, finalized: genesis })
    expect(labelsOf(heads)).toEqual({ safe: one.hash, finalized: genesis.hash })
  })
})

describe('going on from the heads', () => {
  const state = stateWith(headsAt(two))
  it.each([
    ['they are known', state, true],
    ['they are not known', { ...state, heads: undefined }, false],
    ['they are to be found anew', { ...state, reset: { reason: 'asked' } }, false],
    ['the engine may be elsewhere', { ...state, engine: { ...state.engine, doubt: 'no answer' } }, false],
  ])('where %s', (_, each, expected) => {
    expect(isReady(each)).toBe(expected)
  })
})

describe('another unsafe head', () => {
  const heads = headsAt(two, { safe: genesis })
  const state = stateWith(heads, {
    build: { parent: two, startedAt: 1 },
    branch: 4,
    engine: { doubt: undefined, seenAt: 7, toldSafe: undefined, syncTarget: three, leftBehind: other.hash },
  })

  it('stays on the branch as its child, and ends what was begun on its parent', () => {
    const moved = movedUnsafe(state, three, { told: heads, checksMessages: false })
    expect(moved).toMatchObject({ heads: { unsafe: three, crossUnsafe: three, localSafe: genesis }, branch: 4 })
    expect(moved.build).toBeUndefined()
    expect(moved.engine).toEqual({
      doubt: undefined,
      seenAt: 7,
      toldSafe: genesis,
      syncTarget: undefined,
      // A block that the engine's head stands on is not its head.
      leftBehind: other.hash,
    })
  })

  it('leaves the branch where it stands on another block', () => {
    expect(movedUnsafe(state, other, { told: heads, checksMessages: false }).branch).toBe(5)
    expect(movedUnsafe(state, two, { told: heads, checksMessages: false }).branch).toBe(4)
  })

  it('is not cross-unsafe before its messages were looked at, and nothing is that was left', () => {
    const looked = stateWith(headsAt(two, { crossUnsafe: two, safe: one }))
    const child = movedUnsafe(looked, three, { told: looked.heads, checksMessages: true })
    expect(child.heads.crossUnsafe).toBe(two)
    const left = movedUnsafe(looked, other, { told: looked.heads, checksMessages: true })
    expect(left.heads.crossUnsafe).toBe(one)
  })

  it('was told with the safe label of that time, not with the one that is known by now', () => {
    const now = stateWith(headsAt(two, { safe: one }))
    expect(movedUnsafe(now, three, { told: heads, checksMessages: false }).engine.toldSafe).toBe(genesis)
  })
})

describe('a derived block', () => {
  const state = stateWith(headsAt(three, { safe: genesis }), { backupUnsafe: other })

  it('is pending as long as its span is not complete', () => {
    const moved = movedSafe(state, one, { concluding: false, derivedFrom: l1Ref(9n) })
    expect(moved.heads).toMatchObject({ pendingSafe: one, localSafe: genesis, crossSafe: genesis })
    expect(moved).not.toHaveProperty('backupUnsafe')
    expect(moved).not.toHaveProperty('finality')
    expect(moved).toHaveProperty('attributes', undefined)
  })

  it('is safe with the end of its span, waits for L1 to be final, and nobody wants back what it replaced', () => {
    const moved = movedSafe(state, two, { concluding: true, derivedFrom: l1Ref(9n) })
    expect(moved.heads).toMatchObject({ pendingSafe: two, localSafe: two, crossSafe: two })
    expect(moved).toMatchObject({ finality: [{ safe: two, derivedFrom: l1Ref(9n) }] })
    expect(moved).toHaveProperty('backupUnsafe', undefined)
  })

  it('is cross-safe only where its messages were looked at', () => {
    const behind = stateWith(headsAt(three, { safe: genesis, crossUnsafe: one }))
    const moved = movedSafe(behind, two, { concluding: true, derivedFrom: l1Ref(9n) })
    expect(moved.heads).toMatchObject({ localSafe: two, crossSafe: genesis })
  })

  it('pushes the oldest out of what waits for L1 to be final', () => {
    const first = {
      ...state,
      ...movedSafe(state, one, { concluding: true, derivedFrom: l1Ref(9n) }, { finalityLookback: 1 }),
    }
    const second = movedSafe(first, two, { concluding: true, derivedFrom: l1Ref(10n) }, { finalityLookback: 1 })
    expect(second).toMatchObject({ finality: [{ safe: two, derivedFrom: l1Ref(10n) }] })
  })
})
