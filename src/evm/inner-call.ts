import { type Address, bigIntToPadded, bytesToHex, concatBytes, EMPTY_BYTES } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import { accountOrEmpty } from './balances.ts'
import { isCall } from './call-price.ts'
import { createdAddress } from './created-address.ts'
import type { Frame } from './instruction.ts'
import { stackAddress } from './stack-address.ts'
import { addressOf, type StateAdapter } from './state-adapter.ts'
import type { EnteredCall } from './watch.ts'

const CREATE = 0xf0
const CREATE2 = 0xf5
const STIPEND = 2_300n

const KINDS = { 241: 'CALL', 242: 'CALLCODE', 244: 'DELEGATECALL', 250: 'STATICCALL' } as const

/** Whether an opcode makes a frame. */
export function makesFrame(opcode: number): boolean {
  return isCall(opcode) || opcode === CREATE || opcode === CREATE2
}

function memoryAt(frame: Frame, offset: bigint, size: bigint): Uint8Array {
  return size === 0n ? EMPTY_BYTES : frame.memory.read(Number(offset), Number(size))
}

/** The frame that an instruction is about to make, whose price is paid. */
export async function innerCall(frame: Frame, opcode: number): Promise<EnteredCall> {
  const { env, stack } = frame
  const from = addressOf(env.address)
  const depth = env.depth + 1
  const gas = frame.messageGasLimit ?? 0n
  if (opcode === CREATE || opcode === CREATE2) {
    const [value, offset, size] = stack.peek(3) as [bigint, bigint, bigint]
    const input = memoryAt(frame, offset, size)
    const to =
      opcode === CREATE
        ? createdAddress(from, (await accountOrEmpty((frame.stateManager as StateAdapter).overlay, from)).nonce)
        : create2Address(env.address.bytes, stack.peek(4)[3] as bigint, input)
    return { depth, kind: opcode === CREATE ? 'CREATE' : 'CREATE2', from, to, input, gas, value }
  }
  const valued = opcode === 0xf1 || opcode === 0xf2
  const operands = stack.peek(valued ? 5 : 4) as bigint[]
  const [offset, size] = operands.slice(valued ? 3 : 2) as [bigint, bigint]
  const value = valued ? (operands[2] as bigint) : opcode === 0xf4 ? env.callValue : undefined
  return {
    depth,
    kind: KINDS[opcode as keyof typeof KINDS],
    from,
    to: stackAddress(operands[1] as bigint),
    input: memoryAt(frame, offset, size),
    gas: valued && value !== 0n ? gas + STIPEND : gas,
    value,
  }
}

/** The address of a contract that CREATE2 makes. @see EIP-1014 */
function create2Address(creator: Uint8Array, salt: bigint, initCode: Uint8Array): Address {
  const preimage = concatBytes(Uint8Array.of(0xff), creator, bigIntToPadded(salt, 32), keccak256(initCode))
  return bytesToHex(keccak256(preimage).subarray(12))
}
