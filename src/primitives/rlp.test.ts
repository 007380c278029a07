import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, hexToBytes } from './hex.ts'
import { decodeRlp, encodeRlp, type RlpItem, rlpBytes, rlpList, rlpSpan, rlpUint } from './rlp.ts'

const bytes = fc.uint8Array({ maxLength: 70 })
const item: fc.Arbitrary<RlpItem> = fc.letrec<{ item: RlpItem }>((tie) => ({
  item: fc.oneof({ maxDepth: 5, withCrossShrink: true }, bytes, fc.array(tie('item'), { maxLength: 6 })),
})).item

const text = (value: string): Uint8Array => new TextEncoder().encode(value)

describe('encoding', () => {
  // The examples of the specification.
  it.each([
    ['a word', text('dog'), '0x83646f67'],
    ['a list', [text('cat'), text('dog')], '0xc88363617483646f67'],
    ['nothing', new Uint8Array(0), '0x80'],
    ['an empty list', [], '0xc0'],
    ['zero', 0n, '0x80'],
    ['a byte below 0x80', 15, '0x0f'],
    ['an integer', 1024n, '0x820400'],
    ['the set of three', [[], [[]], [[], [[]]]], '0xc7c0c1c0c3c0c1c0'],
    [
      'more than 55 bytes',
      text('Lorem ipsum dolor sit amet, consectetur adipisicing elit'),
      '0xb8384c6f72656d20697073756d20646f6c6f722073697420616d65742c20636f6e7365637465747572206164697069736963696e6720656c6974',
    ],
  ])('%s', (_name, value, encoded) => {
    expect(encodeRlp(value)).toEqual(hexToBytes(encoded))
  })

  it('is undone by decoding', () => {
    fc.assert(
      fc.property(item, (value) => {
        expect(decodeRlp(encodeRlp(value))).toEqual(value)
      }),
    )
  })

  it('has lengths of several bytes', () => {
    for (const length of [55, 56, 255, 256, 65_535, 65_536]) {
      const value = new Uint8Array(length).fill(7)
      expect(decodeRlp(encodeRlp(value))).toEqual(value)
      expect(decodeRlp(encodeRlp([value]))).toEqual([value])
    }
  })
})

describe('decoding', () => {
  it.each([
    ['nothing', '0x'],
    ['trailing bytes', '0x8000'],
    ['a single byte in two', '0x8100'],
    ['a short length in the long form', '0xb800'],
    ['a length with a leading zero', '0xb90038'],
    ['more than there is', '0x83646f'],
    ['a list longer than the input', '0xc3646f'],
    ['an item longer than its list', '0xc283646f67'],
    ['a length of eight bytes', '0xbfffffffffffffffff'],
    ['nesting without end', `0x${'c1'.repeat(70)}c0`],
  ])('refuses %s', (_name, encoded) => {
    expect(() => decodeRlp(hexToBytes(encoded))).toThrow(expect.objectContaining({ code: 'RLP_INVALID' }))
  })

  it('takes canonical forms only: what decodes encodes to the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (input) => {
        let decoded: RlpItem
        try {
          decoded = decodeRlp(input)
        } catch (error) {
          expect(error).toMatchObject({ code: 'RLP_INVALID' })
          return
        }
        expect(encodeRlp(decoded)).toEqual(input)
      }),
    )
  })

  it('reads a stream item by item', () => {
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 4 }), (items) => {
        const stream = concatBytes(...items.map((value) => encodeRlp(value)))
        let at = 0
        for (const value of items) {
          const { list, start, end } = rlpSpan(stream, at)
          expect(list).toBe(!(value instanceof Uint8Array))
          expect(start).toBeLessThanOrEqual(end)
          expect(decodeRlp(stream.subarray(at, end))).toEqual(value)
          at = end
        }
        expect(at).toBe(stream.length)
      }),
    )
  })
})

describe('a bound on items', () => {
  it('counts lists and byte strings at every depth', () => {
    const encoded = encodeRlp([[], [1n, 2n], 3n])
    expect(decodeRlp(encoded, 6)).toHaveLength(3)
    expect(() => decodeRlp(encoded, 5)).toThrow(expect.objectContaining({ code: 'RLP_INVALID' }))
  })
})

describe('typed access', () => {
  const refused = expect.objectContaining({ code: 'RLP_INVALID' })

  it('tells bytes from lists', () => {
    expect(() => rlpBytes([])).toThrow(refused)
    expect(() => rlpBytes(undefined)).toThrow(refused)
    expect(() => rlpList(new Uint8Array(0))).toThrow(refused)
  })

  it('reads integers in their only form', () => {
    expect(rlpUint(new Uint8Array(0))).toBe(0n)
    expect(rlpUint(Uint8Array.of(1, 0))).toBe(256n)
    expect(() => rlpUint(Uint8Array.of(0, 1))).toThrow(refused)
    expect(() => rlpUint(new Uint8Array(9).fill(1), 8)).toThrow(refused)
  })
})
