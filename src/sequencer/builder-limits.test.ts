import { expect, test } from 'vitest'
import { type DaLimits, DaThrottle } from '../builder/da-limits.ts'
import { EngineBuilderLimits, limitsOf } from './builder-limits.ts'

test('an allowance of nothing is not the same as none', () => {
  expect(limitsOf({})).toEqual({ transaction: 0n, block: 0n })
  expect(limitsOf({ maxTxBytes: 0n, maxBlockBytes: 0n })).toEqual({ transaction: 1n, block: 1n })
  expect(limitsOf({ maxBlockBytes: 700n })).toEqual({ transaction: 0n, block: 700n })
})

function builder(hears = true) {
  const told: DaLimits[] = []
  const throttle = new DaThrottle()
  let deaf = 0
  const state = { hears }
  const limits = new EngineBuilderLimits({
    tell: async (wanted) => {
      if (state.hears) told.push(wanted)
      return state.hears
    },
    throttle,
    onDeaf: () => deaf++,
  })
  return { told, throttle, limits, state, deaf: () => deaf }
}

test('a builder hears of limits before each block, and once that there are none any more', async () => {
  const { told, throttle, limits } = builder()
  await limits.set({}, {})
  expect(told).toEqual([])
  throttle.set({ transaction: 100n, block: 900n })
  await limits.set({ maxBlockBytes: 500n }, {})
  await limits.set({ maxBlockBytes: 2_000n }, {})
  throttle.set({ transaction: 0n, block: 0n })
  await limits.set({}, {})
  await limits.set({}, {})
  expect(told).toEqual([
    { transaction: 100n, block: 500n },
    { transaction: 100n, block: 900n },
    { transaction: 0n, block: 0n },
  ])
})

test('a builder that cannot be told is reported once', async () => {
  const { told, limits, state, deaf } = builder(false)
  for (let i = 0; i < 3; i++) await limits.set({ maxBlockBytes: 5n }, {})
  expect(deaf()).toBe(1)
  state.hears = true
  await limits.set({ maxBlockBytes: 5n }, {})
  expect(told).toEqual([{ transaction: 0n, block: 5n }])
  state.hears = false
  await limits.set({ maxBlockBytes: 5n }, {})
  expect(deaf()).toBe(2)
})
