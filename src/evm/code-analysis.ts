import { bytesToBigInt } from '../primitives/hex.ts'

const PUSH1 = 0x60
const PUSH32 = 0x7f
const JUMPDEST = 0x5b

/** Every value of one byte. */
const SMALL = Array.from({ length: 256 }, (_, value) => BigInt(value))

/** What is known of one program, found out when it is first needed. */
export class CodeAnalysis {
  readonly #code: Uint8Array
  readonly #pushes = new Map<number, bigint>()
  #jumps: Uint8Array | undefined

  constructor(code: Uint8Array) {
    this.#code = code
  }

  /** Whether a jump may lead to `at`: a JUMPDEST that is not the data of a PUSH. */
  isJumpDestination(at: number): boolean {
    this.#jumps ??= jumpDestinations(this.#code)
    return this.#jumps[at] === 1
  }

  /** The value that a PUSH before `at` puts on the stack: `size` bytes, with zeroes behind the end of the code. */
  pushed(at: number, size: number): bigint {
    if (size === 1) return SMALL[this.#code[at] ?? 0] as bigint
    const known = this.#pushes.get(at)
    if (known !== undefined) return known
    const bytes = this.#code.subarray(at, at + size)
    const value = bytesToBigInt(bytes) << BigInt(8 * (size - bytes.length))
    this.#pushes.set(at, value)
    return value
  }
}

function jumpDestinations(code: Uint8Array): Uint8Array {
  const jumps = new Uint8Array(code.length)
  for (let i = 0; i < code.length; i++) {
    const opcode = code[i] as number
    if (opcode === JUMPDEST) jumps[i] = 1
    else if (opcode >= PUSH1 && opcode <= PUSH32) i += opcode - PUSH1 + 1
  }
  return jumps
}

const analyses = new WeakMap<Uint8Array, CodeAnalysis>()

/** The analysis of a program; kept as long as the array that holds the code. */
export function analyse(code: Uint8Array): CodeAnalysis {
  let analysis = analyses.get(code)
  if (analysis === undefined) {
    analysis = new CodeAnalysis(code)
    analyses.set(code, analysis)
  }
  return analysis
}
