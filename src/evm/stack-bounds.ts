const LIMIT = 1024

/** What an opcode takes from the stack and puts on it, in rows of opcodes that follow each other. */
const ROWS: Readonly<Record<number, readonly (readonly [pops: number, pushes: number])[]>> = {
  0: [[0, 0], ...rows(7, 2), [3, 1], [3, 1], [2, 1], [2, 1]],
  16: [...rows(5, 2), [1, 1], ...rows(3, 2), [1, 1], ...rows(4, 2), [1, 1]],
  32: [[2, 1]],
  48: [
    [0, 1],
    [1, 1],
    ...rows(3, 0),
    [1, 1],
    [0, 1],
    [3, 0],
    [0, 1],
    [3, 0],
    [0, 1],
    [1, 1],
    [4, 0],
    [0, 1],
    [3, 0],
    [1, 1],
  ],
  64: [[1, 1], ...rows(8, 0), [1, 1], [0, 1]],
  80: [
    [1, 0],
    [1, 1],
    [2, 0],
    [2, 0],
    [1, 1],
    [2, 0],
    [1, 0],
    [2, 0],
    ...rows(3, 0),
    [0, 0],
    [1, 1],
    [2, 0],
    [3, 0],
    [0, 1],
  ],
  96: rows(32, 0),
  128: Array.from({ length: 16 }, (_, i) => [i + 1, i + 2] as const),
  144: Array.from({ length: 16 }, (_, i) => [i + 2, i + 2] as const),
  160: Array.from({ length: 5 }, (_, i) => [i + 2, 0] as const),
  240: [
    [3, 1],
    [7, 1],
    [7, 1],
    [2, 0],
    [6, 1],
    [4, 1],
  ],
  250: [[6, 1]],
  253: [[2, 0]],
  255: [[1, 0]],
}

/** `count` opcodes that take `pops` values and put one. */
function rows(count: number, pops: number): readonly (readonly [number, number])[] {
  return Array.from({ length: count }, () => [pops, 1] as const)
}

function filled(rest: number, bound: (pops: number, pushes: number) => number): Uint16Array {
  const bounds = new Uint16Array(256).fill(rest)
  for (const [first, row] of Object.entries(ROWS)) {
    for (const [i, [pops, pushes]] of row.entries()) bounds[Number(first) + i] = bound(pops, pushes)
  }
  return bounds
}

/** By opcode, the least height of the stack that it can run on. */
export const LEAST_HEIGHT: Uint16Array = filled(0, (pops) => pops)
/** By opcode, the greatest height of the stack that it can run on. */
export const GREATEST_HEIGHT: Uint16Array = filled(LIMIT, (pops, pushes) => LIMIT + pops - pushes)
