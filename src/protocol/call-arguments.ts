import type { Address, Hash } from '../primitives/hex.ts'
import type { AccessListEntry, Authorization } from './transaction.ts'
import type { Withdrawal } from './withdrawal.ts'

/** A message as `eth_call` and its kin take it; what is left out has a default. */
export interface CallArguments {
  readonly from?: Address
  /** Absent for a contract creation. */
  readonly to?: Address
  readonly gas?: bigint
  /** wei per gas; the legacy way to offer a fee. */
  readonly gasPrice?: bigint
  readonly maxFeePerGas?: bigint
  readonly maxPriorityFeePerGas?: bigint
  /** wei */
  readonly value?: bigint
  readonly nonce?: bigint
  readonly data?: Uint8Array
  readonly accessList?: readonly AccessListEntry[]
  readonly chainId?: bigint
  /** wei per blob gas */
  readonly maxFeePerBlobGas?: bigint
  readonly blobVersionedHashes?: readonly Hash[]
  readonly authorizationList?: readonly Authorization[]
}

/** What an account is to be while a call runs; fields that are left out stay as they are. */
export interface AccountOverride {
  readonly nonce?: bigint
  readonly code?: Uint8Array
  /** wei */
  readonly balance?: bigint
  /** All of its storage. */
  readonly state?: ReadonlyMap<Hash, bigint>
  /** Some of its storage. */
  readonly stateDiff?: ReadonlyMap<Hash, bigint>
  /** Where the precompile that is at this address is to be instead. */
  readonly movePrecompileToAddress?: Address
}

/** The accounts that a call finds other than they are. */
export type StateOverrides = ReadonlyMap<Address, AccountOverride>

/** What the block that a call runs in is to be; fields that are left out stay as they are. */
export interface BlockOverrides {
  readonly number?: bigint
  /** Unix seconds. */
  readonly time?: bigint
  readonly gasLimit?: bigint
  readonly feeRecipient?: Address
  readonly prevRandao?: Hash
  /** wei per gas */
  readonly baseFeePerGas?: bigint
  /** wei per blob gas */
  readonly blobBaseFee?: bigint
  /** Of blocks that are simulated only. */
  readonly beaconRoot?: Hash
  /** Of blocks that are simulated only. */
  readonly withdrawals?: readonly Withdrawal[]
}
