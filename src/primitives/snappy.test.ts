import fc from 'fast-check'
import { uncompress } from 'snappyjs'
import { describe, expect, it } from 'vitest'
import { packSnappy, unpackSnappy } from './snappy.ts'

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))

describe('snappy', () => {
  it('unpacks what was packed', () => {
    const repeating = fc
      .tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 2000 }))
      .map(([part, times]) =>
        Uint8Array.from({ length: part.length * times }, (_, i) => part[i % part.length] as number),
      )
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 3000 }), repeating), (plain) => {
        expect(unpackSnappy(packSnappy(plain), 1 << 20)).toEqual(plain)
      }),
    )
  })

  it('unpacks each kind of element', () => {
    const literal = '0c 61626364'
    const unpacked = (packed: string): string => Buffer.from(unpackSnappy(bytes(packed), 100)).toString()
    expect(unpacked(`04 ${literal}`)).toBe('abcd')
    expect(unpacked('04 f0 03 61626364')).toBe('abcd')
    expect(unpacked('04 f4 0300 61626364')).toBe('abcd')
    expect(unpacked('04 fc 03000000 61626364')).toBe('abcd')
    expect(unpacked(`08 ${literal} 01 04`)).toBe('abcdabcd')
    expect(unpacked(`08 ${literal} 0e 0100`)).toBe('abcddddd')
    expect(unpacked(`08 ${literal} 0f 02000000`)).toBe('abcdcdcd')
  })

  it.each([
    ['nothing', ''],
    ['a length that does not end', 'ffffffffff'],
    ['a length beyond 64 bits', 'ffffffffffffffff7f'],
    ['a length of 4 GiB and no bytes', 'ffffffff0f'],
    ['a length of 2 MiB in five bytes', '80808001 00'],
    ['a literal that goes on after the end', '04 0c 6162'],
    ['a literal beyond the stated length', '02 0c 61626364'],
    ['a literal whose length is negative as a signed number', '10 fc faffffff 61626364'],
    ['a copy from before the beginning', '08 0c 61626364 01 05'],
    ['a copy from nowhere', '08 0c 61626364 01 00'],
    ['a copy without its offset', '08 0c 61626364 02 01'],
    ['fewer bytes than stated', '08 0c 61626364'],
  ])('refuses %s', (_name, hex) => {
    expect(() => unpackSnappy(bytes(hex), 1 << 24)).toThrowError(expect.objectContaining({ code: 'SNAPPY_INVALID' }))
  })

  it('allocates nothing for a length that is not allowed', () => {
    const bomb = packSnappy(new Uint8Array(1 << 20))
    expect(() => unpackSnappy(bomb, (1 << 20) - 1)).toThrowError('more than 1048575')
  })

  it('takes what another implementation takes, and gives the same', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(), fc.nat({ max: 255 }), (plain, where, value) => {
        const packed = packSnappy(plain)
        packed[where % packed.length] = value
        let ours: Uint8Array
        try {
          ours = unpackSnappy(packed, 1 << 16)
        } catch {
          return
        }
        expect(uncompress(packed, 1 << 16)).toEqual(ours)
      }),
      { numRuns: 2000 },
    )
  })
})
