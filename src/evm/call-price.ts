import { bytesToHex, hexToBytes, toWord } from '../primitives/hex.ts'
import { KECCAK_EMPTY } from '../primitives/keccak.ts'
import { isEmptyAccount } from '../state/overlay.ts'
import { isDelegation } from './delegation.ts'
import type { Frame } from './instruction.ts'
import { memoryPrice } from './instructions.ts'
import { memoryOverflow } from './memory-demand.ts'
import type { StateAdapter } from './state-adapter.ts'
import { VmFault } from './vm-fault.ts'
import type { GethLine } from './watch.ts'

const CALL = 0xf1
const CALLCODE = 0xf2

const WARM_GAS = 100n
const COLD_GAS = 2_600n
const VALUE_GAS = 9_000n
const NEW_ACCOUNT_GAS = 25_000n
const MAX_UINT64 = (1n << 64n) - 1n

/** Whether an opcode calls another account. */
export function isCall(opcode: number): boolean {
  return opcode === CALL || opcode === CALLCODE || opcode === 0xf4 || opcode === 0xfa
}

/** A price that cannot be paid: what geth has reckoned until then, and what it says. */
export interface Unpayable {
  readonly cost: bigint
  readonly fault: VmFault
}

/** What a call's price depends on in the state. */
export interface CallTarget {
  readonly warm: boolean
  readonly empty: boolean
  /** Gas for resolving its delegation; 0 when it has none. @see EIP-7702 */
  readonly delegationGas: bigint
}

/** What a call's price follows from, as it was before anything was taken. */
export interface CallStart {
  readonly gas: bigint
  /** Words of memory, and what was paid for them. */
  readonly words: bigint
  readonly memoryPaid: bigint
  readonly target: CallTarget
}

/** Looks at a call's target before the call is priced, which makes it warm. */
export async function callTarget(frame: Frame): Promise<CallTarget> {
  const { overlay } = frame.stateManager as StateAdapter
  const { journal } = frame.interpreter
  const bytes = hexToBytes(toWord(frame.stack.peek(2)[1] as bigint)).subarray(12)
  const address = bytesToHex(bytes)
  const account = await overlay.account(address)
  const warm = journal.isWarmedAddress(bytes)
  const plain = { warm, empty: account === undefined || isEmptyAccount(account), delegationGas: 0n }
  if (account === undefined || account.codeHash === KECCAK_EMPTY) return plain
  const code = await overlay.code(account.codeHash, address)
  if (!isDelegation(code)) return plain
  return { ...plain, delegationGas: journal.isWarmedAddress(code.subarray(3)) ? WARM_GAS : COLD_GAS }
}

/** Memory's part of the price. The library has widened the frame's memory already. */
function memoryPart(frame: Frame, start: CallStart): bigint {
  return frame.memoryWordCount > start.words ? memoryPrice(frame.memoryWordCount) - start.memoryPaid : 0n
}

/** What geth gives the inner call of what is left, as 64-bit arithmetic has it when nothing is. */
function innerGas(left: bigint, intrinsic: bigint, wanted: bigint): bigint {
  const rest = BigInt.asUintN(64, left - intrinsic)
  const most = rest - rest / 64n
  return wanted < most ? wanted : most
}

/**
 * Why a call of another account cannot be paid, by geth's order of reckoning.
 * @see geth, core/vm operations_acl.go
 */
export function unpayableCall(
  frame: Frame,
  opcode: number,
  start: CallStart,
  line: GethLine,
  prague: boolean,
): Unpayable {
  const short = { cost: WARM_GAS, fault: VmFault.outOfGas('out of gas') }
  const overflow = { cost: WARM_GAS, fault: VmFault.outOfGas('gas uint64 overflow') }
  const [wanted, , third] = frame.stack.peek(3) as [bigint, bigint, bigint]
  const pays = (opcode === CALL || opcode === CALLCODE) && third !== 0n
  const { target } = start
  const cold = target.warm ? 0n : COLD_GAS - WARM_GAS
  let left = start.gas - WARM_GAS
  if (left < cold) return short
  left -= cold
  const delegationGas = prague ? target.delegationGas : 0n
  if (line === '1.16') {
    if (left < delegationGas) return short
    left -= delegationGas
  }
  if (line === '1.17' && opcode === CALL && pays && frame.env.isStatic) {
    return { cost: WARM_GAS, fault: VmFault.outOfGas('write protection') }
  }
  if (memoryOverflow(frame, opcode) !== undefined) return overflow
  let intrinsic = memoryPart(frame, start) + (pays ? VALUE_GAS : 0n)
  if (line === '1.17' && opcode === CALL && left < intrinsic) return short
  if (opcode === CALL && pays && target.empty) intrinsic += NEW_ACCOUNT_GAS
  if (line === '1.17' && prague) {
    // Whatever it is that was missing: nothing is left unpaid after this.
    return short
  }
  const total = intrinsic + innerGas(left, intrinsic, wanted)
  if (total + cold + delegationGas > MAX_UINT64) return overflow
  return { cost: WARM_GAS + total + cold + delegationGas, fault: VmFault.outOfGas() }
}
