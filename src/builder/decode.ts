import { refusal } from '../evm/refusal.ts'
import { errorMessage, isAppError } from '../primitives/errors.ts'
import { decodeTransaction, type Transaction } from '../protocol/transaction.ts'

/** The transaction that a caller hands in, decoded. @throws AppError TX_REFUSED */
export function decodeForInclusion(raw: Uint8Array): Transaction {
  return refusing(() => decodeTransaction(raw))
}

/** Runs a decoder; what it cannot read is a transaction that cannot stand in a block. @throws AppError TX_REFUSED */
export function refusing<T>(decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    if (isAppError(error, 'TX_TYPE_UNSUPPORTED')) throw refusal('typeNotSupported', error.message)
    if (isAppError(error)) throw refusal('invalid', errorMessage(error))
    throw error
  }
}
