import { bytesToBigInt, bytesToHex, toQuantity } from '../primitives/hex.ts'

const ERROR_SELECTOR = '0x08c379a0'
const PANIC_SELECTOR = '0x4e487b71'
const WORD = 32

/** What the codes of Solidity's `Panic(uint256)` mean. @see Solidity documentation, "Panic via assert" */
const PANICS: ReadonlyMap<bigint, string> = new Map([
  [0x00n, 'generic panic'],
  [0x01n, 'assert(false)'],
  [0x11n, 'arithmetic underflow or overflow'],
  [0x12n, 'division or modulo by zero'],
  [0x21n, 'enum overflow'],
  [0x22n, 'invalid encoded storage byte array accessed'],
  [0x31n, 'out-of-bounds array access; popping on an empty array'],
  [0x32n, 'out-of-bounds access of an array or bytesN'],
  [0x41n, 'out of memory'],
  [0x51n, 'uninitialized function'],
])

/** The string that an ABI-encoded argument list of one string holds; undefined when it is cut short. */
function abiString(data: Uint8Array): string | undefined {
  if (data.length < WORD) return undefined
  const offset = bytesToBigInt(data.subarray(0, WORD))
  if (offset + BigInt(WORD) > data.length) return undefined
  const start = Number(offset) + WORD
  const length = bytesToBigInt(data.subarray(Number(offset), start))
  if (BigInt(start) + length > data.length) return undefined
  return new TextDecoder().decode(data.subarray(start, start + Number(length)))
}

/**
 * What revert data says to a person: the argument of `Error(string)`, or the meaning of `Panic(uint256)`; undefined when it
 * is neither. In geth's words.
 */
export function revertReason(data: Uint8Array): string | undefined {
  if (data.length < 4) return undefined
  const selector = bytesToHex(data.subarray(0, 4))
  const body = data.subarray(4)
  if (selector === ERROR_SELECTOR) return abiString(body)
  if (selector !== PANIC_SELECTOR || body.length < WORD) return undefined
  const code = bytesToBigInt(body.subarray(0, WORD))
  return PANICS.get(code) ?? `unknown panic code: ${toQuantity(code)}`
}
