import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../test/support/virtual-clock.ts'
import { CostLimiter } from './cost-limiter.ts'

const LIMITS = { perSecond: 100, burst: 50, maxWaitMs: 2000 }

/** What a caller was told; undefined while it waits. */
function asking(limiter: CostLimiter, cost: number, signal?: AbortSignal): { passed: boolean | undefined } {
  const state: { passed: boolean | undefined } = { passed: undefined }
  limiter.pass(cost, signal === undefined ? {} : { signal }).then((passed) => {
    state.passed = passed
  })
  return state
}

describe('CostLimiter', () => {
  it('lets a burst pass at once, and then what becomes free, in turn', async () => {
    const clock = new VirtualClock()
    const limiter = new CostLimiter(LIMITS, clock)
    const first = asking(limiter, 50)
    const second = asking(limiter, 100)
    const third = asking(limiter, 10)
    await clock.advance(0)
    expect([first.passed, second.passed, third.passed]).toEqual([true, undefined, undefined])
    await clock.advance(999)
    expect([second.passed, third.passed]).toEqual([undefined, undefined])
    await clock.advance(1)
    expect([second.passed, third.passed]).toEqual([true, undefined])
    await clock.advance(100)
    expect(third.passed).toBe(true)
  })

  it('refuses what would wait too long, and forgets who has gone', async () => {
    const clock = new VirtualClock()
    const limiter = new CostLimiter(LIMITS, clock)
    const gone = new AbortController()
    const patient = asking(limiter, 250, gone.signal)
    const refused = asking(limiter, 1)
    await clock.advance(0)
    expect([patient.passed, refused.passed]).toEqual([undefined, false])
    gone.abort()
    await clock.advance(0)
    expect(patient.passed).toBe(false)
    const next = asking(limiter, 50)
    await clock.advance(0)
    expect(next.passed).toBe(true)
  })

  it('saves no more than the burst', async () => {
    const clock = new VirtualClock()
    const limiter = new CostLimiter(LIMITS, clock)
    await clock.advance(60_000)
    const first = asking(limiter, 50)
    const second = asking(limiter, 1)
    await clock.advance(0)
    expect([first.passed, second.passed]).toEqual([true, undefined])
  })
})
