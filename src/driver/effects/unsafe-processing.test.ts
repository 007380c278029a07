import { beforeEach, describe, expect, it } from 'vitest'
import { applied, FakeForkchoice, failureOf, isStale, NO_ANSWER } from '../../../test/support/driver-fakes.ts'
import { headsAt, L2Blocks, stateWith, type WorldBlock } from '../../../test/support/driver-world.ts'
import { AppError } from '../../primitives/errors.ts'
import type { Payload } from '../../protocol/payload.ts'
import type { DriverState } from '../driver-state.ts'
import { EMPTY_QUEUE, withPayload } from '../unsafe-queue.ts'
import { unsafeProcessing } from './unsafe-processing.ts'

const blocks = new L2Blocks()
const [one, two, three] = blocks.chain(blocks.genesis, 3) as [WorldBlock, WorldBlock, WorldBlock]
const sibling = blocks.on(one.ref, { transactions: [Uint8Array.of(2)] })
const stranger = blocks.on(sibling.ref)

const queueOf = (...payloads: Payload[]) => payloads.reduce((queue, each) => withPayload(queue, each), EMPTY_QUEUE)
const numbers = ({ queue }: DriverState): bigint[] => queue.payloads.map(({ header }) => header.number)

let forkchoice: FakeForkchoice
beforeEach(() => {
  forkchoice = new FakeForkchoice()
})
const effect = (checksMessages = false) => unsafeProcessing({ config: blocks.config, forkchoice, checksMessages })
const headOne = headsAt(one.ref, { safe: blocks.genesis })
const withQueue = (...payloads: Payload[]) => stateWith(headOne, { queue: queueOf(...payloads) })

describe('whether a payload is processed', () => {
  it.each<[string, DriverState, string | undefined]>([
    ['it follows the head', withQueue(two.payload), 'block 2'],
    ['nothing waits', withQueue(), undefined],
    ['blocks below it are missing', withQueue(three.payload), undefined],
    ['there are no heads yet', { ...withQueue(two.payload), heads: undefined }, undefined],
    ['the heads are to be found anew', { ...withQueue(two.payload), reset: { reason: 'asked' } }, undefined],
    [
      'the engine may be elsewhere',
      { ...withQueue(two.payload), engine: { ...withQueue().engine, doubt: 'no answer' } },
      undefined,
    ],
    [
      'the engine fetches by itself',
      { ...withQueue(two.payload), engine: { ...withQueue().engine, syncTarget: three.ref } },
      undefined,
    ],
    [
      'it stands on another block',
      withQueue(stranger.payload, one.payload),
      'block 2 and below do not follow the head',
    ],
    ['it is below the head', withQueue(one.payload), 'block 2 and below do not follow the head'],
    [
      'other chains have made it invalid',
      { ...withQueue(two.payload), denied: new Set([two.ref.hash]) },
      'block 2 and below do not follow the head',
    ],
  ])('where %s', (_, state, why) => {
    expect(effect().when(state, 0)?.why).toBe(why)
  })

  it('needs the engine to insert, and nothing to drop', () => {
    expect(effect().when(withQueue(two.payload), 0)?.uses).toEqual(['engine'])
    expect(effect().when(withQueue(one.payload), 0)?.uses).toEqual([])
  })
})

describe('processing a payload', () => {
  it('makes it the head, with the labels as they are, and lets go of what is not above it', async () => {
    const state = withQueue(two.payload, sibling.payload, three.payload)
    const next = applied(effect(), await effect().run(state, {}), state)
    expect(forkchoice.calls).toEqual([`insert ${two.ref.hash}`])
    expect(forkchoice.labels).toEqual({ safe: blocks.genesis.hash, finalized: blocks.genesis.hash })
    expect(next.heads).toEqual(headsAt(two.ref, { safe: blocks.genesis }))
    expect(numbers(next)).toEqual([3n])
    expect(next.branch).toBe(state.branch)
  })

  it('takes the one that fits of two', async () => {
    const state = withQueue(stranger.payload, sibling.payload, two.payload)
    await effect().run(state, {})
    expect(forkchoice.calls).toEqual([`insert ${sibling.ref.hash}`])
  })

  it('keeps what has become safe and what has come meanwhile', async () => {
    const state = withQueue(two.payload)
    const outcome = await effect().run(state, {})
    const now = {
      ...state,
      heads: { ...headOne, pendingSafe: one.ref, localSafe: one.ref, crossSafe: one.ref },
      queue: withPayload(state.queue, three.payload),
    }
    expect(isStale(effect(), state, now)).toBe(false)
    const next = applied(effect(), outcome, now)
    expect(next.heads).toEqual(headsAt(two.ref, { safe: one.ref, finalized: blocks.genesis }))
    expect(numbers(next)).toEqual([3n])
    // The engine has not heard of that.
    expect(next.engine.toldSafe).toBe(blocks.genesis)
  })

  it('does not make it cross-unsafe where messages are looked at first', async () => {
    const state = withQueue(two.payload)
    const next = applied(effect(true), await effect(true).run(state, {}), state)
    expect(next.heads).toMatchObject({ unsafe: two.ref, crossUnsafe: one.ref })
  })

  it('is out of date with another head, and with a reset', () => {
    const state = withQueue(two.payload)
    expect(isStale(effect(), state, { ...state, heads: { ...headOne, unsafe: sibling.ref } })).toBe(true)
    expect(isStale(effect(), state, { ...state, reset: { reason: 'asked' } })).toBe(true)
  })

  it('drops what does not follow the head without asking the engine', async () => {
    const state = withQueue(one.payload, stranger.payload)
    const gone = { ...stranger.payload, header: { ...stranger.payload.header, number: 2n } }
    const all = { ...state, queue: queueOf(one.payload, gone, three.payload) }
    const next = applied(effect(), await effect().run(all, {}), all)
    expect(numbers(next)).toEqual([3n])
    expect(forkchoice.calls).toEqual([])
  })

  it('drops what the engine finds invalid, and says so', async () => {
    forkchoice.onInsert = () => ({ tag: 'invalid', reason: 'invalid gas used' })
    const state = withQueue(two.payload, sibling.payload)
    const outcome = await effect().run(state, {})
    const next = applied(effect(), outcome, state)
    expect(outcome.note).toBe(`block ${two.ref.hash} is invalid: invalid gas used`)
    expect(next.queue.payloads).toEqual([sibling.payload])
    expect(next.heads).toBe(headOne)
  })

  it('drops a block that is none of the rollup', async () => {
    const broken = { ...two.payload, transactions: [] }
    const state = withQueue(broken)
    const outcome = await effect().run(state, {})
    expect(outcome.note).toContain('missing L1 info deposit tx')
    expect(applied(effect(), outcome, state).queue.payloads).toEqual([])
    expect(forkchoice.calls).toEqual([])
  })

  it('keeps it for later where the engine does not know the head, or does not answer', async () => {
    const state = withQueue(two.payload)
    forkchoice.onInsert = () => ({ tag: 'syncing' })
    expect(await failureOf(effect().run(state, {}))).toEqual({ code: 'ENGINE_SYNCING', severity: 'temporary' })
    forkchoice.onInsert = () => {
      throw NO_ANSWER
    }
    expect(await failureOf(effect().run(state, {}))).toEqual({ code: 'RPC_UNAVAILABLE', severity: 'temporary' })
  })

  it('asks for the heads to be found anew where the engine has another chain', async () => {
    forkchoice.onInsert = () => {
      throw new AppError('FORKCHOICE_REFUSED', { severity: 'reset' })
    }
    expect(await failureOf(effect().run(withQueue(two.payload), {}))).toEqual({
      code: 'FORKCHOICE_REFUSED',
      severity: 'reset',
    })
  })
})
