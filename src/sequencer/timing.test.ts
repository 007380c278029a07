import { describe, expect, it } from 'vitest'
import { blockTiming } from './timing.ts'

describe('blockTiming', () => {
  const pace = { blockTimeMs: 2000, sealLeadMs: 50 }

  it('begins a block one block time before it is due, and seals it a little before that', () => {
    expect(blockTiming(pace, 100n, 99_000, undefined)).toEqual({ begin: 100_000, due: 102_000, seal: 101_950 })
  })

  it('has a late block sealed in the past, so that it is sealed at once', () => {
    const { begin, seal } = blockTiming(pace, 100n, 150_000, undefined)
    expect(begin).toBeLessThan(150_000)
    expect(seal).toBeLessThan(150_000)
  })

  it('takes an interval in place of timestamps', () => {
    const fast = { ...pace, intervalMs: 250 }
    expect(blockTiming(fast, 5_000_000n, 1000, undefined)).toEqual({ begin: 1000, due: 1250, seal: 1200 })
    expect(blockTiming(fast, 5_000_000n, 1240, 1250)).toEqual({ begin: 1250, due: 1500, seal: 1450 })
  })

  it('does not rush after a block that took longer than the interval', () => {
    expect(blockTiming({ ...pace, intervalMs: 250 }, 0n, 9000, 1250)).toEqual({ begin: 8750, due: 9000, seal: 8950 })
  })

  it('leaves time to fill with an interval that is shorter than the lead', () => {
    expect(blockTiming({ ...pace, intervalMs: 40 }, 0n, 1000, undefined).seal).toBe(1020)
  })
})
