import { checksumAddress } from '../primitives/checksum-address.ts'
import { GAS_PER_BLOB } from '../protocol/blob-fee.ts'
import type { Message, MessagePolicy } from './message.ts'
import { refusal } from './refusal.ts'
import { NO_CHARGES, type TransactionCharges } from './transaction-charges.ts'

/** What blobs meet in a block. */
export interface BlobRules {
  /** wei per blob gas */
  readonly baseFee: bigint
  /** Blobs that one transaction may have. @see EIP-7594; undefined before it */
  readonly maxPerTransaction: number | undefined
}

/** Blobs that one transaction may have from Osaka. @see EIP-7594 */
export const MAX_BLOBS_PER_TRANSACTION = 6
const VERSIONED_HASH_PREFIX = '0x01'

/** Blob gas of a message. */
export function blobGas({ blobVersionedHashes = [] }: Message): bigint {
  return BigInt(blobVersionedHashes.length) * GAS_PER_BLOB
}

/**
 * @param rules absent before there are blobs: their price is then not asked for
 * @throws AppError TX_REFUSED @see EIP-4844
 */
export function checkBlobs(rules: BlobRules | undefined, message: Message, policy: MessagePolicy): void {
  const { blobVersionedHashes: hashes, maxFeePerBlobGas: cap = 0n, sender } = message
  if (hashes === undefined) return
  if (message.to === undefined) throw refusal('blobCreation', 'blob transaction of type create')
  if (hashes.length === 0) throw refusal('blobHashesMissing', 'blob transaction missing blob hashes')
  if (rules?.maxPerTransaction !== undefined && hashes.length > rules.maxPerTransaction) {
    throw refusal('tooManyBlobs', 'blob transaction has too many blobs')
  }
  const wrong = hashes.findIndex((hash) => !hash.startsWith(VERSIONED_HASH_PREFIX))
  if (wrong >= 0) throw refusal('blobHashInvalid', `blob ${wrong} has invalid hash version`)
  const free = policy.freeWithoutFees && cap === 0n
  if (rules !== undefined && !free && cap < rules.baseFee) {
    throw refusal(
      'blobFeeCapTooLow',
      'max fee per blob gas less than block blob gas fee',
      `address ${checksumAddress(sender)} blobGasFeeCap: ${cap}, blobBaseFee: ${rules.baseFee}`,
    )
  }
}

/** What L1 charges: the price of blobs, which is burnt like the base fee. @see EIP-4844 */
export function blobCharges(rules: BlobRules | undefined, message: Message): TransactionCharges {
  const gas = blobGas(message)
  if (gas === 0n || rules === undefined) return NO_CHARGES
  return { ...NO_CHARGES, required: gas * (message.maxFeePerBlobGas ?? 0n), taken: gas * rules.baseFee }
}
