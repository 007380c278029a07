import { expect, it } from 'vitest'
import type { Hash } from '../../src/primitives/hex.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import type { Announcement } from './eth-messages.ts'
import { TxFetcher } from './tx-fetcher.ts'

const hashOf = (index: number): Hash => `0x${index.toString(16).padStart(64, '0')}`
const small = (index: number, size = 110): Announcement => ({ hash: hashOf(index), type: 2, size })
const many = (count: number, from = 0): Announcement[] =>
  Array.from({ length: count }, (_, index) => small(from + index))

function world(known: (hash: Hash) => boolean = () => false) {
  const clock = new VirtualClock(1)
  const fetcher = new TxFetcher({ clock, known })
  const stop = new AbortController()
  const running = fetcher.run(stop.signal).catch(() => undefined)
  const asked: [string, bigint, readonly Hash[]][] = []
  const dropped: [string, string][] = []
  for (const id of ['a', 'b']) {
    fetcher.join(id, {
      request: (request, hashes) => void asked.push([id, request, hashes]),
      drop: (error) => void dropped.push([id, error.message]),
    })
  }
  const end = () => {
    stop.abort()
    return running
  }
  return { clock, fetcher, asked, dropped, end }
}

it('asks for what is not pushed in time, and for blobs and what is large at once', async () => {
  const { clock, fetcher, asked, end } = world((hash) => hash === hashOf(9))
  fetcher.announce('a', [small(1), { ...small(2), type: 3 }, small(3, 5000), small(9)])
  expect(asked).toEqual([['a', 1n, [hashOf(2), hashOf(3)]]])
  fetcher.answered('a', 1n, [{ ...small(2), type: 3 }, small(3, 5000)])
  fetcher.announce('b', [small(1), small(4)])
  // Somebody pushes it.
  fetcher.delivered([small(4)])
  await clock.advance(200)
  expect(asked.slice(1)).toEqual([['a', 2n, [hashOf(1)]]])
  fetcher.answered('a', 2n, [small(1)])
  expect(fetcher.waiting).toBe(0)
  await end()
})

it('asks for no more at once than geth does, and remembers no more', async () => {
  const { clock, fetcher, asked, end } = world()
  expect(fetcher.announce('a', many(5000))).toBe(904)
  await clock.advance(200)
  expect(asked.map(([id, , hashes]) => [id, hashes.length])).toEqual([['a', 256]])
  expect(fetcher.waiting).toBe(4096)
  fetcher.leave('a')
  expect(fetcher.waiting).toBe(0)
  fetcher.announce('b', [small(1, 100_000), small(2, 100_000), small(3)])
  expect(asked[1]?.[2]).toEqual([hashOf(1), hashOf(2)])
  await end()
})

it('asks another one when a peer is late, gone, or has it not', async () => {
  const { clock, fetcher, asked, dropped, end } = world()
  fetcher.announce('a', many(3))
  await clock.advance(200)
  fetcher.announce('b', many(3))
  await clock.advance(5_000)
  expect(asked.map(([id, , hashes]) => [id, hashes])).toEqual([
    ['a', many(3).map(({ hash }) => hash)],
    ['b', many(3).map(({ hash }) => hash)],
  ])
  // Has only the second: the first is not there, what comes after it had no room.
  expect(fetcher.answered('b', 2n, [small(1)])).toBe(2)
  expect(asked[2]).toEqual(['b', 3n, [hashOf(2)]])
  // It has nothing: it is not asked again.
  expect(fetcher.answered('b', 3n, [])).toBe(1)
  await clock.advance(1_000)
  expect([asked.length, fetcher.waiting, dropped]).toEqual([3, 0, []])
  await clock.advance(20_000)
  expect(dropped[0]).toEqual(['a', 'does not deliver what it announced'])
  await end()
})

it('gives up nothing that another peer has when one leaves', async () => {
  const { clock, fetcher, asked, end } = world()
  fetcher.announce('a', [small(1)])
  await clock.advance(200)
  fetcher.announce('b', [small(1)])
  fetcher.leave('a')
  expect(asked[1]).toEqual(['b', 2n, [hashOf(1)]])
  expect(() => fetcher.answered('a', 1n, [])).toThrow('nobody has asked')
  expect(() => fetcher.answered('b', 2n, [small(7)])).toThrow('not asked for')
  await end()
})

it('drops who announced a transaction as another one, whoever delivers it', async () => {
  const { fetcher, dropped, end } = world()
  fetcher.announce('a', [small(1, 118), { ...small(2), type: 1 }])
  fetcher.announce('b', [small(1, 119)])
  fetcher.delivered([small(1)])
  expect(dropped.map(([id]) => id)).toEqual(['b'])
  fetcher.delivered([small(2)])
  expect(dropped.map(([id]) => id)).toEqual(['b', 'a'])
  await end()
})
