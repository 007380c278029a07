import { describe, expect, test } from 'vitest'
import { OpForks } from './forks.ts'
import { rollupCostData } from './l1-fee.ts'
import { l1FeeInfo } from './l1-fee-info.ts'
import { type EcotoneL1Info, encodeL1Info } from './l1-info.ts'

const forks = new OpForks({ regolith: 0n, canyon: 0n, ecotone: 30n, fjord: 40n, isthmus: 50n, jovian: 60n })
const data = rollupCostData(new Uint8Array(120).fill(3))

const common = {
  number: 5n,
  timestamp: 6n,
  hash: `0x${'ab'.repeat(32)}`,
  baseFeePerGas: 1_000_000_000n,
  sequenceNumber: 0n,
  batcherAddress: `0x${'cd'.repeat(20)}`,
} as const

const bedrock = encodeL1Info({
  format: 'bedrock',
  ...common,
  overhead: `0x${'00'.repeat(31)}bc`,
  scalar: `0x${(684_000).toString(16).padStart(64, '0')}`,
})

function later(format: EcotoneL1Info['format'], operatorFeeScalar = 0n): Uint8Array {
  return encodeL1Info({
    format,
    ...common,
    blobBaseFee: 7n,
    baseFeeScalar: 2n,
    blobBaseFeeScalar: 3n,
    operatorFeeScalar,
    operatorFeeConstant: 0n,
    daFootprintGasScalar: 400n,
  })
}

describe('the fields of a receipt', () => {
  test.each([
    ['bedrock', 29n, bedrock, ['l1FeeScalar']],
    ['the first Ecotone block', 30n, bedrock, ['l1FeeScalar']],
    ['ecotone', 31n, later('ecotone'), ['l1BaseFeeScalar', 'l1BlobBaseFee', 'l1BlobBaseFeeScalar']],
    ['the first Isthmus block', 50n, later('ecotone'), ['l1BaseFeeScalar', 'l1BlobBaseFee', 'l1BlobBaseFeeScalar']],
    ['isthmus', 51n, later('isthmus'), ['l1BaseFeeScalar', 'l1BlobBaseFee', 'l1BlobBaseFeeScalar']],
    [
      'isthmus with an operator fee',
      51n,
      later('isthmus', 9n),
      ['l1BaseFeeScalar', 'l1BlobBaseFee', 'l1BlobBaseFeeScalar', 'operatorFeeConstant', 'operatorFeeScalar'],
    ],
    [
      'jovian',
      61n,
      later('jovian'),
      ['daFootprint', 'daFootprintGasScalar', 'l1BaseFeeScalar', 'l1BlobBaseFee', 'l1BlobBaseFeeScalar'],
    ],
  ] as const)('%s', (_, timestamp, calldata, fields) => {
    const { l1GasPrice, l1GasUsed, l1Fee, ...rest } = l1FeeInfo(forks, timestamp, calldata)(data)
    expect(Object.keys(rest).sort()).toEqual(fields)
    expect(l1GasPrice).toBe(common.baseFeePerGas)
    expect(l1GasUsed).toBeGreaterThan(0n)
    expect(l1Fee).toBeGreaterThan(0n)
  })
})

test('the footprint of a transaction is its size times the scalar', () => {
  expect(l1FeeInfo(forks, 61n, later('jovian'))(data).daFootprint).toBe(40_000n)
})

test.each([
  ['bedrock', 29n, bedrock.subarray(0, 259), 'L1_INFO_INVALID'],
  ['ecotone', 31n, later('ecotone').subarray(1), 'L1_INFO_INVALID'],
  ['isthmus', 51n, later('isthmus').subarray(0, 175), 'L1_INFO_INVALID'],
  ['jovian', 61n, later('jovian').subarray(0, 177), 'DA_FOOTPRINT_UNKNOWN'],
] as const)('calldata that is too short at %s', (_, timestamp, calldata, code) => {
  expect(() => l1FeeInfo(forks, timestamp, calldata)).toThrow(expect.objectContaining({ code }) as Error)
})
