import type { Frame } from './instruction.ts'

const MAX_UINT64 = (1n << 64n) - 1n
/** The largest memory in bytes whose price geth can compute in 64 bits. */
const PRICEABLE = 0x1fffffffe0n
const WORD = 32n

/** Where an opcode's memory ranges stand on the stack: positions of offset and length, or a fixed length. */
type Range = readonly [offset: number, length: number | { readonly fixed: bigint }]

const word: readonly Range[] = [[0, { fixed: WORD }]]

const RANGES: Readonly<Record<number, readonly Range[]>> = {
  32: [[0, 1]],
  55: [[0, 2]],
  57: [[0, 2]],
  60: [[1, 3]],
  62: [[0, 2]],
  81: word,
  82: word,
  83: [[0, { fixed: 1n }]],
  94: [
    [0, 2],
    [1, 2],
  ],
  ...Object.fromEntries(Array.from({ length: 5 }, (_, topics) => [0xa0 + topics, [[0, 1]]])),
  240: [[1, 2]],
  241: [
    [3, 4],
    [5, 6],
  ],
  242: [
    [3, 4],
    [5, 6],
  ],
  243: [[0, 1]],
  244: [
    [2, 3],
    [4, 5],
  ],
  245: [[1, 2]],
  250: [
    [2, 3],
    [4, 5],
  ],
  253: [[0, 1]],
}

/**
 * Why geth cannot even compute what an instruction's memory costs; undefined when it can.
 * @returns `size`: the size overflows 64 bits, `price`: its price does
 */
export function memoryOverflow(frame: Frame, opcode: number): 'size' | 'price' | undefined {
  let greatest = 0n
  for (const [offsetAt, length] of RANGES[opcode] ?? []) {
    const values = frame.stack.peek(frame.stack.length)
    const size = typeof length === 'number' ? (values[length] as bigint) : length.fixed
    if (size === 0n) continue
    const end = (values[offsetAt] as bigint) + size
    // Rounding up to whole words must not overflow either.
    if (end > MAX_UINT64 - WORD + 1n) return 'size'
    if (end > greatest) greatest = end
  }
  return greatest > PRICEABLE ? 'price' : undefined
}
