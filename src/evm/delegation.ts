import { type Address, bytesToHex, concatBytes, hexToBytes } from '../primitives/hex.ts'

const PREFIX = Uint8Array.of(0xef, 0x01, 0x00)
const SIZE = 23

/** Whether code is an EIP-7702 delegation rather than a program. */
export function isDelegation(code: Uint8Array): boolean {
  return code.length === SIZE && PREFIX.every((byte, i) => code[i] === byte)
}

/** The code of an account that runs what `target` has. */
export function delegationTo(target: Address): Uint8Array {
  return concatBytes(PREFIX, hexToBytes(target))
}

/** The account that a delegation leads to; undefined for other code. */
export function delegateOf(code: Uint8Array): Address | undefined {
  return isDelegation(code) ? bytesToHex(code.subarray(PREFIX.length)) : undefined
}
