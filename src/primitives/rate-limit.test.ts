import { expect, it } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { RateLimit } from './rate-limit.ts'

it('gives so many at once, and then so many with time', async () => {
  const clock = new VirtualClock()
  const limit = new RateLimit(clock, 4, 15)
  for (let i = 0; i < 15; i++) expect(limit.spend()).toBe(true)
  expect(limit.spend()).toBe(false)
  await clock.advance(250)
  expect([limit.spend(), limit.spend()]).toEqual([true, false])
  await clock.advance(60_000)
  expect([limit.spend(15), limit.spend()]).toEqual([true, false])
})

it('has those wait who come too soon, one after the other, and refuses to have them wait too long', async () => {
  const clock = new VirtualClock()
  const limit = new RateLimit(clock, 4, 1)
  const ends: number[] = []
  const waits = Array.from({ length: 4 }, () => limit.wait(600, {}).then((taken) => taken && ends.push(clock.now())))
  await clock.advance(2_000)
  expect(await Promise.all(waits)).toEqual([1, 2, 3, false])
  expect(ends).toEqual([0, 250, 500])
  limit.charge(11)
  expect(await limit.wait(2_000, {})).toBe(false)
})

it('takes nothing of who gives up', async () => {
  const limit = new RateLimit(new VirtualClock(), 1, 1)
  expect(limit.spend()).toBe(true)
  const gone = AbortSignal.abort(new Error('gone'))
  await expect(limit.wait(5_000, { signal: gone })).rejects.toThrow('gone')
})
