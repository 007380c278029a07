import { describe, expect, test } from 'vitest'
import { hexToBytes } from '../primitives/hex.ts'
import { type BaseFeeParent, INITIAL_BASE_FEE, nextL1BaseFee, nextOpBaseFee } from './base-fee.ts'
import { OpForks } from './forks.ts'

const forks = new OpForks({ canyon: 100n, holocene: 200n, jovian: 300n })
const constants = { elasticity: 6n, denominator: 50n, denominatorCanyon: 250n }

function parent(overrides: Partial<BaseFeeParent>): BaseFeeParent {
  return {
    number: 5n,
    timestamp: 50n,
    gasLimit: 30_000_000n,
    gasUsed: 0n,
    baseFeePerGas: 1_000_000_000n,
    extraData: new Uint8Array(0),
    ...overrides,
  }
}

// elasticity 2, denominator 10
const HOLOCENE = hexToBytes('0x000000000a00000002')
const jovianExtra = (minBaseFee: bigint): Uint8Array =>
  hexToBytes(`0x010000000a00000002${minBaseFee.toString(16).padStart(16, '0')}`)

describe('the base fee on OP chains', () => {
  test.each<[string, Partial<BaseFeeParent>, bigint, bigint]>([
    ['an empty Bedrock block lowers it by 1/50', {}, 52n, 980_000_000n],
    ['a full one raises it by (6-1)/50', { gasUsed: 30_000_000n }, 52n, 1_100_000_000n],
    ['the target keeps it', { gasUsed: 5_000_000n }, 52n, 1_000_000_000n],
    ['a raise is 1 wei at least', { gasUsed: 5_000_001n, baseFeePerGas: 3n }, 52n, 4n],
    ['the first Canyon block has the new denominator already', { timestamp: 99n }, 100n, 996_000_000n],
    ['the first Holocene block still has the constants', { timestamp: 199n }, 200n, 996_000_000n],
    ['a Holocene parent states them', { timestamp: 200n, extraData: HOLOCENE }, 202n, 900_000_000n],
    [
      'a Jovian parent counts its DA footprint when that is more',
      { timestamp: 300n, extraData: jovianExtra(0n), gasUsed: 1n, blobGasUsed: 30_000_000n },
      302n,
      1_100_000_000n,
    ],
    [
      'and its gas when that is more',
      { timestamp: 300n, extraData: jovianExtra(0n), gasUsed: 30_000_000n, blobGasUsed: 1n },
      302n,
      1_100_000_000n,
    ],
    [
      'a Jovian parent states the minimum',
      { timestamp: 300n, extraData: jovianExtra(950_000_000n), blobGasUsed: 0n },
      302n,
      950_000_000n,
    ],
  ])('%s', (_, overrides, timestamp, expected) => {
    expect(nextOpBaseFee(forks, constants, parent(overrides), timestamp)).toBe(expected)
  })

  test.each<[string, Partial<BaseFeeParent>, string]>([
    ['parameters', { timestamp: 200n }, 'EXTRA_DATA_INVALID'],
    ['a DA footprint', { timestamp: 300n, extraData: jovianExtra(0n) }, 'BASE_FEE_UNKNOWN'],
    ['a gas target', { gasLimit: 5n, gasUsed: 5n }, 'BASE_FEE_UNKNOWN'],
  ])('is unknown without %s', (_, overrides, code) => {
    expect(() => nextOpBaseFee(forks, constants, parent(overrides), 400n)).toThrow(
      expect.objectContaining({ code }) as Error,
    )
  })
})

describe('the base fee on L1', () => {
  test('moves by 1/8 at most', () => {
    expect(nextL1BaseFee(parent({}))).toBe(875_000_000n)
    expect(nextL1BaseFee(parent({ gasUsed: 30_000_000n }))).toBe(1_125_000_000n)
    expect(nextL1BaseFee(parent({ gasUsed: 15_000_000n }))).toBe(1_000_000_000n)
  })

  test('starts at one gwei', () => {
    const { baseFeePerGas: _, ...before } = parent({})
    expect(nextL1BaseFee(before)).toBe(INITIAL_BASE_FEE)
  })
})
