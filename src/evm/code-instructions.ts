import type { Common } from '@ethereumjs/common'
import { EVMError } from '@ethereumjs/evm'
import { type Address, bigIntToPadded, EMPTY_BYTES } from '../primitives/hex.ts'
import { KECCAK_EMPTY } from '../primitives/keccak.ts'
import { type AccountFields, isEmptyAccount, type Overlay } from '../state/overlay.ts'
import type { Frame, Handler } from './instruction.ts'
import { MAX_INIT_CODE_SIZE } from './intrinsic-gas.ts'
import { stackAddress } from './stack-address.ts'
import type { StateAdapter } from './state-adapter.ts'

function overlayOf(frame: Frame): Overlay {
  return (frame.stateManager as StateAdapter).overlay
}

function codeOf(overlay: Overlay, address: Address): Uint8Array | Promise<Uint8Array> {
  const read = overlay.account(address)
  return read instanceof Promise ? read.then((fields) => load(overlay, address, fields)) : load(overlay, address, read)
}

function load(overlay: Overlay, address: Address, fields: AccountFields | undefined): Uint8Array | Promise<Uint8Array> {
  if (fields === undefined || fields.codeHash === KECCAK_EMPTY) return EMPTY_BYTES
  return overlay.code(fields.codeHash, address)
}

const size: Handler = (frame) => {
  const push = (code: Uint8Array): void => frame.stack.push(BigInt(code.length))
  const code = codeOf(overlayOf(frame), stackAddress(frame.stack.pop()))
  return code instanceof Promise ? code.then(push) : push(code)
}

const copy: Handler = (frame) => {
  const [account, to, from, length] = frame.stack.popN(4) as [bigint, bigint, bigint, bigint]
  if (length === 0n) return undefined
  const write = (code: Uint8Array): void => {
    const bytes = new Uint8Array(Number(length))
    if (from < BigInt(code.length)) bytes.set(code.subarray(Number(from), Number(from + length)))
    frame.memory.write(Number(to), bytes.length, bytes)
  }
  const code = codeOf(overlayOf(frame), stackAddress(account))
  return code instanceof Promise ? code.then(write) : write(code)
}

const hash: Handler = (frame) => {
  const push = (fields: AccountFields | undefined): void =>
    frame.stack.push(fields === undefined || isEmptyAccount(fields) ? 0n : BigInt(fields.codeHash))
  const read = overlayOf(frame).account(stackAddress(frame.stack.pop()))
  return read instanceof Promise ? read.then(push) : push(read)
}

/** What is to run in the account that is made. */
function initCode(frame: Frame, offset: bigint, length: bigint, common: Common): Uint8Array {
  if (length > BigInt(MAX_INIT_CODE_SIZE) && common.isActivatedEIP(3860)) {
    throw new EVMError(EVMError.errorMessages.INITCODE_SIZE_VIOLATION)
  }
  return length === 0n ? EMPTY_BYTES : frame.memory.read(Number(offset), Number(length), true)
}

/** The gas for the new frame, which the instruction's price has set aside. */
function takeGas(frame: Frame): bigint {
  const gas = frame.messageGasLimit as bigint
  delete frame.messageGasLimit
  return gas
}

const create: Handler = async (frame, common) => {
  const [value, offset, length] = frame.stack.popN(3) as [bigint, bigint, bigint]
  const code = initCode(frame, offset, length, common)
  frame.stack.push(await frame.interpreter.create(takeGas(frame), value, code))
}

const create2: Handler = async (frame, common) => {
  const [value, offset, length, salt] = frame.stack.popN(4) as [bigint, bigint, bigint, bigint]
  const code = initCode(frame, offset, length, common)
  frame.stack.push(await frame.interpreter.create2(takeGas(frame), value, code, bigIntToPadded(salt, 32)))
}

/**
 * Instructions to which code is bytes. The library's take what begins with 0xEF00 for a container of the EVM Object Format,
 * which no upgrade has brought: it does not run it, and hides it.
 */
export const CODE_HANDLERS: ReadonlyMap<number, Handler> = new Map([
  [0x3b, size],
  [0x3c, copy],
  [0x3f, hash],
  [0xf0, create],
  [0xf5, create2],
])
