import { type Address, type Hash, type Hex, toHex } from 'viem'

/** A quantity as viem's users write it. */
export type Quantity = bigint | number

/** A block by hash, or by number on the canonical chain. */
export type BlockChoice = Hash | Quantity

/** An entry of {@link OpenJobOptions.withdrawals}. */
export interface JobWithdrawal {
  readonly index: Quantity
  readonly validatorIndex: Quantity
  readonly address: Address
  /** Gwei. */
  readonly amount: Quantity
}

/** What a block shall be like. Whatever is left out is as the protocol has it. */
export interface OpenJobOptions {
  /** The block to build on; any ancestor or side block, too. `latest` when left out. */
  readonly parent?: BlockChoice | 'latest' | undefined
  /** Another name of `parent` on an L2 chain. */
  readonly l2Parent?: BlockChoice | 'latest' | undefined
  /** L2 only: the L1 block that it is derived from; what origin selection gives when left out. */
  readonly l1Origin?: BlockChoice | 'same' | 'next' | undefined
  /** Unix seconds. */
  readonly timestamp?: Quantity | undefined
  readonly gasLimit?: Quantity | undefined
  readonly prevRandao?: Hash | undefined
  readonly feeRecipient?: Address | undefined
  readonly extraData?: Hex | undefined
  /** Signed transactions, forced right behind the deposits; on L1 the block's first. */
  readonly transactions?: readonly Hex[] | undefined
  /** L2 only: `false` leaves out user deposits. */
  readonly deposits?: boolean | undefined
  /** L1 only. */
  readonly parentBeaconBlockRoot?: Hash | undefined
  /** L1 only. */
  readonly withdrawals?: readonly JobWithdrawal[] | undefined
  /** Take a timestamp that the parent forbids. */
  readonly force?: boolean | undefined
}

/** Header fields in place of what execution gave, by their names in a block of viem: to craft an invalid block. */
export interface HeaderOverrides {
  readonly parentHash?: Hash | undefined
  readonly sha3Uncles?: Hash | undefined
  readonly miner?: Address | undefined
  readonly stateRoot?: Hash | undefined
  readonly transactionsRoot?: Hash | undefined
  readonly receiptsRoot?: Hash | undefined
  readonly logsBloom?: Hex | undefined
  readonly difficulty?: Quantity | undefined
  readonly number?: Quantity | undefined
  readonly gasLimit?: Quantity | undefined
  readonly gasUsed?: Quantity | undefined
  readonly timestamp?: Quantity | undefined
  readonly extraData?: Hex | undefined
  readonly mixHash?: Hash | undefined
  readonly nonce?: Hex | undefined
  readonly baseFeePerGas?: Quantity | undefined
  readonly withdrawalsRoot?: Hash | undefined
  readonly blobGasUsed?: Quantity | undefined
  readonly excessBlobGas?: Quantity | undefined
  readonly parentBeaconBlockRoot?: Hash | undefined
  readonly requestsHash?: Hash | undefined
}

/** What becomes of a sealed block. */
export interface SealJobOptions {
  /** Make it the head; `true` when left out. */
  readonly commit?: boolean | undefined
  /** Sign and gossip it; `true` when left out. */
  readonly publish?: boolean | undefined
  readonly header?: HeaderOverrides | undefined
}

/** Options in JSON: quantities become hex, what is undefined is left out. */
export function encodeOptions(value: unknown): unknown {
  if (typeof value === 'bigint' || typeof value === 'number') return toHex(value)
  if (Array.isArray(value)) return value.map(encodeOptions)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  return Object.fromEntries(fields.map(([key, field]) => [key, encodeOptions(field)]))
}
