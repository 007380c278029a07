import { bytesToHex, type Hex } from '../primitives/hex.ts'

const MAX_VARINT_BYTES = 10

/** Reads bytes front to back. What it gives are views. */
export class ByteReader {
  readonly bytes: Uint8Array
  /** Where the next read begins. */
  position: number
  readonly #fail: (message: string) => never

  /** @param fail throws the error of whoever reads */
  constructor(bytes: Uint8Array, fail: (message: string) => never) {
    this.bytes = bytes
    this.position = 0
    this.#fail = fail
  }

  /** Bytes that are left. */
  get remaining(): number {
    return this.bytes.length - this.position
  }

  take(count: number, what: string): Uint8Array {
    if (count > this.remaining) this.#fail(`${what}: ${count} bytes wanted, ${this.remaining} left`)
    this.position += count
    return this.bytes.subarray(this.position - count, this.position)
  }

  hex(count: number, what: string): Hex {
    return bytesToHex(this.take(count, what))
  }

  /** A u64 in seven-bit groups, lowest first. Longer forms than needed are taken, as Go takes them. */
  uvarint(what: string): bigint {
    let low = 0
    let scale = 1
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      const byte = this.bytes[this.position]
      if (byte === undefined) return this.#fail(`${what}: ends in a number`)
      this.position++
      // Up to 49 bits a double is exact, and much faster.
      if (i === 7) return this.#longUvarint(BigInt(low), byte, what)
      low += (byte & 0x7f) * scale
      if (byte < 0x80) return BigInt(low)
      scale *= 128
    }
    return this.#fail(`${what}: number too long`)
  }

  #longUvarint(low: bigint, eighth: number, what: string): bigint {
    let value = low
    for (let i = 7, byte: number | undefined = eighth; ; i++) {
      if (byte === undefined) return this.#fail(`${what}: ends in a number`)
      if (i === MAX_VARINT_BYTES - 1 && byte > 1) return this.#fail(`${what}: number exceeds 64 bits`)
      value += BigInt(byte & 0x7f) << BigInt(7 * i)
      if (byte < 0x80) return value
      byte = this.bytes[this.position]
      this.position++
    }
  }

  /** A number in that form, of at most `max`. */
  count(max: number, what: string): number {
    const value = this.uvarint(what)
    if (value > BigInt(max)) this.#fail(`${what}: ${value} exceeds ${max}`)
    return Number(value)
  }
}

/** The shortest form that {@link ByteReader.uvarint} reads. */
export function encodeUvarint(value: bigint): Uint8Array {
  const out: number[] = []
  let rest = value
  for (; rest >= 0x80n; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80)
  out.push(Number(rest))
  return Uint8Array.from(out)
}
