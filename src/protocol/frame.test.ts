import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesToHex, concatBytes } from '../primitives/hex.ts'
import { decodeFrames, encodeFrames, type Frame, frameSize, MAX_FRAME_DATA } from './frame.ts'

const frame: fc.Arbitrary<Frame> = fc.record({
  channel: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(bytesToHex),
  number: fc.nat(0xffff),
  data: fc.uint8Array({ maxLength: 60 }),
  isLast: fc.boolean(),
})

const refused = expect.objectContaining({ code: 'FRAME_INVALID' }) as Error

describe('frames', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 8 }), (frames) => {
        expect(decodeFrames(encodeFrames(frames))).toEqual(frames)
      }),
    )
  })

  it('are refused all together when one of them is cut short, or something follows', () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 3 }), fc.nat(), (frames, at) => {
        const encoded = encodeFrames(frames)
        const starts = frames.map((_, index) => encodeFrames(frames.slice(0, index)).length)
        const cut = at % encoded.length
        // Between two frames nothing is missing.
        if (!starts.slice(1).includes(cut)) expect(() => decodeFrames(encoded.subarray(0, cut))).toThrow(refused)
        expect(() => decodeFrames(concatBytes(encoded, Uint8Array.of(1)))).toThrow(refused)
      }),
    )
  })

  it.each([
    ['an unknown version', (bytes: Uint8Array) => bytes.with(0, 1)],
    ['a last byte that is no flag', (bytes: Uint8Array) => bytes.with(bytes.length - 1, 2)],
  ])('with %s are refused', (_, change) => {
    const encoded = encodeFrames([
      { channel: `0x${'ab'.repeat(16)}`, number: 1, data: Uint8Array.of(1), isLast: false },
    ])
    expect(() => decodeFrames(change(encoded))).toThrow(refused)
  })

  it('hold a million bytes, and count 200 more', () => {
    const full: Frame = {
      channel: `0x${'ab'.repeat(16)}`,
      number: 0,
      data: new Uint8Array(MAX_FRAME_DATA),
      isLast: true,
    }
    expect(decodeFrames(encodeFrames([full]))).toEqual([full])
    expect(frameSize(full)).toBe(1_000_200)
    const larger = { ...full, data: new Uint8Array(MAX_FRAME_DATA + 1) }
    expect(() => decodeFrames(encodeFrames([larger]))).toThrow(refused)
  })

  it('keep nothing of what they were cut from', () => {
    const encoded = encodeFrames([{ channel: `0x${'ab'.repeat(16)}`, number: 0, data: Uint8Array.of(7), isLast: true }])
    expect(decodeFrames(encoded)[0]?.data.buffer.byteLength).toBe(1)
  })
})
