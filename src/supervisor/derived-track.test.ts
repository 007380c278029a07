import { expect, it } from 'vitest'
import { toWord } from '../primitives/hex.ts'
import { DerivedTrack } from './derived-track.ts'

const block = (number: bigint, branch = 0n) => ({ number, hash: toWord((branch << 64n) | number) })

it('says what an L1 block brought, once the node is past it', () => {
  const track = new DerivedTrack()
  track.at(block(10n), block(100n))
  expect(track.doneTo).toBe(9n)
  track.at(block(10n), block(102n))
  track.exhausted(block(11n), block(102n))
  expect(track.doneTo).toBe(11n)
  expect(track.upTo(10n)?.derived).toEqual(block(102n))
  expect(track.upTo(9n)).toBeUndefined()
  expect(track.from(11n)?.source).toEqual(block(11n))
})

it('goes back with the node', () => {
  const track = new DerivedTrack()
  for (const number of [10n, 11n, 12n]) track.exhausted(block(number), block(100n + number))
  track.at(block(11n, 1n), block(110n, 1n))
  expect(track.doneTo).toBe(10n)
  expect(track.last?.derived).toEqual(block(110n, 1n))
  expect(track.upTo(10n)?.derived).toEqual(block(110n))
  track.clear()
  expect([track.doneTo, track.last]).toEqual([undefined, undefined])
})

it('forgets what is settled, but not where the node is', () => {
  const track = new DerivedTrack()
  for (const number of [10n, 11n, 12n]) track.exhausted(block(number), block(100n + number))
  track.settle(11n)
  expect(track.upTo(11n)).toBeUndefined()
  track.settle(20n)
  expect(track.last?.source).toEqual(block(12n))
  expect(track.doneTo).toBe(12n)
  expect(track.lastKnown(({ number }) => number < 100n)).toBeUndefined()
})
