import { describe, expect, it } from 'vitest'
import { headsAt, L2Blocks, stateWith, type WorldBlock } from '../../../test/support/driver-world.ts'
import { isAppError } from '../../primitives/errors.ts'
import { movedUnsafe } from '../heads.ts'
import { startedBuild } from './sequencing-start.ts'

const blocks = new L2Blocks()
const [one, two] = blocks.chain(blocks.genesis, 2) as [WorldBlock, WorldBlock]
const state = stateWith(headsAt(one.ref))

function failure(start: () => unknown) {
  try {
    start()
  } catch (error) {
    if (isAppError(error)) return { code: error.code, severity: error.severity, data: error.data }
  }
  return undefined
}

describe('beginning a block', () => {
  it('is noted with its parent, until there is another head', () => {
    const begun = { ...state, ...startedBuild(state, one.ref, 5_000) }
    expect(begun.build).toEqual({ parent: one.ref, startedAt: 5_000 })
    const moved = movedUnsafe({ ...begun, heads: state.heads }, two.ref, { told: state.heads, checksMessages: false })
    expect(moved).toHaveProperty('build', undefined)
  })

  it('is refused on any other block than the head', () => {
    expect(failure(() => startedBuild(state, two.ref, 5_000))).toEqual({
      code: 'UNSAFE_REFUSED',
      severity: 'temporary',
      data: { hash: two.ref.hash, reason: 'stale' },
    })
  })

  it('has to wait while the heads are being found', () => {
    const searching = { ...state, reset: { reason: 'asked' } }
    const expected = { code: 'DRIVER_NOT_READY', severity: 'temporary' }
    expect(failure(() => startedBuild(searching, one.ref, 5_000))).toMatchObject(expected)
    expect(failure(() => startedBuild({ ...state, heads: undefined }, one.ref, 5_000))).toMatchObject(expected)
  })
})
