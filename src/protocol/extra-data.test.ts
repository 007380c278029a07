import { describe, expect, test } from 'vitest'
import { bytesToHex, type Hex, hexToBytes } from '../primitives/hex.ts'
import {
  decodeAttributesParams,
  decodeExtraData,
  decodeParentExtraData,
  encodeExtraData,
  extraDataFromAttributes,
} from './extra-data.ts'
import { OpForks } from './forks.ts'

const forks = new OpForks({ canyon: 10n, holocene: 20n, jovian: 30n })
const constants = { elasticity: 6n, denominator: 50n, denominatorCanyon: 250n }
const ZEROS = new Uint8Array(8)

const failure = (code: string, message: string): Error => expect.objectContaining({ code, message }) as Error

describe('extraData out of attributes', () => {
  test.each([
    ['is empty before Holocene', 19n, undefined, undefined, '0x'],
    ['resolves zeros to the constants', 20n, '0x0000000000000000', undefined, '0x00000000fa00000006'],
    ['keeps stated parameters', 20n, '0x0000002000000002', undefined, '0x000000002000000002'],
    ['ignores a minimum base fee before Jovian', 20n, '0x0000002000000002', 5n, '0x000000002000000002'],
    ['carries it from Jovian', 30n, '0x0000000000000000', 0x1234n, '0x01000000fa000000060000000000001234'],
  ] as const)('%s', (_, timestamp, params, minBaseFee, expected) => {
    const bytes = params === undefined ? undefined : hexToBytes(params)
    expect(bytesToHex(extraDataFromAttributes(forks, constants, timestamp, bytes, minBaseFee))).toBe(expected)
  })

  test.each([
    ['parameters before Holocene', 19n, ZEROS, undefined, 'got eip1559 params, expected none'],
    ['no parameters', 20n, undefined, undefined, 'holocene eip-1559 params should be 8 bytes, got 0'],
    ['no minimum base fee', 30n, ZEROS, undefined, 'missing minBaseFee'],
  ] as const)('refuses %s', (_, timestamp, params, minBaseFee, message) => {
    const build = () => extraDataFromAttributes(forks, constants, timestamp, params, minBaseFee)
    expect(build).toThrow(failure('EIP1559_PARAMS_INVALID', message))
  })

  test.each([
    ['0x0000000000000001', 'holocene params cannot have a 0 denominator unless elasticity is also 0'],
    ['0x0000000100000000', 'holocene params cannot have a 0 elasticity unless denominator is also 0'],
  ] as const)('refuses %s', (params, message) => {
    expect(() => decodeAttributesParams(hexToBytes(params))).toThrow(failure('EIP1559_PARAMS_INVALID', message))
  })
})

describe('extraData of a header', () => {
  test.each([
    [20n, undefined],
    [30n, 99n],
  ] as const)('goes out and comes in at %s', (timestamp, minBaseFee) => {
    const params = { denominator: 7n, elasticity: 3n }
    const bytes = encodeExtraData(forks, timestamp, params, minBaseFee ?? 0n)
    expect(decodeExtraData(forks, timestamp, bytes)).toEqual(
      minBaseFee === undefined ? params : { ...params, minBaseFee },
    )
  })

  test('is empty before Holocene', () => {
    expect(decodeExtraData(forks, 19n, new Uint8Array(0))).toBeUndefined()
    expect(() => decodeExtraData(forks, 19n, Uint8Array.of(1))).toThrow(
      failure('EXTRA_DATA_INVALID', 'extraData must be empty before Holocene'),
    )
  })

  test.each<[bigint, Hex, string]>([
    [20n, '0x0001', 'holocene extraData should be 9 bytes, got 2'],
    [20n, '0x010000000100000001', 'holocene extraData version byte should be 0, got 1'],
    [20n, '0x000000000000000001', 'holocene extraData must encode a non-zero denominator'],
    [20n, '0x000000000100000000', 'holocene extraData must encode a non-zero elasticity'],
    [30n, '0x000000000100000001', 'Jovian extraData should be 17 bytes, got 9'],
    [30n, `0x00${'00000001'.repeat(4)}`, 'Jovian extraData version byte should be 1, got 0'],
  ])('refuses at %s: %s', (timestamp, extraData, message) => {
    expect(() => decodeExtraData(forks, timestamp, hexToBytes(extraData))).toThrow(
      failure('EXTRA_DATA_INVALID', message),
    )
  })
})

test('a Jovian parent may still carry the short form', () => {
  expect(decodeParentExtraData(true, hexToBytes('0x000000000100000002'))).toEqual({ denominator: 1n, elasticity: 2n })
  expect(() => decodeParentExtraData(false, hexToBytes(`0x01${'00000001'.repeat(4)}`))).toThrow(
    expect.objectContaining({ code: 'EXTRA_DATA_INVALID' }) as Error,
  )
})
