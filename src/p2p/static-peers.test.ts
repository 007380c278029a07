import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { keepStaticPeers } from './static-peers.ts'

function world() {
  const clock = new VirtualClock()
  const stop = new AbortController()
  const state = { connected: false, answers: false, dials: [] as number[], troubles: 0 }
  const running = keepStaticPeers(
    [{ id: 'peer', address: '/ip4/127.0.0.1/tcp/1/p2p/peer' }],
    {
      clock,
      isConnected: () => state.connected,
      dial: async () => {
        state.dials.push(clock.now())
        if (!state.answers) throw new Error('refused')
        state.connected = true
      },
      onTrouble: () => state.troubles++,
    },
    stop.signal,
  )
  return { clock, state, stop, running }
}

describe('static peers', () => {
  it('are dialled ever more slowly while they do not answer', async () => {
    const { clock, state, stop, running } = world()
    await clock.advance(120_000)
    const waits = state.dials.slice(1).map((at, index) => at - (state.dials[index] as number))
    expect(waits.slice(0, 8)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
    expect(state.troubles).toBe(state.dials.length)
    stop.abort()
    await running
  })

  it('are dialled again when they are gone, soon where the connection had held', async () => {
    const { clock, state, stop, running } = world()
    state.answers = true
    await clock.advance(60_000)
    // The first one had failed.
    expect(state.dials).toEqual([0, 500])
    state.connected = false
    await clock.advance(2_000)
    expect(state.dials).toHaveLength(3)
    stop.abort()
    await running
  })

  it('are left alone where they dialled us', async () => {
    const { clock, state, stop, running } = world()
    await clock.advance(0)
    state.connected = true
    await clock.advance(60_000)
    expect(state.dials).toEqual([0])
    stop.abort()
    await running
  })
})
