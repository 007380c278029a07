import { describe, expect, test } from 'vitest'
import { blobBaseFee, GAS_PER_BLOB, l1BlobBaseFee, nextExcessBlobGas } from './blob-fee.ts'
import type { L1ChainConfig } from './l1-chain.ts'
import { blobParamsAt } from './l1-chain.ts'

const config: L1ChainConfig = {
  chainId: 900n,
  blockForks: {},
  timeForks: { cancun: 100n, prague: 200n, osaka: 300n, bpo1: 400n },
  blobSchedule: {
    cancun: { target: 3, max: 6, updateFraction: 3_338_477n },
    prague: { target: 6, max: 9, updateFraction: 5_007_716n },
    bpo1: { target: 10, max: 15, updateFraction: 8_346_193n },
  },
}

// EIP-4844's own example of the fee, and what geth's tests have.
test.each([
  [0n, 1n],
  [2_314_057n, 1n],
  [2_314_058n, 2n],
  [10n * 1024n * 1024n, 23n],
  [148_099_578n, 18_446_739_238_971_471_609n],
])('the fee at an excess of %s', (excess, fee) => {
  expect(blobBaseFee(excess, 3_338_477n)).toBe(fee)
})

test('an upgrade without parameters of its own keeps those before it', () => {
  expect(blobParamsAt(config, 99n)).toBeUndefined()
  expect([100n, 200n, 300n, 400n].map((time) => blobParamsAt(config, time)?.target)).toEqual([3, 6, 6, 10])
})

describe('the fee in L1 attributes', () => {
  const excessBlobGas = 50_000_000n

  test('follows the parameters of the L1 block', () => {
    expect(l1BlobBaseFee(config, undefined, { timestamp: 199n, excessBlobGas })).toBe(
      blobBaseFee(excessBlobGas, 3_338_477n),
    )
    expect(l1BlobBaseFee(config, undefined, { timestamp: 200n, excessBlobGas })).toBe(
      blobBaseFee(excessBlobGas, 5_007_716n),
    )
  })

  test('stays with those of Cancun until the time that the chain says', () => {
    expect(l1BlobBaseFee(config, 250n, { timestamp: 249n, excessBlobGas })).toBe(blobBaseFee(excessBlobGas, 3_338_477n))
    expect(l1BlobBaseFee(config, 250n, { timestamp: 250n, excessBlobGas })).toBe(blobBaseFee(excessBlobGas, 5_007_716n))
  })

  test('is absent before Cancun, and unknown without a schedule', () => {
    expect(l1BlobBaseFee(config, undefined, { timestamp: 99n })).toBeUndefined()
    expect(() => l1BlobBaseFee(config, undefined, { timestamp: 99n, excessBlobGas })).toThrow(
      expect.objectContaining({ code: 'BLOB_SCHEDULE_UNKNOWN' }) as Error,
    )
  })
})

describe('the next excess', () => {
  const next = (excess: bigint, blobs: bigint, baseFeePerGas: bigint, timestamp: bigint): bigint =>
    nextExcessBlobGas(config, { excessBlobGas: excess, blobGasUsed: blobs * GAS_PER_BLOB, baseFeePerGas }, timestamp)

  test('is what exceeds the target', () => {
    expect(next(0n, 2n, 7n, 100n)).toBe(0n)
    expect(next(0n, 3n, 7n, 100n)).toBe(0n)
    expect(next(0n, 5n, 7n, 100n)).toBe(2n * GAS_PER_BLOB)
    expect(next(GAS_PER_BLOB, 3n, 7n, 100n)).toBe(GAS_PER_BLOB)
  })

  test('from Osaka falls no further while blobs are cheap against execution', () => {
    const excess = 10n * GAS_PER_BLOB
    expect(next(excess, 3n, 10n ** 9n, 299n)).toBe(7n * GAS_PER_BLOB)
    expect(next(excess, 3n, 10n ** 9n, 300n)).toBe(11n * GAS_PER_BLOB)
    expect(next(excess, 3n, 1n, 300n)).toBe(7n * GAS_PER_BLOB)
  })

  test('of the first Cancun block is nothing', () => {
    expect(nextExcessBlobGas(config, { baseFeePerGas: 7n }, 100n)).toBe(0n)
  })
})
