import type { Common } from '@ethereumjs/common'
import { EVMError } from '@ethereumjs/evm'
import { hexToBytes, toWord } from '../primitives/hex.ts'
import { callTarget, isCall, type Unpayable, unpayableCall } from './call-price.ts'
import type { Frame, Instruction } from './instruction.ts'
import { memoryGas } from './instructions.ts'
import { MAX_INIT_CODE_SIZE } from './intrinsic-gas.ts'
import { memoryOverflow } from './memory-demand.ts'
import { VmFault } from './vm-fault.ts'
import type { GethLine } from './watch.ts'

const { errorMessages: E } = EVMError

const RETURNDATACOPY = 0x3e
const SSTORE = 0x55
const CREATE = 0xf0
const CALL = 0xf1
const CREATE2 = 0xf5
const SELFDESTRUCT = 0xff

const SENTRY_GAS = 2_300n
const COLD_ACCOUNT_GAS = 2_600n
const COPY_WORD_GAS = 3n

/** Whether an opcode emits a log. */
export function isLog(opcode: number): boolean {
  return opcode >= 0xa0 && opcode <= 0xa4
}

/** The part of a price that geth takes before it looks at operands, where it is not the library's fixed part. */
const CONSTANT: readonly (bigint | undefined)[] = (() => {
  const gas: (bigint | undefined)[] = Array.from({ length: 256 })
  for (const opcode of [0x0a, 0x54, SSTORE, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4]) gas[opcode] = 0n
  for (const opcode of [0x31, 0x3b, 0x3c, 0x3f, CALL, 0xf2, 0xf4, 0xfa]) gas[opcode] = 100n
  return gas
})()

/** What geth takes for an instruction before it looks at its operands. */
export function constantGas(opcode: number, instruction: Instruction): bigint {
  return CONSTANT[opcode] ?? instruction.gas
}

/** What an instruction takes, and what goes wrong with it. */
export interface Price {
  readonly cost: bigint
  /** What is taken from the frame at once, where `cost` also holds what an inner call gets. */
  readonly taken?: bigint
  /** It cannot even be paid. */
  readonly fault?: VmFault
  /** It is paid, and then fails. */
  readonly after?: VmFault
}

/** Writes that a static call must not do; the others of them the library refuses when they run. */
function writes(frame: Frame, opcode: number): boolean {
  if (opcode === CALL) return frame.stack.peek(3)[2] !== 0n
  return isLog(opcode) || opcode === SSTORE || opcode === CREATE || opcode === CREATE2 || opcode === SELFDESTRUCT
}

/** What geth refuses while it reckons the price, before it is known. */
function refusedEarly(frame: Frame, opcode: number, line: GethLine, common: Common): VmFault | undefined {
  if (line === '1.17' && frame.env.isStatic) {
    const early = opcode === SSTORE || opcode === SELFDESTRUCT
    // A call's price begins with the target's access where there are no delegations to look up.
    const firstOfAll = opcode === CALL && common.isActivatedEIP(7702)
    if ((early || firstOfAll) && writes(frame, opcode)) return VmFault.outOfGas('write protection')
  }
  if (opcode === SSTORE && frame.gasLeft <= SENTRY_GAS) {
    return VmFault.outOfGas('not enough gas for reentrancy sentry')
  }
  if ((opcode === CREATE || opcode === CREATE2) && common.isActivatedEIP(3860)) {
    const size = frame.stack.peek(3)[2] as bigint
    if (size > BigInt(MAX_INIT_CODE_SIZE) && memoryOverflow(frame, opcode) === undefined) {
      const sizes = line === '1.17' ? `code size ${size} limit ${MAX_INIT_CODE_SIZE}` : `size ${size}`
      return VmFault.outOfGas(`max initcode size exceeded: ${sizes}`)
    }
  }
  return undefined
}

function isHeirWarm(frame: Frame): boolean {
  const heir = hexToBytes(toWord(frame.stack.peek(1)[0] as bigint)).subarray(12)
  return frame.interpreter.journal.isWarmedAddress(heir)
}

/** The library's price; undefined when it says at once that there is not enough gas. */
async function libraryPrice(frame: Frame, instruction: Instruction, common: Common): Promise<bigint | undefined> {
  const { isStatic } = frame.env
  // It would refuse to write before it has a price.
  frame.env.isStatic = false
  try {
    const { gasHandler, gas } = instruction
    return gasHandler === undefined ? gas : await gasHandler(frame, gas, common)
  } catch (error) {
    if (error instanceof EVMError && error.error === E.OUT_OF_GAS) return undefined
    throw error
  } finally {
    frame.env.isStatic = isStatic
  }
}

/** RETURNDATACOPY beyond the data: paid like any other, and then refused. */
function copyBeyond(frame: Frame): Price {
  const [memory, , size] = frame.stack.peek(3) as [bigint, bigint, bigint]
  const gas = 3n
  const overflow = unpriceable(frame, RETURNDATACOPY, gas)
  if (overflow !== undefined) return overflow
  const cost = gas + memoryGas(frame, memory, size) + COPY_WORD_GAS * ((size + 31n) / 32n)
  if (cost > frame.gasLeft) return { cost, fault: VmFault.outOfGas() }
  return { cost, after: new VmFault(E.OUT_OF_GAS, 'return data out of bounds') }
}

function unpriceable(frame: Frame, opcode: number, constant: bigint): Unpayable | undefined {
  const overflow = memoryOverflow(frame, opcode)
  if (overflow === undefined) return undefined
  const text = 'gas uint64 overflow'
  return {
    cost: constant,
    fault: overflow === 'size' ? new VmFault(E.OUT_OF_GAS, text) : VmFault.outOfGas(text),
  }
}

/**
 * Whether geth looks at an instruction before or after its price in a way that the library does not. For the others the
 * library's price says all.
 */
export function needsCare(frame: Frame, opcode: number): boolean {
  if (opcode === SSTORE) return frame.env.isStatic || frame.gasLeft <= SENTRY_GAS
  if (isLog(opcode)) return frame.env.isStatic
  return (
    opcode === RETURNDATACOPY || opcode === SELFDESTRUCT || opcode === CREATE || opcode === CREATE2 || isCall(opcode)
  )
}

/** Why a frame cannot pay a price, where nothing but the price matters. */
export function unpaid(frame: Frame, opcode: number, constant: bigint, cost: bigint): Price {
  return unpriceable(frame, opcode, constant) ?? { cost, fault: VmFault.outOfGas() }
}

/**
 * Reckons an instruction's price as geth does: what a trace shows of it, and in which words it fails. What it takes from a
 * frame that can pay is the library's.
 */
export async function priceOf(
  frame: Frame,
  opcode: number,
  instruction: Instruction,
  common: Common,
  line: GethLine,
): Promise<Price> {
  const constant = constantGas(opcode, instruction)
  const { gasLeft: gas, memoryWordCount: words, highestMemCost: memoryPaid } = frame
  if (gas < constant) return { cost: constant, fault: VmFault.outOfGas() }
  if (opcode === RETURNDATACOPY) {
    const [, from, size] = frame.stack.peek(3) as [bigint, bigint, bigint]
    if (from + size > BigInt(frame.returnBytes.length)) return copyBeyond(frame)
  }
  const refused = refusedEarly(frame, opcode, line, common)
  if (refused !== undefined) return { cost: constant, fault: refused }
  const target = isCall(opcode) ? await callTarget(frame) : undefined
  const coldHeir = opcode === SELFDESTRUCT && !isHeirWarm(frame)
  const taken = await libraryPrice(frame, instruction, common)
  // What the inner call gets is part of the price; the library hands it over apart from it.
  const cost = taken === undefined || target === undefined ? taken : taken + (frame.messageGasLimit ?? 0n)
  if (taken === undefined || cost === undefined || gas < cost) {
    if (memoryOverflow(frame, opcode) === 'size') return unpaid(frame, opcode, constant, constant)
    if (target !== undefined) {
      return unpayableCall(frame, opcode, { gas, words, memoryPaid, target }, line, common.isActivatedEIP(7702))
    }
    if (coldHeir && line === '1.17' && gas - constant < COLD_ACCOUNT_GAS) {
      return { cost: constant, fault: VmFault.outOfGas('out of gas') }
    }
    return unpaid(frame, opcode, constant, cost ?? constant)
  }
  if (frame.env.isStatic && writes(frame, opcode)) {
    if (opcode === CALL && line === '1.17') return { cost: constant, fault: VmFault.outOfGas('write protection') }
    return { cost, taken, after: new VmFault(E.STATIC_STATE_CHANGE, 'write protection') }
  }
  return { cost, taken }
}
