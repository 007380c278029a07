import { EVMError } from '@ethereumjs/evm'
import { type Hash, hexToBytes, toWord } from '../primitives/hex.ts'
import type { Overlay } from '../state/overlay.ts'
import type { Frame, Instruction } from './instruction.ts'
import { addressOf, type StateAdapter } from './state-adapter.ts'

const COLD_SLOT_GAS = 2_100n
const WARM_SLOT_GAS = 100n
const SET_GAS = 20_000n
const RESET_GAS = 2_900n
const CLEAR_REFUND = 4_800n
/** A call that has no more than the stipend left must not write. @see EIP-2200 */
const STIPEND = 2_300n

function overlayOf(frame: Frame): Overlay {
  return (frame.stateManager as StateAdapter).overlay
}

/** Makes a slot warm. @returns what the access costs when it was cold, else `warm`. @see EIP-2929 */
function accessGas(frame: Frame, slot: Hash, warm: bigint): bigint {
  const { journal } = frame.interpreter
  const address = frame.env.address.bytes
  const key = hexToBytes(slot)
  if (journal.isWarmedStorage(address, key)) return warm
  journal.addWarmedStorage(address, key)
  return COLD_SLOT_GAS
}

/** What a write costs beside the access, and the refund it earns or loses. @see EIP-2200, EIP-3529 */
function writeGas(frame: Frame, current: bigint, original: bigint, value: bigint): bigint {
  if (value === current) return WARM_SLOT_GAS
  if (original === current) {
    if (original === 0n) return SET_GAS
    if (value === 0n) frame.gasRefund += CLEAR_REFUND
    return RESET_GAS
  }
  if (original !== 0n) {
    if (current === 0n) frame.gasRefund -= CLEAR_REFUND
    else if (value === 0n) frame.gasRefund += CLEAR_REFUND
  }
  if (value === original) frame.gasRefund += (original === 0n ? SET_GAS : RESET_GAS) - WARM_SLOT_GAS
  return WARM_SLOT_GAS
}

/** SLOAD, on the overlay's own values. */
export const SLOAD: Instruction = {
  gas: 0n,
  gasHandler: (frame) => accessGas(frame, toWord(frame.stack.peek(1)[0] as bigint), WARM_SLOT_GAS),
  handler: (frame) => {
    const slot = toWord(frame.stack.pop())
    const read = overlayOf(frame).slot(addressOf(frame.env.address), slot)
    if (typeof read === 'bigint') frame.stack.push(read)
    else return read.then((value) => frame.stack.push(value))
  },
}

/** SSTORE, on the overlay's own values. */
export const SSTORE: Instruction = {
  gas: 0n,
  gasHandler: (frame) => {
    if (frame.env.isStatic) throw new EVMError(EVMError.errorMessages.STATIC_STATE_CHANGE)
    const [key, value] = frame.stack.peek(2) as [bigint, bigint]
    if (frame.gasLeft <= STIPEND) throw new EVMError(EVMError.errorMessages.OUT_OF_GAS)
    const slot = toWord(key)
    const address = addressOf(frame.env.address)
    const overlay = overlayOf(frame)
    const price = (current: bigint, original: bigint): bigint =>
      writeGas(frame, current, original, value) + accessGas(frame, slot, 0n)
    const current = overlay.slot(address, slot)
    if (typeof current !== 'bigint') {
      return current.then(async (now) => price(now, await overlay.originalSlot(address, slot)))
    }
    // Where the present value is known, the original one is.
    const original = overlay.originalSlot(address, slot)
    return typeof original === 'bigint' ? price(current, original) : original.then((was) => price(current, was))
  },
  handler: (frame) => {
    const [key, value] = frame.stack.popN(2) as [bigint, bigint]
    overlayOf(frame).setSlot(addressOf(frame.env.address), toWord(key), value)
  },
}
