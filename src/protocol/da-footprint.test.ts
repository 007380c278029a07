import { expect, test } from 'vitest'
import { daFootprint, daFootprintGasScalar } from './da-footprint.ts'
import { L1_INFO_SELECTOR } from './l1-info.ts'

function attributes(length: number, selector = L1_INFO_SELECTOR.jovian): Uint8Array {
  const data = new Uint8Array(length)
  data.set(selector)
  return data
}

test('the scalar is the last u16 of the Jovian attributes', () => {
  const data = attributes(178)
  data.set([0x01, 0x90], 176)
  expect(daFootprintGasScalar(data)).toBe(400n)
})

test('the activation block has none', () => {
  expect(daFootprintGasScalar(attributes(176, L1_INFO_SELECTOR.isthmus))).toBeUndefined()
})

test.each([
  ['too short', attributes(177)],
  ['of an older format', attributes(178, L1_INFO_SELECTOR.isthmus)],
])('attributes that are %s are refused', (_, data) => {
  expect(() => daFootprintGasScalar(data)).toThrow(expect.objectContaining({ code: 'DA_FOOTPRINT_UNKNOWN' }) as Error)
})

test('a transaction counts with its estimated size', () => {
  expect(daFootprint({ zeroes: 0, nonZeroes: 110, fastLzSize: 110 }, 400n)).toBe(40_000n)
  expect(daFootprint({ zeroes: 0, nonZeroes: 900, fastLzSize: 1_000 }, 400n)).toBe(793n * 400n)
})
