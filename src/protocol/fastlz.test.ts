import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concatBytes, hexToBytes } from '../primitives/hex.ts'
import { flzCompressLength } from './fastlz.ts'

/** Bytes that repeat earlier stretches of themselves, by a fixed recurrence. */
function repetitive(size: number, alphabet: number): Uint8Array {
  const bytes = new Uint8Array(size)
  let state = 1
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    bytes[i] = i > 40 && (state >>> 16) % 5 !== 0 ? (bytes[i - 37] as number) : (state >>> 16) % alphabet
  }
  return bytes
}

// The lengths are what op-geth's FlzCompressLen gives for these inputs.
test.each([
  ['nothing', new Uint8Array(0), 0],
  ['1000 zeros', new Uint8Array(1000), 21],
  ['1000 ones', new Uint8Array(1000).fill(1), 21],
  ['an empty transaction', hexToBytes('0xdd80808094095e7baea6a6c7c4c2dfeb977efac326af552d878080808080'), 31],
] as const)('the length of %s', (_, input, length) => {
  expect(flzCompressLength(input)).toBe(length)
})

test('an earlier input leaves nothing behind', () => {
  const input = repetitive(5_000, 200)
  const length = flzCompressLength(input)
  flzCompressLength(repetitive(9_000, 7))
  expect(flzCompressLength(input)).toBe(length)
})

test('is bounded by the length of literals alone', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (input) => {
      const full = Math.floor(input.length / 32) * 33
      const rest = input.length % 32
      expect(flzCompressLength(input)).toBeLessThanOrEqual(full + (rest === 0 ? 0 : rest + 1))
    }),
  )
})

test('finds what is repeated within 8191 bytes, and not beyond', () => {
  const pattern = repetitive(300, 256).subarray(0, 200)
  const noise = (size: number): Uint8Array => {
    let state = 7
    return Uint8Array.from({ length: size }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state >>> 24
    })
  }
  const added = (gap: number): number =>
    flzCompressLength(concatBytes(pattern, noise(gap), pattern)) - flzCompressLength(concatBytes(pattern, noise(gap)))
  expect(added(4_000)).toBeLessThan(60)
  expect(added(9_000)).toBeGreaterThan(120)
})
