import { type Address, hexToBytes } from '../primitives/hex.ts'
import { encodeRlp } from '../primitives/rlp.ts'

/** A validator's withdrawal, pushed into an L1 block by consensus. @see EIP-4895 */
export interface Withdrawal {
  readonly index: bigint
  readonly validatorIndex: bigint
  readonly address: Address
  /** gwei */
  readonly amount: bigint
}

/** The withdrawal as the withdrawals trie holds it. */
export function encodeWithdrawal(withdrawal: Withdrawal): Uint8Array {
  const { index, validatorIndex, address, amount } = withdrawal
  return encodeRlp([index, validatorIndex, hexToBytes(address), amount])
}
