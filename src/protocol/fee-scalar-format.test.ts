import { expect, test } from 'vitest'
import { formatFeeScalar } from './fee-scalar-format.ts'

// What Go's big.Float prints for scalar / 10^6.
test.each([
  [0n, '0'],
  [1n, '1e-06'],
  [99n, '9.9e-05'],
  [100n, '0.0001'],
  [684_000n, '0.684'],
  [1_000_000n, '1'],
  [1_500_000n, '1.5'],
  [100_000_000n, '100'],
  [12_345_678_905n, '12345.67891'],
  [999_999_999_999_999_999n, '1e+12'],
  [10n ** 15n, '1000000000'],
  [10n ** 16n, '1e+10'],
  [123_456_789_012_345_678n, '1.23456789e+11'],
  [(1n << 256n) - 1n, '1.157920892e+71'],
] as const)('%s millionths', (scalar, text) => {
  expect(formatFeeScalar(scalar)).toBe(text)
})
