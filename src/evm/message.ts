import type { Address, Hash } from '../primitives/hex.ts'
import type { AccessListEntry, Authorization } from '../protocol/transaction.ts'

/** What runs as a transaction or a call: all that execution asks of one. A signed transaction is one. */
export interface Message {
  readonly sender: Address
  /** Absent for a contract creation. */
  readonly to: Address | undefined
  /** wei */
  readonly value: bigint
  readonly gasLimit: bigint
  readonly data: Uint8Array
  readonly nonce: bigint
  /** wei per gas */
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
  readonly accessList: readonly AccessListEntry[]
  /** Present where the message pays for blobs; an empty list is one, too. */
  readonly blobVersionedHashes?: readonly Hash[]
  /** wei per blob gas */
  readonly maxFeePerBlobGas?: bigint
  /** Present where the message delegates accounts; an empty list is one, too. */
  readonly authorizationList?: readonly Authorization[]
}

/** Which of a transaction's conditions a message must meet. */
export interface MessagePolicy {
  /** Its nonce must be the account's. */
  readonly nonce: boolean
  /** It must not have more gas than a transaction may. @see EIP-7825 */
  readonly gasCap: boolean
  /** The sender must not be a contract. @see EIP-3607 */
  readonly ofNoContract: boolean
  /** One that offers no fee at all pays none, whatever the base fee is. */
  readonly freeWithoutFees: boolean
}

/** What holds for transactions. */
export const TRANSACTION_POLICY: MessagePolicy = {
  nonce: true,
  gasCap: true,
  ofNoContract: true,
  freeWithoutFees: false,
}
