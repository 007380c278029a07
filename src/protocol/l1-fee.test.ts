import { describe, expect, test } from 'vitest'
import { hexToBytes } from '../primitives/hex.ts'
import { OpForks } from './forks.ts'
import {
  estimatedDaSize,
  estimatedDaSizeScaled,
  type L1BlockSlots,
  l1Cost,
  l1CostRule,
  operatorFee,
  operatorFeeRule,
  rollupCostData,
} from './l1-fee.ts'

// 30 bytes with 0 zeros: a legacy transaction without value, data and signature.
const EMPTY_TRANSACTION = rollupCostData(hexToBytes('0xdd80808094095e7baea6a6c7c4c2dfeb977efac326af552d878080808080'))
const forks = new OpForks({ regolith: 10n, canyon: 20n, ecotone: 30n, fjord: 40n, isthmus: 50n, jovian: 60n })

const slots: L1BlockSlots = {
  l1BaseFee: 1_000_000_000n,
  feeScalars: (2n << 96n) | (3n << 64n) | 77n,
  overhead: 50n,
  scalar: 7_000_000n,
  l1BlobBaseFee: 10_000_000n,
  operatorFee: (1_439_103_868n << 64n) | 1_256_417_826_609_331_460n,
}

describe('the L1 cost', () => {
  // The figures are those of op-geth's own tests, with the same parameters.
  test.each([
    ['bedrock', 9n, 11_326_000_000_000n, 1_618n],
    ['regolith', 10n, 3_710_000_000_000n, 530n],
    ['ecotone', 30n, 960_900n, 480n],
    ['fjord', 40n, 3_203_000n, 1_600n],
    ['jovian', 60n, 3_203_000n, 1_600n],
  ] as const)('of the smallest transaction at %s', (_, timestamp, fee, gasUsed) => {
    const rule = l1CostRule(forks, timestamp, slots)
    expect(l1Cost(rule, EMPTY_TRANSACTION)).toEqual({ fee, gasUsed })
  })

  test('falls back to Bedrock while the Ecotone parameters are unset, also when Fjord starts with it', () => {
    const both = new OpForks({ regolith: 0n, ecotone: 30n, fjord: 30n })
    const unset = { ...slots, feeScalars: 77n, l1BlobBaseFee: 0n }
    expect(l1CostRule(both, 30n, unset).tag).toBe('bedrock')
    expect(l1CostRule(both, 30n, { ...unset, l1BlobBaseFee: 1n }).tag).toBe('fjord')
    expect(l1CostRule(both, 30n, { ...unset, feeScalars: 1n << 64n }).tag).toBe('fjord')
    expect(l1CostRule(both, 30n, { ...unset, feeScalars: 1n << 96n }).tag).toBe('fjord')
  })

  test('charges 68 bytes more before Regolith', () => {
    const before = l1Cost(l1CostRule(forks, 9n, slots), EMPTY_TRANSACTION)
    const after = l1Cost(l1CostRule(forks, 10n, slots), EMPTY_TRANSACTION)
    expect(before.gasUsed - after.gasUsed).toBe(68n * 16n)
  })
})

test('counts zero bytes', () => {
  expect(rollupCostData(Uint8Array.of(0, 1, 0, 2, 0))).toEqual({ zeroes: 3, nonZeroes: 2, fastLzSize: 6 })
})

test('the estimated size has a floor of 100 bytes, and is cut to whole bytes', () => {
  const of = (fastLzSize: number) => ({ zeroes: 0, nonZeroes: 0, fastLzSize })
  expect(estimatedDaSizeScaled(of(170))).toBe(100_000_000n)
  expect(estimatedDaSizeScaled(of(171))).toBe(100_455_900n)
  expect(estimatedDaSize(of(171))).toBe(100n)
  expect(estimatedDaSize(of(202))).toBe(126n)
})

describe('the operator fee', () => {
  test.each([
    ['nothing before Isthmus', 49n, 0n],
    ['millionths in Isthmus', 50n, 1_256_417_826_611_659_930n],
    ['hundreds from Jovian', 60n, 1_256_650_673_615_173_860n],
  ] as const)('%s', (_, timestamp, fee) => {
    expect(operatorFee(operatorFeeRule(forks, timestamp, slots), 1_618n)).toBe(fee)
  })

  test('is nothing when its slot is empty', () => {
    expect(operatorFeeRule(forks, 60n, { ...slots, operatorFee: 0n })).toBeUndefined()
    expect(operatorFee(undefined, 21_000n)).toBe(0n)
  })
})
