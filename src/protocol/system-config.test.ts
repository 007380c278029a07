import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Hash } from '../primitives/hex.ts'
import {
  decodeOperatorFeeParams,
  ecotoneScalars,
  encodeEcotoneScalar,
  encodeOperatorFeeParams,
  isEcotoneScalar,
} from './system-config.ts'

const uint = (bits: number): fc.Arbitrary<bigint> => fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n })
const word = (value: bigint): Hash => `0x${value.toString(16).padStart(64, '0')}`

test('versioned scalars and operator fees go out and come in', () => {
  fc.assert(
    fc.property(uint(32), uint(32), uint(64), (baseFeeScalar, blobBaseFeeScalar, constant) => {
      const scalar = encodeEcotoneScalar({ baseFeeScalar, blobBaseFeeScalar })
      expect(isEcotoneScalar(scalar)).toBe(true)
      expect(ecotoneScalars(scalar)).toEqual({ baseFeeScalar, blobBaseFeeScalar })
      const params = { scalar: baseFeeScalar, constant }
      expect(decodeOperatorFeeParams(encodeOperatorFeeParams(params))).toEqual(params)
    }),
  )
})

test('a plain number of before Ecotone is the base fee scalar', () => {
  expect(ecotoneScalars(word(684_000n))).toEqual({ baseFeeScalar: 684_000n, blobBaseFeeScalar: 0n })
})

test('a number of before Ecotone that does not fit becomes the highest scalar', () => {
  expect(isEcotoneScalar(word(1n << 32n))).toBe(false)
  expect(ecotoneScalars(word(1n << 32n))).toEqual({ baseFeeScalar: 0xffff_ffffn, blobBaseFeeScalar: 0n })
})

test.each([
  ['padding in version 1', (1n << 248n) | (1n << 64n)],
  ['an unknown version', 2n << 248n],
])('%s is refused', (_, value) => {
  expect(isEcotoneScalar(word(value))).toBe(false)
  expect(() => ecotoneScalars(word(value))).toThrow(
    expect.objectContaining({ code: 'SYSTEM_CONFIG_INVALID', severity: 'critical' }) as Error,
  )
})
