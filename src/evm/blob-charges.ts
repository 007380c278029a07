import { checksumAddress } from '../primitives/checksum-address.ts'
import { GAS_PER_BLOB } from '../protocol/blob-fee.ts'
import type { BlobTransaction, SignedTransaction } from '../protocol/transaction.ts'
import { refusal } from './refusal.ts'
import { NO_CHARGES, type TransactionCharges } from './transaction-charges.ts'

/** What blob transactions meet in a block. */
export interface BlobRules {
  /** wei per blob gas */
  readonly baseFee: bigint
  /** Blobs that one transaction may have. @see EIP-7594; undefined before it */
  readonly maxPerTransaction: number | undefined
}

const VERSIONED_HASH_PREFIX = '0x01'

/** Blob gas of a transaction. */
export function blobGas(tx: SignedTransaction): bigint {
  return tx.type === 3 ? BigInt(tx.blobVersionedHashes.length) * GAS_PER_BLOB : 0n
}

/** @throws AppError TX_REFUSED @see EIP-4844 */
export function checkBlobs(rules: BlobRules, tx: BlobTransaction): void {
  const { blobVersionedHashes: hashes, maxFeePerBlobGas: cap } = tx
  if (hashes.length === 0) throw refusal('blobHashesMissing', 'blob transaction missing blob hashes')
  if (rules.maxPerTransaction !== undefined && hashes.length > rules.maxPerTransaction) {
    throw refusal('tooManyBlobs', 'blob transaction has too many blobs')
  }
  const wrong = hashes.findIndex((hash) => !hash.startsWith(VERSIONED_HASH_PREFIX))
  if (wrong >= 0) throw refusal('blobHashInvalid', `blob ${wrong} has invalid hash version`)
  if (cap < rules.baseFee) {
    throw refusal(
      'blobFeeCapTooLow',
      'max fee per blob gas less than block blob gas fee',
      `address ${checksumAddress(tx.sender)} blobGasFeeCap: ${cap}, blobBaseFee: ${rules.baseFee}`,
    )
  }
}

/** What L1 charges: the price of blobs, which is burnt like the base fee. @see EIP-4844 */
export function blobCharges(rules: BlobRules | undefined, tx: SignedTransaction): TransactionCharges {
  if (tx.type !== 3 || rules === undefined) return NO_CHARGES
  const gas = blobGas(tx)
  return { ...NO_CHARGES, required: gas * tx.maxFeePerBlobGas, taken: gas * rules.baseFee }
}
