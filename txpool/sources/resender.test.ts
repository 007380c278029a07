import { expect, test } from 'vitest'
import { toWord } from '../../src/primitives/hex.ts'
import type { SignedTransaction } from '../../src/protocol/transaction.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { Resender } from './resender.ts'

const transaction = (id: number) => ({ hash: toWord(BigInt(id)), raw: Uint8Array.of(id) }) as SignedTransaction

test('what waits from one look to the next is sent again, to everybody', async () => {
  const clock = new VirtualClock()
  let pool = [transaction(1), transaction(2)]
  const sent: number[][] = [[], []]
  const relays = sent.map((list) => ({ offer: (raw: Uint8Array) => void list.push(raw[0] as number) }))
  const stop = new AbortController()
  const work = new Resender({ pool: { all: () => pool }, relays, clock, intervalMs: 1_000 }).run(stop.signal)
  await clock.advance(900)
  expect(sent).toEqual([[], []])
  pool = [transaction(2), transaction(3)]
  await clock.advance(200)
  expect(sent).toEqual([[2], [2]])
  await clock.advance(1_000)
  expect(sent[0]).toEqual([2, 2, 3])
  stop.abort()
  await work
})
