const MAX_BITS = 15
/** Bits that the first look-up takes; longer codes are searched for. */
const PRIMARY_BITS = 9
const PRIMARY_MASK = (1 << PRIMARY_BITS) - 1

function reversed(code: number, length: number): number {
  let out = 0
  for (let i = 0; i < length; i++) out |= ((code >> i) & 1) << (length - 1 - i)
  return out
}

/** A prefix code of DEFLATE. */
export class Huffman {
  /** Bits to have at hand before a look-up. */
  readonly minBits: number
  /** By the next nine bits: symbol, and in the low four bits the length of its code; 0 where the code is longer, or none. */
  readonly #primary = new Uint16Array(1 << PRIMARY_BITS)
  /** Longer codes, as they come out of the stream, by length. */
  readonly #longer: (Map<number, number> | undefined)[] = []

  private constructor(minBits: number) {
    this.minBits = minBits
  }

  /**
   * @param lengths of each symbol's code; 0 for none
   * @param mustEnd the symbol that every block ends with: as many bits as its code has are always there
   * @returns undefined when there are too many or too few codes; one code of one bit, or none at all, may be
   */
  static of(lengths: Uint8Array, mustEnd?: number): Huffman | undefined {
    const counts = new Uint16Array(MAX_BITS + 1)
    for (const length of lengths) if (length > 0) counts[length] = (counts[length] as number) + 1
    let [min, max] = [0, 0]
    const next = new Uint32Array(MAX_BITS + 2)
    let code = 0
    for (let length = 1; length <= MAX_BITS; length++) {
      code <<= 1
      next[length] = code
      code += counts[length] as number
      if (counts[length] === 0) continue
      if (min === 0) min = length
      max = length
    }
    if (max > 0) {
      code >>= MAX_BITS - max
      if (code !== 1 << max && !(code === 1 && max === 1)) return undefined
    }
    const huffman = new Huffman(Math.max(min, mustEnd === undefined ? 0 : (lengths[mustEnd] ?? 0)))
    lengths.forEach((length, symbol) => {
      if (length === 0) return
      huffman.#add(reversed(next[length] as number, length), length, symbol)
      next[length] = (next[length] as number) + 1
    })
    return huffman
  }

  #add(bits: number, length: number, symbol: number): void {
    if (length > PRIMARY_BITS) {
      this.#longer[length] ??= new Map()
      this.#longer[length].set(bits, symbol)
      return
    }
    for (let at = bits; at <= PRIMARY_MASK; at += 1 << length) this.#primary[at] = (symbol << 4) | length
  }

  /** What the next bits (the lowest first) stand for: symbol << 4 | length of its code; 0 when they are no code. */
  find(bits: number): number {
    const entry = this.#primary[bits & PRIMARY_MASK] as number
    if (entry !== 0) return entry
    for (let length = PRIMARY_BITS + 1; length < this.#longer.length; length++) {
      const symbol = this.#longer[length]?.get(bits & ((1 << length) - 1))
      if (symbol !== undefined) return (symbol << 4) | length
    }
    return 0
  }
}
