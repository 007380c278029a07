import { beforeEach, describe, expect, it } from 'vitest'
import { applied, failureOf, isStale, NO_ANSWER } from '../../../test/support/driver-fakes.ts'
import { headsAt, L2Blocks, stateWith, type WorldBlock } from '../../../test/support/driver-world.ts'
import type { Payload } from '../../protocol/payload.ts'
import type { DriverState } from '../driver-state.ts'
import { EMPTY_QUEUE, withPayload } from '../unsafe-queue.ts'
import { added, unsafeAddition } from './unsafe-addition.ts'

const blocks = new L2Blocks()
const chain = blocks.chain(blocks.genesis, 9)
const block = (number: number): WorldBlock => chain[number - 1] as WorldBlock
const waiting = (...payloads: Payload[]) =>
  stateWith(headsAt(block(1).ref), {
    queue: payloads.reduce((queue, each) => withPayload(queue, each), EMPTY_QUEUE),
  })
const numbers = ({ queue }: DriverState): bigint[] => queue.payloads.map(({ header }) => header.number)

describe('a payload that somebody sent', () => {
  const empty = waiting()
  const plus = (state: DriverState, payload: Payload) => ({ ...state, ...added(payload)(state) })

  it('waits for its turn where it is above the head', () => {
    expect(numbers(plus(empty, block(5).payload))).toEqual([5n])
    expect(numbers(plus(empty, block(1).payload))).toEqual([])
    expect(numbers(plus({ ...empty, heads: undefined }, block(1).payload))).toEqual([1n])
  })

  it('is looked at again when it is sent again', () => {
    const state = waiting(block(5).payload)
    const again = plus(state, block(5).payload)
    expect(again.queue).not.toBe(state.queue)
    expect(numbers(again)).toEqual([5n])
  })

  it('is let go of where other chains have made it invalid', () => {
    const state = { ...empty, denied: new Set([block(5).ref.hash]) }
    expect(added(block(5).payload)(state)).toEqual({})
  })
})

let fetched: readonly Payload[] | Error
let asked: string[]
beforeEach(() => {
  fetched = [block(2).payload, block(3).payload, block(4).payload]
  asked = []
})
const effect = () =>
  unsafeAddition({
    async fetch(known, trusted) {
      asked.push(`from ${known} to ${trusted.header.number}`)
      if (fetched instanceof Error) throw fetched
      return fetched
    },
  })

describe('whether peers are asked', () => {
  const gap = waiting(block(5).payload)
  it.each<[string, DriverState, string | undefined]>([
    ['blocks are missing', gap, 'block 4 is missing'],
    ['nothing waits', waiting(), undefined],
    ['what waits follows the head', waiting(block(2).payload, block(5).payload), undefined],
    ['the engine fetches by itself', { ...gap, engine: { ...gap.engine, syncTarget: block(5).ref } }, undefined],
    ['there are no heads', { ...gap, heads: undefined }, undefined],
    ['the heads are to be found anew', { ...gap, reset: { reason: 'asked' } }, undefined],
  ])('where %s', (_, state, why) => {
    expect(effect().when(state, 0)?.why).toBe(why)
  })

  it('is not where there are none, and takes nothing from others', () => {
    expect(unsafeAddition(undefined).when(gap, 0)).toBeUndefined()
    expect(effect().when(gap, 0)?.uses).toEqual(['peers'])
  })

  it('may take as long as a peer needs for a gap of 500 blocks, four a second', () => {
    expect(effect().timeoutMs).toBeGreaterThan(125_000)
  })
})

describe('asking peers', () => {
  const state = waiting(block(5).payload, block(7).payload)

  it('puts what lies below into the queue', async () => {
    const next = applied(effect(), await effect().run(state, {}), state)
    expect(asked).toEqual(['from 1 to 5'])
    expect(numbers(next)).toEqual([2n, 3n, 4n, 5n, 7n])
  })

  it('keeps what has come meanwhile', async () => {
    const outcome = await effect().run(state, {})
    const now = { ...state, queue: withPayload(state.queue, block(6).payload) }
    expect(isStale(effect(), state, now)).toBe(false)
    expect(numbers(applied(effect(), outcome, now))).toEqual([2n, 3n, 4n, 5n, 6n, 7n])
  })

  it('is out of date when the gap is closed, or another one', () => {
    expect(isStale(effect(), state, { ...state, queue: withPayload(state.queue, block(2).payload) })).toBe(true)
    expect(isStale(effect(), state, { ...state, heads: headsAt(block(4).ref) })).toBe(true)
  })

  it('waits where what others have is of another branch', async () => {
    const rival = blocks.chain(blocks.genesis, 5, { transactions: [new Uint8Array([2])] })
    const other = (number: number): Payload => (rival[number - 1] as WorldBlock).payload
    fetched = [other(2), other(3), other(4)]
    const apart = waiting(other(5))
    expect(await failureOf(effect().run(apart, {}))).toEqual({ code: 'PAYLOAD_NOT_FOUND', severity: 'temporary' })
  })

  it('is tried again where nobody has them all, or answers', async () => {
    fetched = [block(2).payload, block(3).payload]
    expect(await failureOf(effect().run(state, {}))).toEqual({ code: 'PAYLOAD_NOT_FOUND', severity: 'temporary' })
    fetched = []
    expect(await failureOf(effect().run(state, {}))).toMatchObject({ severity: 'temporary' })
    fetched = NO_ANSWER
    expect(await failureOf(effect().run(state, {}))).toEqual({ code: 'RPC_UNAVAILABLE', severity: 'temporary' })
  })
})
