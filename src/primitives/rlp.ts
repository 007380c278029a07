import { AppError } from './errors.ts'
import { bigIntToBytes, bytesToBigInt } from './hex.ts'

/** An RLP item: bytes, or a list of items. */
export type RlpItem = Uint8Array | readonly RlpItem[]
/** What the encoder takes: integers are written in their minimal form. */
export type RlpInput = Uint8Array | bigint | number | readonly RlpInput[]

/** Codes that decoding can throw. */
export type RlpErrorCode = 'RLP_INVALID'

/** Nesting beyond this is refused: no structure of the protocol comes near it, and recursion must stay bounded. */
const MAX_DEPTH = 64

function fail(message: string): never {
  throw new AppError<RlpErrorCode>('RLP_INVALID', { message: `rlp: ${message}` })
}

type Encodable = Uint8Array | readonly Encodable[]

function normalise(input: RlpInput): Encodable {
  if (input instanceof Uint8Array) return input
  if (typeof input === 'bigint') return bigIntToBytes(input)
  if (typeof input === 'number') return bigIntToBytes(BigInt(input))
  return input.map(normalise)
}

function lengthOfLength(length: number): number {
  let bytes = 0
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes++
  return bytes
}

function bodyLength(item: Encodable): number {
  if (item instanceof Uint8Array) return item.length
  let sum = 0
  for (const child of item) sum += fullLength(child)
  return sum
}

function fullLength(item: Encodable): number {
  const body = bodyLength(item)
  if (item instanceof Uint8Array && body === 1 && (item[0] as number) < 0x80) return 1
  return body + 1 + (body > 55 ? lengthOfLength(body) : 0)
}

function writeHead(out: Uint8Array, at: number, length: number, base: number): number {
  if (length <= 55) {
    out[at] = base + length
    return at + 1
  }
  const size = lengthOfLength(length)
  out[at] = base + 55 + size
  let rest = length
  for (let i = size; i > 0; i--) {
    out[at + i] = rest % 256
    rest = Math.floor(rest / 256)
  }
  return at + 1 + size
}

function write(out: Uint8Array, at: number, item: Encodable): number {
  if (item instanceof Uint8Array) {
    if (item.length === 1 && (item[0] as number) < 0x80) {
      out[at] = item[0] as number
      return at + 1
    }
    const next = writeHead(out, at, item.length, 0x80)
    out.set(item, next)
    return next + item.length
  }
  let next = writeHead(out, at, bodyLength(item), 0xc0)
  for (const child of item) next = write(out, next, child)
  return next
}

/** Encodes to RLP. Integers are written without leading zeros. */
export function encodeRlp(input: RlpInput): Uint8Array {
  const item = normalise(input)
  const out = new Uint8Array(fullLength(item))
  write(out, 0, item)
  return out
}

/** Where an item's body lies in its buffer. */
export interface RlpSpan {
  readonly list: boolean
  readonly start: number
  readonly end: number
}

function readLength(bytes: Uint8Array, at: number, size: number): number {
  if (at + size > bytes.length) fail('input too short')
  if (bytes[at] === 0) fail('length has a leading zero')
  if (size > 6) fail('length too large')
  let length = 0
  for (let i = 0; i < size; i++) length = length * 256 + (bytes[at + i] as number)
  if (length <= 55) fail('length not in its shortest form')
  return length
}

function readSpan(bytes: Uint8Array, at: number, limit: number): RlpSpan {
  if (at >= limit) fail('input too short')
  const first = bytes[at] as number
  let list = false
  let start = at + 1
  let length: number
  if (first < 0x80) {
    return { list: false, start: at, end: at + 1 }
  } else if (first <= 0xb7) {
    length = first - 0x80
  } else if (first <= 0xbf) {
    length = readLength(bytes, start, first - 0xb7)
    start += first - 0xb7
  } else if (first <= 0xf7) {
    list = true
    length = first - 0xc0
  } else {
    list = true
    length = readLength(bytes, start, first - 0xf7)
    start += first - 0xf7
  }
  if (start + length > limit) fail('item exceeds its container')
  if (!list && length === 1 && (bytes[start] as number) < 0x80) fail('single byte not in its shortest form')
  return { list, start, end: start + length }
}

/** How many items may still be read: each takes far more memory than the byte that it may be written with. */
interface Budget {
  items: number
}

function read(
  bytes: Uint8Array,
  at: number,
  limit: number,
  depth: number,
  budget: Budget,
): { item: RlpItem; end: number } {
  if (--budget.items < 0) fail('too many items')
  const span = readSpan(bytes, at, limit)
  if (!span.list) return { item: bytes.subarray(span.start, span.end), end: span.end }
  if (depth >= MAX_DEPTH) fail('nested too deeply')
  const items: RlpItem[] = []
  for (let next = span.start; next < span.end; ) {
    const child = read(bytes, next, span.end, depth + 1, budget)
    items.push(child.item)
    next = child.end
  }
  return { item: items, end: span.end }
}

/**
 * Decodes one canonical RLP item that fills the input. Byte items are views into it.
 * @param maxItems lists and byte strings, at any depth; no bound where the input is not a stranger's
 * @throws AppError RLP_INVALID on anything that is not canonical, and on trailing bytes.
 */
export function decodeRlp(bytes: Uint8Array, maxItems = Number.POSITIVE_INFINITY): RlpItem {
  const { item, end } = read(bytes, 0, bytes.length, 0, { items: maxItems })
  if (end !== bytes.length) fail('trailing bytes')
  return item
}

/**
 * Where the item lies that begins at a place of a stream of items. What is in a list is not looked at.
 * @param limit where the stream ends; the end of the bytes when left out
 * @throws AppError RLP_INVALID
 */
export function rlpSpan(bytes: Uint8Array, at: number, limit: number = bytes.length): RlpSpan {
  return readSpan(bytes, at, limit)
}

/** A list of items that are encoded already. */
export function joinRlpList(items: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const item of items) length += item.length
  const out = new Uint8Array(1 + (length > 55 ? lengthOfLength(length) : 0) + length)
  let at = writeHead(out, 0, length, 0xc0)
  for (const item of items) {
    out.set(item, at)
    at += item.length
  }
  return out
}

/** The item as bytes. @throws AppError RLP_INVALID when it is a list. */
export function rlpBytes(item: RlpItem | undefined): Uint8Array {
  if (!(item instanceof Uint8Array)) fail('expected a byte string')
  return item
}

/** The item as a list. @throws AppError RLP_INVALID when it is a byte string. */
export function rlpList(item: RlpItem | undefined): readonly RlpItem[] {
  if (item === undefined || item instanceof Uint8Array) fail('expected a list')
  return item
}

/** The item as an unsigned integer of at most `maxBytes`. @throws AppError RLP_INVALID on leading zeros or overflow. */
export function rlpUint(item: RlpItem | undefined, maxBytes = 32): bigint {
  const bytes = rlpBytes(item)
  if (bytes.length > maxBytes) fail(`integer exceeds ${maxBytes} bytes`)
  if (bytes[0] === 0) fail('integer has a leading zero')
  return bytesToBigInt(bytes)
}
