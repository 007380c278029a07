import { beforeEach, describe, expect, it } from 'vitest'
import {
  applied,
  FakeForkchoice,
  FakeL2Chain,
  failureOf,
  isStale,
  NO_ANSWER,
} from '../../../test/support/driver-fakes.ts'
import { headsAt, L2Blocks, stateWith, type WorldBlock } from '../../../test/support/driver-world.ts'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import type { DriverState, EngineView } from '../driver-state.ts'
import { engineConsistency } from './engine-consistency.ts'

const blocks = new L2Blocks()
const chain = blocks.chain(blocks.genesis, 6)
const block = (number: number): WorldBlock => chain[number - 1] as WorldBlock

let l2: FakeL2Chain
let forkchoice: FakeForkchoice
beforeEach(() => {
  l2 = new FakeL2Chain(blocks.genesis, chain)
  l2.labels.latest = block(4).ref
  l2.labels.safe = block(2).ref
  forkchoice = new FakeForkchoice()
})
const effect = () => engineConsistency({ l2, forkchoice, clock: new VirtualClock(10_000), everyMs: 4_000 })
const heads = headsAt(block(4).ref, { safe: block(2).ref })
function seen(engine: Partial<EngineView> = {}, patch: Partial<DriverState> = {}) {
  const state = stateWith(heads, patch)
  return { ...state, engine: { ...state.engine, seenAt: 6_000, ...engine } }
}

describe('whether the engine is looked at', () => {
  it.each<[string, DriverState, number, string | undefined]>([
    ['nothing is wrong', seen(), 9_999, undefined],
    ['it is time', seen(), 10_000, 'a look now and then'],
    ['a call has failed', seen({ doubt: 'no answer' }), 6_000, 'no answer'],
    ['there are no heads yet', { ...seen({ doubt: 'no answer' }), heads: undefined }, 10_000, undefined],
    ['the heads are to be found anew', seen({ doubt: 'x' }, { reset: { reason: 'asked' } }), 10_000, undefined],
  ])('where %s', (_, state, now, why) => {
    expect(effect().when(state, now)?.why).toBe(why)
  })

  it('says when it will be time', () => {
    expect(effect().dueAt?.(seen())).toBe(10_000)
    expect(effect().dueAt?.({ ...seen(), heads: undefined })).toBeUndefined()
    expect(effect().when(seen({ doubt: 'x' }), 0)?.uses).toEqual(['engine'])
  })
})

describe('looking at the engine', () => {
  it('goes on where it is as it was left', async () => {
    const state = seen({ doubt: 'no answer' })
    const next = applied(effect(), await effect().run(state, {}), state)
    expect(next.engine).toMatchObject({ doubt: undefined, seenAt: 10_000, toldSafe: block(2).ref })
    expect(next.reset).toBeUndefined()
    // It may have forgotten what it was told before it failed.
    expect(forkchoice.calls).toEqual(['forget'])
  })

  it('does not have it told again what it is known to have', async () => {
    await effect().run(seen(), {})
    expect(forkchoice.calls).toEqual([])
  })

  it.each([
    ['is elsewhere', block(6).ref],
    ['has lost blocks', block(3).ref],
    ['has nothing', undefined],
  ])('has the heads found anew where it %s', async (_, latest) => {
    l2.labels.latest = latest
    const state = seen()
    const outcome = await effect().run(state, {})
    const next = applied(effect(), outcome, state)
    expect(next.reset?.reason).toBe(outcome.note)
    expect(next.reset?.reason).toContain("the engine's head is")
  })

  it('lets it stay on a head that was let go of: it is not wound back', async () => {
    l2.labels.latest = block(6).ref
    const state = seen({ leftBehind: block(6).ref.hash })
    const next = applied(effect(), await effect().run(state, {}), state)
    expect(next.reset).toBeUndefined()
    expect(next.engine.leftBehind).toBe(block(6).ref.hash)
  })

  it('has the heads found anew where that is of another chain than the unsafe head', async () => {
    l2.labels.latest = block(6).ref
    const [, , , other] = blocks.chain(blocks.genesis, 4, { transactions: [Uint8Array.of(2)] })
    const state = { ...seen({ leftBehind: block(6).ref.hash }), heads: headsAt((other as WorldBlock).ref) }
    expect(applied(effect(), await effect().run(state, {}), state).reset).toBeDefined()
  })

  it('knows of nothing left behind where it has the head that it was told', async () => {
    const state = seen({ leftBehind: block(6).ref.hash })
    expect(applied(effect(), await effect().run(state, {}), state).engine.leftBehind).toBeUndefined()
  })

  it('has it told again what is safe where it has lost that', async () => {
    l2.labels.safe = undefined
    const state = seen()
    const next = applied(effect(), await effect().run(state, {}), state)
    expect(next.engine.toldSafe).toBeUndefined()
    expect(next.reset).toBeUndefined()
    expect(forkchoice.calls).toEqual(['forget'])
  })

  it('waits for a sync, and has the heads found anew when it is over', async () => {
    const state = seen({ syncTarget: block(6).ref })
    l2.labels.latest = block(5).ref
    const waiting = applied(effect(), await effect().run(state, {}), state)
    expect(waiting.reset).toBeUndefined()
    expect(waiting.engine.syncTarget).toEqual(block(6).ref)
    l2.labels.latest = undefined
    expect(applied(effect(), await effect().run(state, {}), state).reset).toBeUndefined()

    l2.labels.latest = block(6).ref
    const done = applied(effect(), await effect().run(state, {}), state)
    expect(done.reset).toBeDefined()
    expect(done.engine.syncTarget).toBeUndefined()
  })

  it('keeps the rest of what is known of the engine by then', async () => {
    const state = seen()
    const outcome = await effect().run(state, {})
    const now = { ...state, engine: { ...state.engine, toldSafe: block(1).ref } }
    expect(applied(effect(), outcome, now).engine.toldSafe).toBe(block(1).ref)
  })

  it('is tried again where it does not answer, and is out of date with another head', async () => {
    l2.fault = () => {
      throw NO_ANSWER
    }
    expect(await failureOf(effect().run(seen(), {}))).toMatchObject({ severity: 'temporary' })
    const moved = { ...seen(), heads: headsAt(block(5).ref) }
    expect(isStale(effect(), seen(), moved)).toBe(true)
  })
})
