import { compress } from 'snappyjs'
import { AppError } from './errors.ts'

/** Codes of unpacking. */
export type SnappyErrorCode = 'SNAPPY_INVALID'

/** A copy of 64 bytes takes 3: nothing unpacks to more than 22 times its size. */
const MAX_RATIO = 22

/** Packs in snappy's block format. */
export function packSnappy(bytes: Uint8Array): Uint8Array {
  return compress(bytes)
}

function invalid(message: string): AppError<SnappyErrorCode> {
  return new AppError<SnappyErrorCode>('SNAPPY_INVALID', { message: `snappy: ${message}` })
}

/** The length that packed bytes state, 32 bits at most, and where they begin. As golang/snappy reads it: padding is taken. */
function statedLength(packed: Uint8Array): { readonly length: number; readonly start: number } {
  let length = 0
  for (let at = 0; at < 10; at++) {
    const byte = packed[at]
    if (byte === undefined) break
    length += (byte & 0x7f) * 2 ** (7 * at)
    if (byte < 0x80 && length < 2 ** 32) return { length, start: at + 1 }
    if (byte < 0x80) break
  }
  throw invalid('bad length')
}

/** A little-endian number of the stream. */
function littleEndian(packed: Uint8Array, at: number, size: number): number {
  if (at + size > packed.length) throw invalid('corrupt input')
  let value = 0
  for (let i = 0; i < size; i++) value += (packed[at + i] as number) * 256 ** i
  return value
}

/** The length that packed bytes state to unpack to; nothing is known of the rest. @throws AppError SNAPPY_INVALID */
export function unpackedLength(packed: Uint8Array): number {
  return statedLength(packed).length
}

/**
 * Unpacks snappy's block format. Nothing is allocated before the stated length was found possible; an attacker's stream ends
 * with its bytes, and never writes past what it stated.
 * @param max bytes that it may unpack to
 * @throws AppError SNAPPY_INVALID
 */
export function unpackSnappy(packed: Uint8Array, max: number): Uint8Array {
  const { length, start } = statedLength(packed)
  if (length > max) throw invalid(`unpacks to ${length} bytes, more than ${max}`)
  if (length > packed.length * MAX_RATIO) throw invalid('corrupt input')
  const out = new Uint8Array(length)
  let at = start
  let end = 0
  while (at < packed.length) {
    const tag = packed[at++] as number
    const high = tag >> 2
    if ((tag & 3) === 0) {
      const size = high < 60 ? 0 : high - 59
      const count = (size === 0 ? high : littleEndian(packed, at, size)) + 1
      at += size
      if (at + count > packed.length || end + count > length) throw invalid('corrupt input')
      out.set(packed.subarray(at, at + count), end)
      at += count
      end += count
      continue
    }
    const size = (tag & 3) === 3 ? 4 : tag & 3
    const count = (tag & 3) === 1 ? (high & 7) + 4 : high + 1
    const offset = littleEndian(packed, at, size) + ((tag & 3) === 1 ? (tag >> 5) * 256 : 0)
    at += size
    if (offset === 0 || offset > end || end + count > length) throw invalid('corrupt input')
    // Where it overlaps itself, what was just written is copied on.
    if (offset >= count) out.copyWithin(end, end - offset, end - offset + count)
    else for (let i = 0; i < count; i++) out[end + i] = out[end + i - offset] as number
    end += count
  }
  if (end !== length) throw invalid('corrupt input')
  return out
}
