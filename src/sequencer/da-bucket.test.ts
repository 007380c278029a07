import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DaBucket } from './da-bucket.ts'

const steps = fc.array(fc.record({ wait: fc.nat(60_000), want: fc.nat(200_000) }), { maxLength: 60 })

test('between any two moments no more is taken than was there, and came in between', () => {
  fc.assert(
    fc.property(
      fc.nat(50_000),
      fc.integer({ min: 1, max: 500_000 }),
      fc.integer(),
      steps,
      (rate, burst, level, list) => {
        let now = 1_000_000
        const bucket = new DaBucket(rate, burst, { level, at: now })
        const moments: { now: number; level: number; taken: number }[] = []
        for (const { wait, want } of list) {
          now += wait
          const before = bucket.state(now).level
          const taken = Math.max(0, Math.min(want, Math.floor(before)))
          bucket.take(taken, now)
          moments.push({ now, level: before, taken })
          expect(before).toBeLessThanOrEqual(burst)
          expect(bucket.state(now).level).toBeCloseTo(before - taken, 3)
        }
        for (const [from, first] of moments.entries()) {
          let sum = 0
          for (const { now: at, taken } of moments.slice(from)) {
            sum += taken
            expect(sum).toBeLessThanOrEqual(Math.max(0, first.level) + (rate * (at - first.now)) / 1000 + 1)
          }
        }
      },
    ),
  )
})

test('what is owed is paid first, and is bounded', () => {
  const bucket = new DaBucket(10, 1_000, { level: 0, at: 0 })
  bucket.take(500, 0)
  expect(bucket.state(10_000).level).toBe(-400)
  bucket.take(1_000_000, 10_000)
  expect(bucket.state(10_000).level).toBe(-1_000)
  expect(bucket.state(200_000).level).toBe(900)
})

test('a new rate counts from when it is set, and a clock that was set back gives nothing', () => {
  const bucket = new DaBucket(10, 1_000, { level: 0, at: 1_000 })
  bucket.setRate(100, 2_000)
  expect(bucket.state(3_000)).toEqual({ level: 110, at: 3_000 })
  expect(bucket.state(500)).toEqual({ level: 110, at: 3_000 })
  expect(bucket.state(3_000).level).toBe(110)
})

test('what another process left is taken within bounds', () => {
  expect(new DaBucket(1, 100, { level: 1e9, at: 0 }).state(0).level).toBe(100)
  expect(new DaBucket(1, 100, { level: -1e9, at: 0 }).state(0).level).toBe(-100)
})
