import { EVMError } from '@ethereumjs/evm'
import type { CodeAnalysis } from './code-analysis.ts'
import { CODE_HANDLERS } from './code-instructions.ts'
import type { Frame, GasHandler, Handler, Instruction } from './instruction.ts'
import { SLOAD, SSTORE } from './storage-instructions.ts'

/** The library's description of an opcode. */
export interface LibraryInstruction {
  readonly opcodeInfo: { readonly feeBigInt: bigint; readonly dynamicGas: boolean; readonly isInvalid: boolean }
  readonly opHandler: (...parameters: never[]) => unknown
  readonly gasHandler: (...parameters: never[]) => unknown
}

const WORD = 32n

function words(length: bigint): bigint {
  return (length + WORD - 1n) / WORD
}

/** What memory of so many words costs in all. @see yellow paper, appendix H.1 */
export function memoryPrice(count: bigint): bigint {
  return count * 3n + (count * count) / 512n
}

/** What it costs that memory reaches as far as `offset + length`. */
export function memoryGas(frame: Frame, offset: bigint, length: bigint): bigint {
  if (length === 0n) return 0n
  const count = words(offset + length)
  if (count <= frame.memoryWordCount) return 0n
  const cost = memoryPrice(count)
  const grown = cost - frame.highestMemCost
  frame.memoryWordCount = count
  frame.highestMemCost = cost
  return grown
}

function byteLength(value: bigint): number {
  return value === 0n ? 0 : (value.toString(16).length + 1) >> 1
}

const wordGas: GasHandler = (frame, gas) => gas + memoryGas(frame, frame.stack.peek(1)[0] as bigint, WORD)

const rangeGas = (frame: Frame, gas: bigint, wordPrice: bigint): bigint => {
  const [offset, length] = frame.stack.peek(2) as [bigint, bigint]
  return gas + memoryGas(frame, offset, length) + wordPrice * words(length)
}

const copyGas: GasHandler = (frame, gas) => {
  const [offset, , length] = frame.stack.peek(3) as [bigint, bigint, bigint]
  return gas + memoryGas(frame, offset, length) + 3n * words(length)
}

const logGas: GasHandler = (frame, gas) => {
  if (frame.env.isStatic) throw new EVMError(EVMError.errorMessages.STATIC_STATE_CHANGE)
  const [offset, length] = frame.stack.peek(2) as [bigint, bigint]
  return gas + memoryGas(frame, offset, length) + 375n * BigInt(frame.opCode - 0xa0) + 8n * length
}

/**
 * Prices that depend on nothing but stack and memory. The library computes them behind promises, which cost more than the
 * instructions themselves.
 */
const GAS: ReadonlyMap<number, GasHandler> = new Map<number, GasHandler>([
  [0x0a, (frame, gas) => gas + 50n * BigInt(byteLength((frame.stack.peek(2) as [bigint, bigint])[1]))],
  [0x20, (frame, gas) => rangeGas(frame, gas, 6n)],
  [0x37, copyGas],
  [0x39, copyGas],
  [0x51, wordGas],
  [0x52, wordGas],
  [0x53, (frame, gas) => gas + memoryGas(frame, frame.stack.peek(1)[0] as bigint, 1n)],
  [0xf3, (frame, gas) => rangeGas(frame, gas, 0n)],
  [0xfd, (frame, gas) => rangeGas(frame, gas, 0n)],
  ...Array.from({ length: 5 }, (_, topics) => [0xa0 + topics, logGas] as const),
])

/** `base` to the power of `exponent`, modulo 2^256. */
function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (const bit of exponent.toString(2)) {
    result = BigInt.asUintN(256, result * result)
    if (bit === '1') result = BigInt.asUintN(256, result * base)
  }
  return result
}

function jump(frame: Frame, program: CodeAnalysis, to: bigint): void {
  const at = Number(to)
  if (!program.isJumpDestination(at)) throw new EVMError(EVMError.errorMessages.INVALID_JUMP)
  frame.programCounter = at
}

const push: Handler = (frame, _common, program) => {
  const size = frame.opCode - 0x5f
  frame.stack.push(program.pushed(frame.programCounter, size))
  frame.programCounter += size
}

/** Instructions that look at code, which the library analyses anew in every frame or misreads; and its slow EXP. */
const HANDLERS: ReadonlyMap<number, Handler> = new Map<number, Handler>([
  [
    0x0a,
    ({ stack }) => {
      const base = stack.pop()
      stack.push(power(base, stack.pop()))
    },
  ],
  [0x56, (frame, _common, program) => jump(frame, program, frame.stack.pop())],
  [
    0x57,
    (frame, _common, program) => {
      const to = frame.stack.pop()
      if (frame.stack.pop() !== 0n) jump(frame, program, to)
    },
  ],
  ...Array.from({ length: 32 }, (_, i) => [0x60 + i, push] as const),
  ...CODE_HANDLERS,
])

const invalid: Handler = () => {
  throw new EVMError(EVMError.errorMessages.INVALID_OPCODE)
}

/** The instruction set of an EVM: the library's, but for what is done better here. */
export function instructionTable(library: readonly LibraryInstruction[]): readonly Instruction[] {
  return library.map(({ opcodeInfo, opHandler, gasHandler }, opcode) => {
    if (opcodeInfo.isInvalid) return { gas: 0n, gasHandler: undefined, handler: invalid }
    if (opcode === 0x54) return SLOAD
    if (opcode === 0x55) return SSTORE
    return {
      gas: opcodeInfo.feeBigInt,
      gasHandler: opcodeInfo.dynamicGas ? (GAS.get(opcode) ?? (gasHandler as GasHandler)) : undefined,
      handler: HANDLERS.get(opcode) ?? (opHandler as Handler),
    }
  })
}
