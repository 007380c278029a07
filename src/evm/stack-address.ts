import { type Address, toWord } from '../primitives/hex.ts'

/** The address that a word on the stack means: its lower 20 bytes. */
export function stackAddress(word: bigint): Address {
  return `0x${toWord(word).slice(26)}`
}
