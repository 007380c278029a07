import { bytesToBigInt, bytesToHex, concatBytes, type Hash } from '../../src/primitives/hex.ts'
import { encodeRlp } from '../../src/primitives/rlp.ts'
import { breach } from './peer-error.ts'

/**
 * RLP of peers, an item at a time: nothing is made of what lies deeper, and every list has a bound, so that a message costs no
 * more memory than itself. What {@link readItem} and {@link readList} return are views of the message.
 */
export interface RawItem {
  readonly list: boolean
  /** With its head. */
  readonly raw: Uint8Array
  /** Without. */
  readonly body: Uint8Array
}

function lengthAt(bytes: Uint8Array, at: number, size: number): number {
  if (size > 4 || at + size > bytes.length || bytes[at] === 0) throw breach('rlp: bad length')
  let length = 0
  for (let i = 0; i < size; i++) length = length * 256 + (bytes[at + i] as number)
  if (length <= 55) throw breach('rlp: length not in its shortest form')
  return length
}

/** The item that begins at `at`. @throws AppError PEER_BREACH */
export function readItem(bytes: Uint8Array, at = 0): RawItem {
  const first = bytes[at]
  if (first === undefined) throw breach('rlp: input too short')
  if (first < 0x80) {
    const body = bytes.subarray(at, at + 1)
    return { list: false, raw: body, body }
  }
  const list = first >= 0xc0
  const short = first - (list ? 0xc0 : 0x80)
  const size = short > 55 ? short - 55 : 0
  const start = at + 1 + size
  const end = start + (size === 0 ? short : lengthAt(bytes, at + 1, size))
  if (end > bytes.length) throw breach('rlp: item exceeds its container')
  const body = bytes.subarray(start, end)
  if (!list && body.length === 1 && (body[0] as number) < 0x80) throw breach('rlp: byte not in its shortest form')
  return { list, raw: bytes.subarray(at, end), body }
}

/** The only item of `bytes`. @throws AppError PEER_BREACH, also on trailing bytes */
export function readWhole(bytes: Uint8Array): RawItem {
  const item = readItem(bytes)
  if (item.raw.length !== bytes.length) throw breach('rlp: trailing bytes')
  return item
}

/** The items of a list, of which there may be `max`. @throws AppError PEER_BREACH */
export function readList(item: RawItem | undefined, max: number): readonly RawItem[] {
  if (item?.list !== true) throw breach('rlp: expected a list')
  const items: RawItem[] = []
  for (let at = 0; at < item.body.length; ) {
    if (items.length === max) throw breach(`rlp: list of more than ${max} items`)
    const next = readItem(item.body, at)
    items.push(next)
    at += next.raw.length
  }
  return items
}

/** The item as bytes. @throws AppError PEER_BREACH where it is a list, or not of `size` */
export function readBytes(item: RawItem | undefined, size?: number): Uint8Array {
  if (item === undefined || item.list) throw breach('rlp: expected a byte string')
  if (size !== undefined && item.body.length !== size) throw breach(`rlp: expected ${size} bytes`)
  return item.body
}

/** The item as an unsigned integer of at most `maxBytes`. @throws AppError PEER_BREACH */
export function readUint(item: RawItem | undefined, maxBytes = 8): bigint {
  const bytes = readBytes(item)
  if (bytes.length > maxBytes || bytes[0] === 0) throw breach('rlp: bad integer')
  return bytesToBigInt(bytes)
}

/** The item as a hash. @throws AppError PEER_BREACH */
export function readHash(item: RawItem | undefined): Hash {
  return bytesToHex(readBytes(item, 32))
}

/** A list of items that are encoded already. */
export function writeList(items: readonly Uint8Array[]): Uint8Array {
  const length = items.reduce((sum, item) => sum + item.length, 0)
  if (length <= 55) return concatBytes(Uint8Array.of(0xc0 + length), ...items)
  const digits: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256)
  return concatBytes(Uint8Array.of(0xf7 + digits.length, ...digits), ...items)
}

/** A transaction as it stands in a message: a legacy one is its list, a typed one a byte string around its encoding. */
export function writeTransaction(raw: Uint8Array): Uint8Array {
  return (raw[0] ?? 0) >= 0xc0 ? raw : encodeRlp(raw)
}
