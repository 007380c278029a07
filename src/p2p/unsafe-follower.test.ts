import { describe, expect, it } from 'vitest'
import { gossipPayload } from '../../test/support/gossip-blocks.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { AppError } from '../primitives/errors.ts'
import type { Payload } from '../protocol/payload.ts'
import { silentLogger } from '../telemetry/logger.ts'
import { UnsafeFollower } from './unsafe-follower.ts'

function child(parent: Payload, mark = 0n): Payload {
  return gossipPayload({
    version: 'isthmus',
    timestamp: 1n,
    number: parent.header.number + 1n,
    header: { parentHash: parent.hash, gasUsed: mark },
  })
}

function world() {
  const genesis = gossipPayload({ version: 'isthmus', timestamp: 1n, number: 0n })
  const blocks = [genesis]
  for (let i = 0; i < 200; i++) blocks.push(child(blocks.at(-1) as Payload))
  const clock = new VirtualClock()
  const state = {
    head: genesis,
    inserted: [] as bigint[],
    refuse: undefined as AppError | undefined,
    served: blocks as readonly Payload[],
    fetches: 0,
  }
  const follower = new UnsafeFollower({
    clock,
    logger: silentLogger(),
    head: async () => ({ hash: state.head.hash, number: state.head.header.number }),
    insert: async (payload) => {
      if (state.refuse !== undefined) throw state.refuse
      expect(payload.header.parentHash).toBe(state.head.hash)
      state.inserted.push(payload.header.number)
      state.head = payload
    },
    fetch: async (known, trusted) => {
      state.fetches++
      if (state.served.length === 0) throw new AppError('GAP_UNFILLED', { severity: 'temporary' })
      return state.served.slice(Number(known) + 1, Number(trusted.header.number))
    },
  })
  const stop = new AbortController()
  const running = follower.run(stop.signal)
  return {
    blocks,
    clock,
    state,
    offer: (payload: Payload | undefined) => follower.offer(payload as Payload),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await running
    },
  }
}

describe('following gossip', () => {
  it('inserts what builds on the head, whatever the order is', async () => {
    await using all = world()
    const { blocks, clock, state, offer } = all
    for (const number of [2, 1, 3]) offer(blocks[number])
    await clock.advance(0)
    expect(state.inserted).toEqual([1n, 2n, 3n])
    expect(state.fetches).toBe(0)
    offer(blocks[2])
    offer(blocks[4])
    await clock.advance(0)
    expect(state.inserted).toEqual([1n, 2n, 3n, 4n])
  })

  it('fills a gap, and tries again while nobody can', async () => {
    await using all = world()
    const { blocks, clock, state, offer } = all
    state.served = []
    offer(blocks[6])
    await clock.advance(0)
    expect(state.inserted).toEqual([])
    await clock.advance(10_000)
    expect(state.fetches).toBeGreaterThan(3)
    state.served = blocks
    await clock.advance(2_000)
    expect(state.inserted).toEqual([1n, 2n, 3n, 4n, 5n, 6n])
    // Longer than what may wait.
    offer(blocks[190])
    await clock.advance(0)
    expect(state.inserted).toHaveLength(190)
  })

  it('drops what is on another branch: gossip makes no reorg', async () => {
    await using all = world()
    const { blocks, clock, state, offer } = all
    offer(blocks[1])
    await clock.advance(0)
    offer(child(blocks[0] as Payload, 7n))
    offer(child(child(blocks[0] as Payload, 7n)))
    await clock.advance(0)
    expect(state.inserted).toEqual([1n])
    // A gap that leads elsewhere.
    const other = [blocks[0] as Payload]
    for (let i = 0; i < 6; i++) other.push(child(other.at(-1) as Payload, 9n))
    state.served = other
    offer(other[6])
    await clock.advance(0)
    expect(state.inserted).toEqual([1n])
    offer(blocks[2])
    await clock.advance(0)
    expect(state.inserted).toEqual([1n, 2n])
  })

  it('forgets what the node refuses, and holds on to what it could not take now', async () => {
    await using all = world()
    const { blocks, clock, state, offer } = all
    state.refuse = new AppError('COMMIT_REFUSED', { message: 'invalid' })
    offer(blocks[1])
    await clock.advance(0)
    state.refuse = undefined
    await clock.advance(10_000)
    expect(state.inserted).toEqual([])
    state.refuse = new AppError('NODE_UNAVAILABLE', { severity: 'temporary' })
    offer(blocks[1])
    await clock.advance(0)
    state.refuse = undefined
    await clock.advance(2_000)
    expect(state.inserted).toEqual([1n])
  })
})
