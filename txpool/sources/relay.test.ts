import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/primitives/errors.ts'
import { type Hash, toWord } from '../../src/primitives/hex.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { Relay } from './relay.ts'
import { RelayingPool } from './relaying-pool.ts'

const raw = (name: number): Uint8Array => Uint8Array.of(name)
const down = new AppError('RPC_UNAVAILABLE', { message: 'down', severity: 'temporary' })

/** A relay at work until it is disposed, and what the node got. */
function working(answer: (raw: number) => boolean | AppError = () => true) {
  const clock = new VirtualClock()
  const got: number[][] = []
  const told: (string | undefined)[] = []
  const relay = new Relay({
    async send(raws) {
      const names = raws.map((bytes) => bytes[0] as number)
      got.push(names)
      return names.map((name) => {
        const outcome = answer(name)
        if (outcome instanceof AppError) throw outcome
        return outcome
      })
    },
    clock,
    onTrouble: (trouble) => told.push(trouble),
  })
  const ended = new AbortController()
  const work = relay.run(ended.signal)
  return {
    clock,
    got,
    told,
    relay,
    async [Symbol.asyncDispose]() {
      ended.abort()
      await work
    },
  }
}

describe('what is sent to another node', () => {
  it('goes in its order, many at a time', async () => {
    await using own = working((name) => name !== 3)
    for (let name = 0; name < 100; name++) own.relay.offer(raw(name))
    await own.clock.advance(0)
    expect(own.got.flat()).toEqual(Array.from({ length: 100 }, (_, name) => name))
    expect(own.got.length).toBeLessThanOrEqual(3)
    expect(own.relay.stats).toEqual({ sent: 99, refused: 1, failed: 0, dropped: 0 })
  })

  it('is tried again while the node does not answer, and given up at last', async () => {
    let answers = false
    await using own = working(() => answers || down)
    own.relay.offer(raw(1))
    await own.clock.advance(4_000)
    expect(own.got).toEqual([[1], [1], [1], [1]])
    answers = true
    await own.clock.advance(4_000)
    expect(own.relay.stats).toEqual({ sent: 1, refused: 0, failed: 0, dropped: 0 })
    expect(own.told).toEqual(['down', undefined])
    answers = false
    own.relay.offer(raw(2))
    await own.clock.advance(60_000)
    own.relay.offer(raw(3))
    answers = true
    await own.clock.advance(0)
    expect(own.relay.stats).toEqual({ sent: 2, refused: 0, failed: 1, dropped: 0 })
  })

  it('waits in a queue with a bound: the oldest makes room', async () => {
    await using own = working(() => down)
    for (let name = 0; name < 9_000; name++) own.relay.offer(raw(name % 256))
    expect(own.relay.queued).toBe(8_192)
    expect(own.relay.stats.dropped).toBe(9_000 - 8_192)
  })
})

describe('a pool that hands on what it takes', () => {
  it('does so to all but the one that it came from, and not what it refused', async () => {
    const offered: string[] = []
    const target = (node: string) => ({
      node,
      relay: { offer: (bytes: Uint8Array) => offered.push(`${node}:${bytes[0]}`) },
    })
    const hash = (bytes: Uint8Array): Hash => toWord(BigInt(bytes[0] as number))
    const pool = new RelayingPool(
      {
        async add(bytes) {
          if (bytes[0] === 9) throw new AppError('TX_REJECTED', { message: 'already known' })
          return hash(bytes)
        },
      },
      [target('a:1'), target('b:2')],
    )
    await pool.add(raw(1), {})
    await pool.from(toWord(2n), new Set(['a:1', 'a:7']), () => pool.add(raw(2), {}))
    await expect(pool.add(raw(9), {})).rejects.toThrow('already known')
    await pool.add(raw(2), {})
    expect(offered).toEqual(['a:1:1', 'b:2:1', 'b:2:2', 'a:1:2', 'b:2:2'])
  })
})
