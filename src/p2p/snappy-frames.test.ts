import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isAppError } from '../primitives/errors.ts'
import { bytesToHex, concatBytes, hexToBytes } from '../primitives/hex.ts'
import { crc32c } from './crc32c.ts'
import { packFrames, unpackFrames } from './snappy-frames.ts'

const IDENTIFIER = 'ff060000734e61507059'
const text = (value: string): Uint8Array => new TextEncoder().encode(value)

describe('snappy frames', () => {
  it('have the checksum of RFC 3720', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
    expect(crc32c(text('123456789'))).toBe(0xe3069283)
  })

  it('are what golang/snappy writes', () => {
    // golang/snappy, TestNewBufferedWriter: an uncompressed chunk.
    expect(bytesToHex(packFrames(text('abcd')))).toBe(`0x${IDENTIFIER}010800006810e6b661626364`)
    // The same, of what shrinks.
    expect(unpackFrames(hexToBytes(`0x${IDENTIFIER}010800006810e6b661626364`), 4)).toEqual(text('abcd'))
  })

  it('give back what was packed, over chunks', () => {
    const long = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 30 }), fc.nat(200_000)).map(([part, size]) => {
      const bytes = new Uint8Array(size)
      for (let i = 0; i < size; i++) bytes[i] = (part[i % part.length] as number) ^ (i % 251 === 0 ? i : 0)
      return bytes
    })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), long), (plain) => {
        expect(unpackFrames(packFrames(plain), plain.length)).toEqual(plain)
      }),
      { numRuns: 60 },
    )
  })

  it('may have chunks that are passed over', () => {
    const skippable = hexToBytes('0xfe030000aabbcc')
    const stream = concatBytes(packFrames(text('ab')), skippable, packFrames(text('cd')))
    expect(unpackFrames(stream, 10)).toEqual(text('abcd'))
  })

  it.each([
    ['no identifier', '010800006810e6b661626364'],
    ['another identifier', 'ff060000734e61507058'],
    ['a chunk that is cut', `${IDENTIFIER}010800006810e6b6616263`],
    ['a wrong checksum', `${IDENTIFIER}010800006810e6b761626364`],
    ['a chunk without a checksum', `${IDENTIFIER}0102000000 00`.replace(' ', '')],
    ['a chunk that must not be passed over', `${IDENTIFIER}02000000`],
    ['a packed chunk that is broken', `${IDENTIFIER}000600000000000004ff`],
    ['a header that is cut', `${IDENTIFIER}0108`],
  ])('are refused with %s', (_name, hex) => {
    expect(() => unpackFrames(hexToBytes(`0x${hex}`), 100)).toThrowError(
      expect.objectContaining({ code: 'FRAMES_INVALID' }),
    )
  })

  it('unpack to no more than is allowed', () => {
    const bomb = packFrames(new Uint8Array(4 << 20))
    expect(bomb.length).toBeLessThan(300_000)
    expect(() => unpackFrames(bomb, (4 << 20) - 1)).toThrowError('more than')
  })

  it('whatever the bytes are, they are refused or unpacked', () => {
    const packed = packFrames(new Uint8Array(5000).map((_, i) => i % 7))
    fc.assert(
      fc.property(fc.nat(packed.length - 1), fc.nat(255), (at, value) => {
        const broken = packed.slice()
        broken[at] = value
        try {
          unpackFrames(broken, 6000)
        } catch (error) {
          expect(isAppError(error, 'FRAMES_INVALID')).toBe(true)
        }
      }),
    )
  })
})
