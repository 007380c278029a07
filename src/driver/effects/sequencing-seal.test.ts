import { beforeEach, describe, expect, it } from 'vitest'
import { applied, FakeForkchoice, FakeL2Chain, NO_ANSWER } from '../../../test/support/driver-fakes.ts'
import { headsAt, L2Blocks, stateWith, type WorldBlock } from '../../../test/support/driver-world.ts'
import { isAppError } from '../../primitives/errors.ts'
import type { DriverState, Heads, SealedRequest } from '../driver-state.ts'
import { sequencingSeal } from './sequencing-seal.ts'

const blocks = new L2Blocks()
const { genesis } = blocks
const chain = blocks.chain(genesis, 6)
const block = (number: number): WorldBlock => chain[number - 1] as WorldBlock
const OTHER = { transactions: [Uint8Array.of(2)] }

let l2: FakeL2Chain
let forkchoice: FakeForkchoice
let settled: string[]
beforeEach(() => {
  l2 = new FakeL2Chain(genesis, chain)
  forkchoice = new FakeForkchoice()
  settled = []
})
const effect = (checksMessages = false) => sequencingSeal({ config: blocks.config, l2, forkchoice, checksMessages })

function request({ payload }: Pick<WorldBlock, 'payload'>): SealedRequest {
  const settle = (refused?: Error): void => {
    settled.push(refused === undefined ? 'done' : isAppError(refused) ? refused.code : refused.message)
  }
  return { payload, since: 1_000, settle }
}
const heads = headsAt(block(4).ref, { safe: block(2).ref, pendingSafe: block(3).ref, finalized: genesis })
function sealed(sealing: Pick<WorldBlock, 'payload'>, patch: Partial<DriverState> = {}, over: Partial<Heads> = {}) {
  return stateWith({ ...heads, ...over }, { sealed: [request(sealing)], ...patch })
}

describe('whether a sealed block is inserted', () => {
  const child = sealed(block(5))
  it.each<[string, DriverState, number, string | undefined]>([
    ['there is one', child, 1_000, `block 5: ${block(5).ref.hash}`],
    ['there is none', { ...child, sealed: [] }, 1_000, undefined],
    ['the heads are being found', { ...child, reset: { reason: 'asked' } }, 5_999, undefined],
    ['they have been for long', { ...child, reset: { reason: 'asked' } }, 6_000, 'it has waited too long'],
    ['there are no heads yet', { ...child, heads: undefined }, 5_999, undefined],
    ['derivation stands still', { ...child, halted: 'broken' }, 1_000, `block 5: ${block(5).ref.hash}`],
  ])('where %s', (_, state, now, why) => {
    expect(effect().when(state, now)?.why).toBe(why)
  })

  it('is due when it has waited too long', () => {
    expect(effect().dueAt?.(child)).toBe(6_000)
    expect(effect().dueAt?.({ ...child, sealed: [] })).toBeUndefined()
  })

  it('keeps others from finding blocks safe where it replaces some', () => {
    expect(effect().when(child, 1_000)?.uses).toEqual(['engine'])
    expect(effect().when(sealed(blocks.on(block(3).ref, OTHER)), 1_000)?.uses).toEqual(['engine', 'safe-heads'])
  })
})

describe('inserting a sealed block', () => {
  it('makes it the head, and tells whoever sealed it', async () => {
    const state = sealed(block(5))
    const outcome = await effect().run(state, {})
    expect(settled).toEqual([])
    const next = applied(effect(), outcome, state)
    expect(settled).toEqual(['done'])
    expect(forkchoice.calls).toEqual([`insert ${block(5).ref.hash}`])
    expect(next.heads).toEqual({ ...heads, unsafe: block(5).ref, crossUnsafe: block(5).ref })
    expect(next).toMatchObject({ sealed: [], reset: undefined, branch: state.branch })
    expect(l2.reads).toBe(0)
  })

  it('is not cross-unsafe by that where messages are looked at', async () => {
    const state = sealed(block(5), {}, { crossUnsafe: block(4).ref })
    const next = applied(effect(true), await effect(true).run(state, {}), state)
    expect(next.heads).toMatchObject({ unsafe: block(5).ref, crossUnsafe: block(4).ref })
  })

  it('keeps what has become safe meanwhile, and others that wait', async () => {
    const state = sealed(block(5))
    const outcome = await effect().run(state, {})
    const later = request(block(6))
    const now = {
      ...state,
      sealed: [...state.sealed, later],
      heads: { ...heads, pendingSafe: block(4).ref, localSafe: block(4).ref, crossSafe: block(4).ref },
    }
    const next = applied(effect(), outcome, now)
    expect(next.sealed).toEqual([later])
    expect(next.heads).toMatchObject({ unsafe: block(5).ref, localSafe: block(4).ref })
    expect(next.engine.toldSafe).toBe(block(2).ref)
  })

  it('replaces unsafe blocks', async () => {
    const sibling = blocks.on(block(3).ref, OTHER)
    const state = sealed(sibling)
    const next = applied(effect(), await effect().run(state, {}), state)
    expect(settled).toEqual(['done'])
    expect(next.heads).toEqual({ ...heads, unsafe: sibling.ref, crossUnsafe: sibling.ref })
    expect(next.branch).toBe(state.branch + 1)
    expect(next.reset).toBeUndefined()
  })

  it('has the heads found anew where it replaces what was derived, but is not safe yet', async () => {
    const sibling = blocks.on(block(2).ref, OTHER)
    const state = sealed(sibling)
    const next = applied(effect(), await effect().run(state, {}), state)
    expect(settled).toEqual(['done'])
    // None of the heads is ahead of the unsafe one by then.
    expect(next.heads).toEqual({
      ...heads,
      unsafe: sibling.ref,
      crossUnsafe: sibling.ref,
      pendingSafe: block(2).ref,
    })
    expect(next.reset?.reason).toBe('block 3 replaces what was being derived')

    const child = blocks.on(sibling.ref)
    l2.blocks = [block(1), block(2), sibling]
    const above = sealed(child)
    expect(applied(effect(), await effect().run(above, {}), above).reset).toBeDefined()
  })
})

describe('a sealed block that is refused', () => {
  async function refusal(state: DriverState) {
    const outcome = await effect().run(state, {})
    const next = applied(effect(), outcome, state)
    expect(next.sealed).toEqual([])
    expect(next.heads).toBe(state.heads)
    return { note: outcome.note, doubt: next.engine.doubt, settled: settled.at(-1) }
  }

  it('where it is not above the safe head', async () => {
    const state = sealed(blocks.on(block(1).ref, OTHER))
    const { note, ...others } = await refusal(state)
    expect(others).toEqual({ settled: 'UNSAFE_REFUSED', doubt: undefined })
    expect(note).toContain('block 2 is safe')
    expect(forkchoice.calls).toEqual([])
  })

  it('where it leaves the safe chain', async () => {
    const aside = blocks.chain(genesis, 4, OTHER)
    l2.blocks = aside.slice(0, 3)
    const { note } = await refusal(sealed(aside[3] as WorldBlock))
    expect(note).toContain('does not build on the safe head')
    l2.blocks = []
    expect(await refusal(sealed(aside[3] as WorldBlock))).toMatchObject({ settled: 'UNSAFE_REFUSED' })
    expect(forkchoice.calls).toEqual([])
  })

  it('where other chains have made it invalid, or it is none of the rollup', async () => {
    const denied = sealed(block(5), { denied: new Set([block(5).ref.hash]) })
    expect(await refusal(denied)).toMatchObject({ settled: 'UNSAFE_REFUSED' })
    const broken = sealed({ payload: { ...block(5).payload, transactions: [] } })
    expect(await refusal(broken)).toMatchObject({ settled: 'UNSAFE_REFUSED' })
    expect(forkchoice.calls).toEqual([])
  })

  it('where the engine finds it invalid, or does not know its parent', async () => {
    forkchoice.onInsert = () => ({ tag: 'invalid', reason: 'invalid gas used' })
    const invalid = await refusal(sealed(block(5)))
    expect(invalid).toMatchObject({ settled: 'UNSAFE_REFUSED', doubt: undefined })
    expect(invalid.note).toContain('invalid gas used')
    forkchoice.onInsert = () => ({ tag: 'syncing' })
    expect((await refusal(sealed(block(5)))).note).toContain('SYNCING')
  })

  it('where the engine does not answer: it may have the block, so it is looked at', async () => {
    forkchoice.onInsert = () => {
      throw NO_ANSWER
    }
    const { doubt, settled: told } = await refusal(sealed(block(5)))
    expect(told).toBe('RPC_UNAVAILABLE')
    expect(doubt).toContain(block(5).ref.hash)
  })

  it('where the heads are not found for long', async () => {
    const state = sealed(block(5), { reset: { reason: 'asked' } })
    expect(await refusal(state)).toMatchObject({ settled: 'DRIVER_NOT_READY' })
    expect(forkchoice.calls).toEqual([])
  })
})
