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
import type { Payload } from '../../protocol/payload.ts'
import type { DriverState } from '../driver-state.ts'
import { EMPTY_QUEUE, withPayload } from '../unsafe-queue.ts'
import { unsafeSyncTrigger } from './unsafe-sync-trigger.ts'

const blocks = new L2Blocks()
const chain = blocks.chain(blocks.genesis, 9)
const block = (number: number): WorldBlock => chain[number - 1] as WorldBlock
const heads = headsAt(block(1).ref, { safe: blocks.genesis })
const l2 = new FakeL2Chain(blocks.genesis, chain)
const waiting = (...payloads: Payload[]) =>
  stateWith(heads, { queue: payloads.reduce((queue, each) => withPayload(queue, each), EMPTY_QUEUE) })

let forkchoice: FakeForkchoice
beforeEach(() => {
  forkchoice = new FakeForkchoice()
})
const effect = (engineSync = true) =>
  unsafeSyncTrigger({ config: blocks.config, l2, forkchoice, checksMessages: false, engineSync })

describe('whether the engine is given a target', () => {
  const ahead = waiting(block(5).payload)
  it.each<[string, DriverState, string | undefined]>([
    ['a block is far ahead', ahead, 'block 5 is far ahead'],
    ['several are', waiting(block(5).payload, block(8).payload), 'block 8 is far ahead'],
    ['nothing waits', waiting(), undefined],
    ['the block follows the head', waiting(block(2).payload), undefined],
    ['the engine has this target', { ...ahead, engine: { ...ahead.engine, syncTarget: block(5).ref } }, undefined],
    ['it has another one', { ...ahead, engine: { ...ahead.engine, syncTarget: block(4).ref } }, 'block 5 is far ahead'],
    ['the heads are to be found anew', { ...ahead, reset: { reason: 'asked' } }, undefined],
    ['there are none yet', { ...ahead, heads: undefined }, undefined],
    ['other chains have made it invalid', { ...ahead, denied: new Set([block(5).ref.hash]) }, undefined],
  ])('where %s', (_, state, why) => {
    expect(effect().when(state, 0)?.why).toBe(why)
  })

  it('is not where the engine may not sync by itself', () => {
    expect(effect(false).when(ahead, 0)).toBeUndefined()
    expect(effect().when(ahead, 0)?.uses).toEqual(['engine'])
  })
})

describe('giving the engine a target', () => {
  it('leaves the unsafe head where it is while the engine syncs', async () => {
    forkchoice.onInsert = () => ({ tag: 'syncing' })
    const state = waiting(block(5).payload, block(8).payload)
    const next = applied(effect(), await effect().run(state, {}), state)
    expect(forkchoice.calls).toEqual([`insert ${block(8).ref.hash}`])
    expect(next.heads).toBe(heads)
    expect(next.engine.syncTarget).toEqual(block(8).ref)
    expect(next.queue).toBe(state.queue)
  })

  it('moves the unsafe head when the engine has it all', async () => {
    const state = waiting(block(5).payload, block(8).payload)
    const next = applied(effect(), await effect().run(state, {}), state)
    expect(next.heads).toEqual(headsAt(block(8).ref, { safe: blocks.genesis }))
    expect(next.queue.payloads).toEqual([])
    expect(next.engine.syncTarget).toBeUndefined()
  })

  it('has the heads found anew where the engine may have left what was derived and is not safe yet', async () => {
    const derived = { ...heads, pendingSafe: heads.unsafe }
    const state = { ...waiting(block(5).payload, block(8).payload), heads: derived }
    const next = applied(effect(), await effect().run(state, {}), state)
    expect(next.heads).toBe(derived)
    expect(next.reset?.reason).toContain('the engine has gone over to block')
  })

  it('drops what is invalid, and what is no block of the rollup', async () => {
    forkchoice.onInsert = () => ({ tag: 'invalid', reason: 'wrong root' })
    const state = waiting(block(5).payload, block(8).payload)
    const outcome = await effect().run(state, {})
    expect(outcome.note).toBe(`block ${block(8).ref.hash} is invalid: wrong root`)
    expect(applied(effect(), outcome, state).queue.payloads).toEqual([block(5).payload])

    forkchoice.calls.length = 0
    const broken = waiting({ ...block(8).payload, transactions: [] })
    const dropped = await effect().run(broken, {})
    expect(dropped.note).toContain('missing L1 info deposit tx')
    expect(applied(effect(), dropped, broken).queue.payloads).toEqual([])
    expect(forkchoice.calls).toEqual([])
  })

  it('is tried again where the engine does not answer', async () => {
    forkchoice.onInsert = () => {
      throw NO_ANSWER
    }
    expect(await failureOf(effect().run(waiting(block(5).payload), {}))).toMatchObject({ severity: 'temporary' })
  })

  it('is out of date with another head', () => {
    const state = waiting(block(5).payload)
    expect(isStale(effect(), state, { ...state, heads: headsAt(block(2).ref) })).toBe(true)
    expect(isStale(effect(), state, { ...state, queue: EMPTY_QUEUE })).toBe(false)
  })
})

it('puts the engine back where the chain that it went over to holds a block that was replaced', async () => {
  const replaced = new Map([[block(3).ref.hash, { block: block(3).ref, replacement: block(1).ref, origin: undefined }]])
  const state = { ...waiting(block(5).payload), replaced }
  const next = applied(effect(), await effect().run(state, {}), state)
  expect(forkchoice.calls).toEqual([`insert ${block(5).ref.hash}`, `update ${block(1).ref.hash}`])
  expect(next.heads).toBe(state.heads)
  expect(next.queue.payloads).toEqual([])
})
