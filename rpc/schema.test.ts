import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { bytesToHex, toQuantity } from '../src/primitives/hex.ts'
import { address, blockSelector, compact, data, dataOf, hash, optional, quantity, quantity64 } from './schema.ts'

describe('the hex gate', () => {
  it('reads every quantity of 256 bits', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }), (value) => {
        expect(quantity.parse(toQuantity(value))).toBe(value)
      }),
    )
  })

  it('is strict about quantities', () => {
    for (const bad of ['0x', '0x00', '0x01', '1', '', '0xg', '-0x1', '0x1 ', `0x1${'0'.repeat(64)}`, 1, null, {}]) {
      expect(quantity.safeParse(bad).success, String(bad)).toBe(false)
    }
    expect(quantity64.parse('0xffffffffffffffff')).toBe((1n << 64n) - 1n)
    expect(quantity64.safeParse('0x10000000000000000').success).toBe(false)
  })

  it('reads all bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(data.parse(bytesToHex(bytes))).toEqual(bytes)
        expect(data.parse(`0x${bytesToHex(bytes).slice(2).toUpperCase()}`)).toEqual(bytes)
      }),
    )
  })

  it('is strict about data', () => {
    for (const bad of ['', '0', '0x0', '0xabc', '0xzz', 'ab', '0x0xab', '0xab cd', 1]) {
      expect(data.safeParse(bad).success, String(bad)).toBe(false)
    }
    expect(dataOf(2).parse('0x0102')).toEqual(Uint8Array.of(1, 2))
    expect(dataOf(2).safeParse('0x01').success).toBe(false)
  })

  it('reads megabytes without overflowing', () => {
    expect(data.parse(`0x${'ab'.repeat(7_500_000)}`)).toHaveLength(7_500_000)
  })

  it('lowers hashes and addresses', () => {
    expect(hash.parse(`0x${'AB'.repeat(32)}`)).toBe(`0x${'ab'.repeat(32)}`)
    expect(address.parse(`0x${'AB'.repeat(20)}`)).toBe(`0x${'ab'.repeat(20)}`)
    expect(hash.safeParse(`0x${'ab'.repeat(31)}`).success).toBe(false)
    expect(address.safeParse(`0x${'ab'.repeat(32)}`).success).toBe(false)
  })

  it('tells hashes, quantities and words apart', () => {
    const origin = blockSelector('same', 'next')
    expect(origin.parse('next')).toBe('next')
    expect(origin.parse('0x10')).toBe(16n)
    expect(origin.parse(`0x${'0A'.repeat(32)}`)).toBe(`0x${'0a'.repeat(32)}`)
    for (const bad of ['latest', '0x', '0x00', 'NEXT', '', `0x${'1'.repeat(20)}`]) {
      expect(origin.safeParse(bad).success, bad).toBe(false)
    }
  })

  it('takes null and absence for an optional field, and drops them', () => {
    const options = z.strictObject({ a: optional(quantity), b: optional(z.boolean()) })
    expect(Object.keys(compact(options.parse({ a: null })))).toEqual([])
    expect(compact(options.parse({ a: '0x1', b: false }))).toEqual({ a: 1n, b: false })
    expect(options.safeParse(JSON.parse('{"__proto__":{"a":"0x1"}}')).success).toBe(false)
  })
})
