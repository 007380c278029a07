import { expect, it } from 'vitest'
import type { Enode } from '../../src/protocol/enode.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { StaticPeers } from './static-peers.ts'

const PEER: Enode = { id: new Uint8Array(64).fill(1), host: '127.0.0.1', port: 30303 }
const ID = '01'.repeat(64)

function world(held: (attempt: number) => number) {
  const clock = new VirtualClock(0)
  const dials: number[] = []
  const peers = new StaticPeers({
    clock,
    random: () => 0.5,
    absent: async () => undefined,
    async dial(_enode, signal) {
      dials.push(clock.now())
      const ms = held(dials.length)
      if (ms > 0) await clock.sleep(ms, { signal }).catch(() => undefined)
    },
  })
  const stop = new AbortController()
  const running = peers.run(stop.signal)
  return { clock, dials, peers, stop, running }
}

it('dials again, less and less often', async () => {
  const { clock, dials, peers, stop, running } = world(() => 0)
  peers.add(PEER)
  await clock.advance(120_000)
  expect(dials).toEqual([0, 500, 1500, 3500, 7500, 15_500, 31_500, 61_500, 91_500])
  stop.abort()
  await running
})

it('dials at once again after a connection that held', async () => {
  const { clock, dials, peers, stop, running } = world((attempt) => (attempt === 4 ? 20_000 : 0))
  peers.add(PEER)
  await clock.advance(25_000)
  expect(dials).toEqual([0, 500, 1500, 3500, 24_000, 25_000])
  stop.abort()
  await running
})

it('dials no more when the peer is removed, or all ends', async () => {
  const { clock, dials, peers, stop, running } = world((attempt) => (attempt === 2 ? 1_000_000 : 0))
  peers.add(PEER)
  await clock.advance(100)
  expect([peers.has(ID), peers.remove(ID), peers.remove(ID), peers.size]).toEqual([true, true, false, 0])
  await clock.advance(10_000)
  expect(dials).toEqual([0])
  peers.add(PEER)
  await clock.advance(10)
  // In the middle of a connection.
  stop.abort()
  await running
  expect(dials).toEqual([0, 10_100])
})
