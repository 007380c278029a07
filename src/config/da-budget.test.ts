import { describe, expect, test } from 'vitest'
import { daBudgetSchema, daBudgetSettings } from './da-budget.ts'

const read = (section: unknown) => daBudgetSettings(daBudgetSchema.parse(section))
const problems = (section: unknown) =>
  daBudgetSchema.safeParse(section).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)

describe('a budget of data', () => {
  test('is measured where no rate is given', () => {
    expect(read({})).toEqual({
      rate: { floor: 1_000, ceiling: 1_000_000, backlog: 3_200_000, windowMs: 60_000 },
      burst: 786_432,
      dryRun: false,
    })
    expect(read({ floor: 5, ceiling: 50, backlog: 7, window: '5s', dryRun: true, burst: 9 })).toEqual({
      rate: { floor: 5, ceiling: 50, backlog: 7, windowMs: 5_000 },
      burst: 9,
      dryRun: true,
    })
  })

  test('is what a rate says, which needs no bounds', () => {
    expect(read({ bytesPerSecond: 40_000 })).toEqual({ rate: 40_000, burst: 786_432, dryRun: false })
    expect(problems({ bytesPerSecond: 40_000, floor: 1, window: '1s' })).toEqual([
      'floor: is for bytesPerSecond: measured',
      'window: is for bytesPerSecond: measured',
    ])
  })

  test('is refused where it makes no sense', () => {
    expect(problems({ ceiling: 10 })).toEqual(['ceiling: must not be less than floor'])
    expect(problems({ window: '0s' })).toEqual(['window: must be positive'])
    for (const section of [{ bytesPerSecond: 0 }, { bytesPerSecond: 'many' }, { burst: -1 }, { speed: 1 }]) {
      expect(problems(section)).toHaveLength(1)
    }
  })
})
