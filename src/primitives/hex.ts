/** 0x-prefixed lowercase hex of any length. */
export type Hex = `0x${string}`
/** 32 bytes as 66 lowercase characters. */
export type Hash = Hex
/** 20 bytes as 42 lowercase characters. */
export type Address = Hex

/** 32 zero bytes: the engine's «no block». */
export const ZERO_HASH: Hash = `0x${'00'.repeat(32)}`
/** 0x0000000000000000000000000000000000000000. */
export const ZERO_ADDRESS: Address = `0x${'00'.repeat(20)}`
/** A shared empty byte string. Never written to. */
export const EMPTY_BYTES: Uint8Array = new Uint8Array(0)

/** Bytes to lowercase 0x hex. */
export function bytesToHex(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`
}

/**
 * Trusted hex (already validated at an edge) to bytes.
 * @throws RangeError on an odd number of digits or a character that is not hex.
 */
export function hexToBytes(hex: string): Uint8Array {
  const digits = hex.startsWith('0x') ? hex.slice(2) : hex
  const buffer = Buffer.from(digits, 'hex')
  if (buffer.length * 2 !== digits.length) throw new RangeError('not a hex byte string')
  // A copy on its own ArrayBuffer: pooled Buffers would pin their 8 KiB slab in caches.
  return new Uint8Array(buffer)
}

/** Big-endian bytes to an unsigned integer; empty is zero. */
export function bytesToBigInt(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(bytesToHex(bytes))
}

/** An unsigned integer to minimal big-endian bytes; zero is empty (RLP's integer form). */
export function bigIntToBytes(value: bigint): Uint8Array {
  if (value === 0n) return EMPTY_BYTES
  const digits = value.toString(16)
  return hexToBytes(digits.length % 2 === 0 ? digits : `0${digits}`)
}

/**
 * An unsigned integer to exactly `size` big-endian bytes.
 * @throws RangeError when the value does not fit.
 */
export function bigIntToPadded(value: bigint, size: number): Uint8Array {
  const digits = value.toString(16)
  if (value < 0n || digits.length > size * 2) throw new RangeError(`value does not fit in ${size} bytes`)
  return hexToBytes(digits.padStart(size * 2, '0'))
}

/** An unsigned integer to a JSON-RPC QUANTITY (no leading zeros). */
export function toQuantity(value: bigint | number): Hex {
  return `0x${value.toString(16)}`
}

/** An unsigned integer to 32 bytes of hex. */
export function toWord(value: bigint): Hash {
  return `0x${value.toString(16).padStart(64, '0')}`
}

/** Joins byte strings. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  return joinBytes(parts)
}

/** Joins byte strings that may be more than a call takes arguments. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    out.set(part, offset)
    offset += part.length
  }
  return out
}

/** Byte equality. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

const QUANTITY = /^0x(0|[1-9a-fA-F][0-9a-fA-F]*)$/
// No group in it: on megabytes of digits the engine would overflow its stack.
const DATA = /^0x[0-9a-fA-F]*$/

/** Whether a value is a strict JSON-RPC QUANTITY. */
export function isQuantity(value: unknown): value is Hex {
  return typeof value === 'string' && QUANTITY.test(value)
}

/** Whether a value is 0x-prefixed bytes; with `size`, exactly that many. */
export function isData(value: unknown, size?: number): value is Hex {
  if (typeof value !== 'string') return false
  const fits = size === undefined ? value.length % 2 === 0 : value.length === 2 + size * 2
  return fits && DATA.test(value)
}
