import type { Address } from '../primitives/hex.ts'
import type { DecodeOptions, SignedTransaction } from './transaction.ts'
import { encodeSigned, type TransactionFields } from './transaction-encoding.ts'

/**
 * A transaction of an account whose key nobody has, as it stands in a block of a test chain: its signature names the sender.
 * Only {@link DecodeOptions.impersonation} reads it.
 */
export function impersonatedTransaction(fields: TransactionFields, sender: Address): Uint8Array {
  return encodeSigned(fields, { yParity: 0, r: BigInt(sender), s: 0n })
}

/** Whether the sender is given and not recovered: no key signs with `s = 0`. */
export function isImpersonated({ s }: Pick<SignedTransaction, 's'>): boolean {
  return s === 0n
}
