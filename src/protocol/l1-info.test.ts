import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesToHex, type Hex } from '../primitives/hex.ts'
import { OpForks } from './forks.ts'
import {
  createL1InfoDeposit,
  decodeL1Info,
  type EcotoneL1Info,
  encodeL1Info,
  L1_INFO_DEPOSITOR,
  L1_INFO_LENGTH,
  type L1Info,
  type L1InfoFormat,
  l1InfoFormat,
  l1InfoOf,
} from './l1-info.ts'
import { encodeEcotoneScalar, encodeOperatorFeeParams, type SystemConfig } from './system-config.ts'

const hex = (size: number): fc.Arbitrary<Hex> => fc.uint8Array({ minLength: size, maxLength: size }).map(bytesToHex)
const uint = (bits: number): fc.Arbitrary<bigint> => fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n })

const base = {
  number: uint(64),
  timestamp: uint(64),
  hash: hex(32),
  baseFeePerGas: uint(256),
  sequenceNumber: uint(64),
  batcherAddress: hex(20),
}
const bedrock = fc.record({ format: fc.constant('bedrock' as const), ...base, overhead: hex(32), scalar: hex(32) })
const later = fc
  .record({
    format: fc.constantFrom('ecotone' as const, 'isthmus' as const, 'jovian' as const),
    ...base,
    blobBaseFee: uint(256),
    baseFeeScalar: uint(32),
    blobBaseFeeScalar: uint(32),
    operatorFeeScalar: uint(32),
    operatorFeeConstant: uint(64),
    daFootprintGasScalar: uint(16),
  })
  .map(
    (info): EcotoneL1Info => ({
      ...info,
      ...(info.format === 'ecotone' && { operatorFeeScalar: 0n, operatorFeeConstant: 0n }),
      ...(info.format !== 'jovian' && { daFootprintGasScalar: 0n }),
    }),
  )
const anyInfo: fc.Arbitrary<L1Info> = fc.oneof(bedrock, later)

test('what is encoded is decoded', () => {
  fc.assert(
    fc.property(anyInfo, (info) => {
      const data = encodeL1Info(info)
      expect(data.length).toBe(L1_INFO_LENGTH[info.format])
      expect(decodeL1Info(data, info.format)).toEqual(info)
    }),
  )
})

test('another length, selector or padding is refused', () => {
  const invalid = expect.objectContaining({ code: 'L1_INFO_INVALID' }) as Error
  fc.assert(
    fc.property(anyInfo, (info) => {
      const data = encodeL1Info(info)
      expect(() => decodeL1Info(data.subarray(1), info.format)).toThrow(invalid)
      const selector = Uint8Array.from(data)
      selector[3] = (selector[3] as number) ^ 1
      expect(() => decodeL1Info(selector, info.format)).toThrow(invalid)
      const padding = Uint8Array.from(data)
      padding[info.format === 'bedrock' ? 164 : 132] = 1
      expect(() => decodeL1Info(padding, info.format)).toThrow(invalid)
    }),
  )
})

describe('the format', () => {
  const forks = new OpForks({ ecotone: 10n, isthmus: 20n, jovian: 30n, karst: 40n, interop: 50n })

  test.each<[bigint, L1InfoFormat]>([
    [8n, 'bedrock'],
    [10n, 'bedrock'],
    [11n, 'bedrock'],
    [12n, 'ecotone'],
    [21n, 'ecotone'],
    [22n, 'isthmus'],
    [30n, 'isthmus'],
    [32n, 'jovian'],
    [40n, 'jovian'],
    [60n, 'jovian'],
  ])('at %s is %s', (timestamp, format) => {
    expect(l1InfoFormat(forks, timestamp, 2n)).toBe(format)
  })

  test('at genesis is that of the newest fork', () => {
    expect(l1InfoFormat(new OpForks({ ecotone: 0n, isthmus: 0n, jovian: 0n }), 100n, 2n)).toBe('jovian')
  })
})

const systemConfig: SystemConfig = {
  batcherAddress: `0x${'aa'.repeat(20)}`,
  overhead: `0x${'00'.repeat(32)}`,
  scalar: encodeEcotoneScalar({ baseFeeScalar: 5n, blobBaseFeeScalar: 6n }),
  gasLimit: 30_000_000n,
  eip1559Params: new Uint8Array(8),
  operatorFeeParams: encodeOperatorFeeParams({ scalar: 7n, constant: 8n }),
  minBaseFee: 0n,
  daFootprintGasScalar: 0,
}
const source = { hash: `0x${'bb'.repeat(32)}`, number: 9n, timestamp: 10n, baseFeePerGas: 11n } as const

describe('the L1-attributes transaction', () => {
  const context = { blockTime: 2n, systemConfig, sequenceNumber: 3n, timestamp: 100n }

  test('fills in what is left out: the least blob fee, the default DA footprint scalar', () => {
    const forks = new OpForks({ ecotone: 0n, isthmus: 0n, jovian: 0n })
    expect(l1InfoOf(source, { ...context, forks })).toMatchObject({
      blobBaseFee: 1n,
      baseFeeScalar: 5n,
      blobBaseFeeScalar: 6n,
      operatorFeeScalar: 7n,
      operatorFeeConstant: 8n,
      daFootprintGasScalar: 400n,
    })
  })

  test('is a system transaction before Regolith', () => {
    const before = createL1InfoDeposit(source, { ...context, forks: new OpForks({}) })
    const after = createL1InfoDeposit(source, { ...context, forks: new OpForks({ regolith: 100n }) })
    expect([before.isSystemTx, before.gasLimit]).toEqual([true, 150_000_000n])
    expect([after.isSystemTx, after.gasLimit]).toEqual([false, 1_000_000n])
    expect(after.sender).toBe(L1_INFO_DEPOSITOR)
    expect(after.sourceHash).toBe(before.sourceHash)
  })

  test('differs from block to block of one epoch', () => {
    const forks = new OpForks({ regolith: 0n })
    const next = createL1InfoDeposit(source, { ...context, forks, sequenceNumber: 4n })
    expect(next.sourceHash).not.toBe(createL1InfoDeposit(source, { ...context, forks }).sourceHash)
  })
})
