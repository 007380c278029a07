import { expect, it } from 'vitest'
import { evictionPriority, feeJumps } from './priority.ts'

// Figures of geth's priority_test.go, but for those above zero, which count as zero.
it.each([
  [7n, 10n, 0],
  [17_200_000_000n, 17_200_000_000n, 0],
  [9_853_941_692n, 11_085_092_510n, 0],
  [11_544_106_391n, 10_356_781_100n, 0],
  [17_200_000_000n, 7n, -7],
  [7n, 17_200_000_000n, 0],
])('at a fee of %s a cap of %s has the priority %s; the worse of two caps counts', (fee, cap, priority) => {
  const current = { baseFee: feeJumps(fee), blobFee: feeJumps(fee) }
  const good = feeJumps(fee * 2n)
  expect(evictionPriority(current, { baseFee: feeJumps(cap), blobFee: good })).toBe(priority)
  expect(evictionPriority(current, { baseFee: good, blobFee: feeJumps(cap) })).toBe(priority)
})

it('has no jumps for nothing', () => {
  expect(feeJumps(0n)).toBe(0)
  expect(feeJumps(1125n) - feeJumps(1000n)).toBeCloseTo(1)
})
