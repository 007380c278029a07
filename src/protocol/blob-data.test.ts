import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBlobData, encodeBlobData, MAX_BLOB_DATA } from './blob-data.ts'

const refused = expect.objectContaining({ code: 'BLOB_DATA_INVALID' }) as Error

/** Bytes that look random, of any length that a blob takes. */
function content(length: number, seed: number): Uint8Array {
  let state = seed
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state >> 16
  })
}

describe('data in blobs', () => {
  it('is read as it was written', () => {
    const length = fc.oneof(fc.nat(400), fc.nat(MAX_BLOB_DATA), fc.constantFrom(MAX_BLOB_DATA, MAX_BLOB_DATA - 1))
    fc.assert(
      fc.property(length, fc.nat(), (size, seed) => {
        const data = content(size, seed)
        const blob = encodeBlobData(data)
        expect(decodeBlobData(blob)).toEqual(data)
        // Else it would be no field element.
        expect(blob.every((byte, at) => at % 32 !== 0 || byte < 0x40)).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  it('does not exceed a blob', () => {
    expect(MAX_BLOB_DATA).toBe(130_044)
    expect(() => encodeBlobData(new Uint8Array(MAX_BLOB_DATA + 1))).toThrow(refused)
  })

  it('is refused when anything stands after its end, or in the spare bits of a field element', () => {
    fc.assert(
      fc.property(fc.nat(2000), fc.nat(), fc.nat(), (size, seed, place) => {
        const blob = encodeBlobData(content(size, seed))
        const behind = Math.ceil((size + 4) / 127) * 128
        const at = behind + (place % (blob.length - behind))
        expect(() => decodeBlobData(blob.with(at, 1))).toThrow(refused)
        const element = 32 * (1 + (place % (behind / 32 - 1)))
        expect(() => decodeBlobData(blob.with(element, (blob[element] as number) | 0x40))).toThrow(refused)
      }),
      { numRuns: 50 },
    )
  })

  it('may have the top bits of its first byte set', () => {
    const data = content(500, 3)
    const blob = encodeBlobData(data)
    expect(decodeBlobData(blob.with(0, (blob[0] as number) | 0xc0))).toEqual(data)
  })

  it.each([
    ['another version', (blob: Uint8Array) => blob.with(1, 1)],
    ['a length that does not fit', (blob: Uint8Array) => blob.with(2, 2)],
    ['another size', (blob: Uint8Array) => blob.subarray(1)],
  ])('with %s is refused', (_, change) => {
    expect(() => decodeBlobData(change(encodeBlobData(content(50, 1))))).toThrow(refused)
  })
})
