import type { Address } from './hex.ts'
import { keccak256 } from './keccak.ts'

/** The address in EIP-55's mixed case, as geth prints it in messages. */
export function checksumAddress(address: Address): string {
  const digits = address.slice(2)
  const hash = keccak256(new TextEncoder().encode(digits))
  let out = '0x'
  for (let i = 0; i < digits.length; i++) {
    const nibble = ((hash[i >> 1] as number) >> (i % 2 === 0 ? 4 : 0)) & 15
    const digit = digits[i] as string
    out += nibble >= 8 ? digit.toUpperCase() : digit
  }
  return out
}
