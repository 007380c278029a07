import { Huffman } from './huffman.ts'

/** What ends a stream before its end: it is cut short, broken, or there is enough. */
class StreamEnd extends Error {}

const MAX_LITERALS = 286
const MAX_DISTANCES = 30
const END_OF_BLOCK = 256
const WINDOW = 32_768
/** Bytes of output between two pauses. */
const PAUSE = 1 << 20

const LENGTH_CODE_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
const FIXED_LITERALS = Huffman.of(
  Uint8Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8)),
) as Huffman
// All five-bit codes, of which the last two are none.
const FIXED_DISTANCES = Huffman.of(new Uint8Array(32).fill(5)) as Huffman

/** Base and extra bits of match lengths and distances, by code. */
function ranges(count: number, first: number, group: number): { base: Uint16Array; extra: Uint8Array } {
  const [base, extra] = [new Uint16Array(count), new Uint8Array(count)]
  for (let code = 0, at = first; code < count; code++) {
    extra[code] = Math.max(0, Math.floor(code / group) - 1)
    base[code] = at
    at += 1 << (extra[code] as number)
  }
  return { base, extra }
}

const LENGTHS = ranges(29, 3, 4)
LENGTHS.base[28] = 258
LENGTHS.extra[28] = 0
const DISTANCES = ranges(30, 1, 2)

class Inflater {
  readonly #input: Uint8Array
  readonly #limit: number
  #at: number
  #bits = 0
  #bitCount = 0
  #output = new Uint8Array(4096)
  #length = 0

  constructor(input: Uint8Array, at: number, limit: number) {
    this.#input = input
    this.#at = at
    this.#limit = limit
  }

  get length(): number {
    return this.#length
  }

  output(): Uint8Array {
    return this.#output.subarray(0, this.#length)
  }

  #byte(): number {
    const byte = this.#input[this.#at]
    if (byte === undefined) throw new StreamEnd()
    this.#at++
    return byte
  }

  #need(count: number): void {
    while (this.#bitCount < count) {
      this.#bits |= this.#byte() << this.#bitCount
      this.#bitCount += 8
    }
  }

  #take(count: number): number {
    this.#need(count)
    const value = this.#bits & ((1 << count) - 1)
    this.#bits >>>= count
    this.#bitCount -= count
    return value
  }

  #symbol(huffman: Huffman): number {
    for (let wanted = huffman.minBits; ; ) {
      this.#need(wanted)
      const entry = huffman.find(this.#bits)
      wanted = entry & 15
      if (entry === 0) throw new StreamEnd()
      if (wanted > this.#bitCount) continue
      this.#bits >>>= wanted
      this.#bitCount -= wanted
      return entry >> 4
    }
  }

  /** Makes room; never more than the limit. */
  #reserve(count: number): void {
    const wanted = this.#length + count
    if (wanted <= this.#output.length) return
    const larger = new Uint8Array(Math.min(this.#limit, Math.max(wanted, this.#output.length * 2)))
    larger.set(this.output())
    this.#output = larger
  }

  /** Whether as much is there as is wanted. */
  #full(): boolean {
    return this.#length >= this.#limit
  }

  #codes(): { literals: Huffman; distances: Huffman } {
    const [literals, distances, codes] = [this.#take(5) + 257, this.#take(5) + 1, this.#take(4) + 4]
    if (literals > MAX_LITERALS || distances > MAX_DISTANCES) throw new StreamEnd()
    const codeLengths = new Uint8Array(19)
    for (const symbol of LENGTH_CODE_ORDER.slice(0, codes)) codeLengths[symbol] = this.#take(3)
    const lengthCode = Huffman.of(codeLengths)
    if (lengthCode === undefined) throw new StreamEnd()
    const lengths = new Uint8Array(literals + distances)
    for (let at = 0; at < lengths.length; ) {
      const symbol = this.#symbol(lengthCode)
      if (symbol < 16) {
        lengths[at++] = symbol
        continue
      }
      if (symbol === 16 && at === 0) throw new StreamEnd()
      const value = symbol === 16 ? (lengths[at - 1] as number) : 0
      const repeat = symbol === 16 ? 3 + this.#take(2) : symbol === 17 ? 3 + this.#take(3) : 11 + this.#take(7)
      if (at + repeat > lengths.length) throw new StreamEnd()
      lengths.fill(value, at, at + repeat)
      at += repeat
    }
    const one = Huffman.of(lengths.subarray(0, literals), END_OF_BLOCK)
    const other = Huffman.of(lengths.subarray(literals))
    if (one === undefined || other === undefined) throw new StreamEnd()
    return { literals: one, distances: other }
  }

  #match(code: number, distances: Huffman): void {
    if (code >= LENGTHS.base.length) throw new StreamEnd()
    const length = (LENGTHS.base[code] as number) + this.#take(LENGTHS.extra[code] as number)
    const distanceCode = this.#symbol(distances)
    if (distanceCode >= MAX_DISTANCES) throw new StreamEnd()
    const distance = (DISTANCES.base[distanceCode] as number) + this.#take(DISTANCES.extra[distanceCode] as number)
    if (distance > this.#length || distance > WINDOW) throw new StreamEnd()
    const end = Math.min(this.#limit, this.#length + length)
    this.#reserve(end - this.#length)
    const output = this.#output
    if (distance === 1) output.fill(output[this.#length - 1] as number, this.#length, end)
    else for (let to = this.#length; to < end; to++) output[to] = output[to - distance] as number
    this.#length = end
  }

  *#compressed(literals: Huffman, distances: Huffman): Generator<void, void> {
    for (let pause = this.#length + PAUSE; !this.#full(); ) {
      const symbol = this.#symbol(literals)
      if (symbol === END_OF_BLOCK) return
      if (symbol > END_OF_BLOCK) this.#match(symbol - 257, distances)
      else {
        this.#reserve(1)
        this.#output[this.#length++] = symbol
      }
      if (this.#length < pause) continue
      pause = this.#length + PAUSE
      yield
    }
  }

  #stored(): void {
    this.#bits = 0
    this.#bitCount = 0
    const length = this.#byte() | (this.#byte() << 8)
    const check = this.#byte() | (this.#byte() << 8)
    if ((length ^ 0xffff) !== check) throw new StreamEnd()
    const count = Math.min(length, this.#limit - this.#length, this.#input.length - this.#at)
    this.#reserve(count)
    this.#output.set(this.#input.subarray(this.#at, this.#at + count), this.#length)
    this.#length += count
    this.#at += count
    if (count < length) throw new StreamEnd()
  }

  *run(): Generator<void, void> {
    for (let last = false; !last && !this.#full(); yield) {
      last = this.#take(1) === 1
      const kind = this.#take(2)
      if (kind === 0) this.#stored()
      else if (kind === 1) yield* this.#compressed(FIXED_LITERALS, FIXED_DISTANCES)
      else if (kind === 2) {
        const { literals, distances } = this.#codes()
        yield* this.#compressed(literals, distances)
      } else throw new StreamEnd()
    }
  }
}

/** Whether a zlib stream can begin so, and where its blocks begin. */
function afterHead(input: Uint8Array): number | undefined {
  const [first, second] = input
  if (first === undefined || second === undefined) return undefined
  if ((first & 0x0f) !== 8 || first >> 4 > 7 || (first * 256 + second) % 31 !== 0) return undefined
  if ((second & 0x20) === 0) return 2
  // A dictionary is named by its checksum; the empty one is as good as none.
  return input[2] === 0 && input[3] === 0 && input[4] === 0 && input[5] === 1 ? 6 : undefined
}

/**
 * Inflates a zlib stream up to a limit. What comes out before a stream breaks off or turns out broken counts in derivation, to
 * the last symbol, and is what this gives; `node:zlib` keeps back what it made in the call that met the fault. The checksum,
 * and what follows it, decide nothing: by then everything is out.
 * Yields after each part of the work, for others to have their turn.
 * @param limit bytes of output
 * @returns undefined when it is no zlib stream at all
 */
export function* inflateZlib(input: Uint8Array, limit: number): Generator<void, Uint8Array | undefined> {
  const start = afterHead(input)
  if (start === undefined) return undefined
  const inflater = new Inflater(input, start, limit)
  try {
    yield* inflater.run()
  } catch (error) {
    if (!(error instanceof StreamEnd)) throw error
  }
  return inflater.output()
}
