import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DaThroughput } from './da-throughput.ts'

const options = { floor: 100, ceiling: 10_000, backlog: 5_000, windowMs: 10_000 }

describe('measured throughput', () => {
  test('rises while L1 keeps up, to its ceiling', () => {
    const throughput = new DaThroughput(options, 1_000)
    let number = 0n
    const rates: number[] = []
    for (let now = 0; now <= 400_000; now += 2_000) {
      throughput.built(++number, 1_000)
      rates.push(throughput.safe(number, now))
    }
    expect(rates.toSorted((a, b) => a - b)).toEqual(rates)
    expect(rates.at(-1)).toBe(options.ceiling)
  })

  test('falls below what L1 achieves while too much waits, and to its floor when L1 stands still', () => {
    const throughput = new DaThroughput(options, 8_000)
    for (let number = 1n; number <= 100n; number++) throughput.built(number, 1_000)
    // Each 2 s another block of 1000 bytes.
    for (let i = 0; i <= 5; i++) throughput.safe(BigInt(i), i * 2_000)
    expect(throughput.rate).toBeCloseTo(500 * 0.6, 6)
    expect(throughput.backlog).toBe(95_000)
    for (let now = 10_000; now <= 210_000; now += 2_000) throughput.safe(5n, now)
    expect(throughput.rate).toBe(options.floor)
  })

  test('blocks that a reorg replaced do not wait', () => {
    const throughput = new DaThroughput(options, 1_000)
    for (const [number, bytes] of [
      [1n, 10],
      [2n, 20],
      [3n, 40],
      [2n, 80],
    ] as const)
      throughput.built(number, bytes)
    expect(throughput.backlog).toBe(90)
  })

  test('a chain under a batcher of a given capacity settles at it, whatever the batches', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 400, max: 6_000 }),
        fc.integer({ min: 1, max: 15 }),
        fc.integer({ min: 0, max: 10 }),
        (capacity, every, start) => {
          const throughput = new DaThroughput(options, start * 1_000)
          const waiting: { number: bigint; bytes: number }[] = []
          let number = 0n
          let credit = 0
          let safe = 0n
          let sent = 0
          let worst = 0
          const blocks = 4_000
          for (let slot = 0; slot < blocks; slot++) {
            // A chain that always has as much as it may take.
            const bytes = Math.floor(throughput.rate * 2)
            throughput.built(++number, bytes)
            waiting.push({ number, bytes })
            if (slot >= blocks / 2) sent += bytes
            credit += capacity * 2
            if (slot % every === 0) {
              while ((waiting[0]?.bytes ?? Number.POSITIVE_INFINITY) <= credit) {
                const block = waiting.shift()
                credit -= block?.bytes ?? 0
                safe = block?.number ?? safe
              }
              // What is not needed is not saved.
              if (waiting.length === 0) credit = 0
            }
            throughput.safe(safe, slot * 2_000)
            expect(throughput.rate).toBeGreaterThanOrEqual(options.floor)
            expect(throughput.rate).toBeLessThanOrEqual(options.ceiling)
            if (slot >= blocks / 2) worst = Math.max(worst, throughput.backlog)
          }
          const average = sent / blocks
          expect(average).toBeLessThanOrEqual(capacity * 1.01 + options.floor)
          expect(average).toBeGreaterThan(Math.min(capacity, options.ceiling) * 0.6)
          // What waits stays a few windows' worth.
          expect(worst).toBeLessThan(options.backlog + capacity * 40 * every)
        },
      ),
      { numRuns: 15 },
    )
  })
})
