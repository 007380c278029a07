/** Bits of a span batch: one big-endian integer, of which bit i is element i. @see OP specs: Delta, "Span Batch Format" */
export class Bitlist {
  readonly bytes: Uint8Array
  readonly length: number

  private constructor(bytes: Uint8Array, length: number) {
    this.bytes = bytes
    this.length = length
  }

  /** Bytes that so many bits take. */
  static size(length: number): number {
    return Math.ceil(length / 8)
  }

  /** @param bytes {@link Bitlist.size} of them @returns undefined when a bit beyond the length is set */
  static decode(bytes: Uint8Array, length: number): Bitlist | undefined {
    const spare = length % 8
    if (spare !== 0 && (bytes[0] as number) >> spare !== 0) return undefined
    return new Bitlist(bytes, length)
  }

  static of(bits: readonly boolean[]): Bitlist {
    const bytes = new Uint8Array(Bitlist.size(bits.length))
    bits.forEach((bit, index) => {
      const at = bytes.length - 1 - (index >> 3)
      if (bit) bytes[at] = (bytes[at] as number) | (1 << (index & 7))
    })
    return new Bitlist(bytes, bits.length)
  }

  at(index: number): 0 | 1 {
    return ((this.bytes[this.bytes.length - 1 - (index >> 3)] as number) >> (index & 7)) & 1 ? 1 : 0
  }
}
