import type { Address, Hash, Hex } from '../../../src/primitives/hex.ts'

/** What `eth_getBlockBy…` answers with transaction hashes only. */
export interface RpcBlock {
  readonly hash: Hash
  readonly parentHash: Hash
  readonly number: Hex
  readonly timestamp: Hex
  readonly gasLimit: Hex
  readonly gasUsed: Hex
  readonly baseFeePerGas: Hex
  readonly mixHash: Hash
  readonly miner: Address
  readonly stateRoot: Hash
  readonly receiptsRoot: Hash
  readonly transactionsRoot: Hash
  readonly extraData: Hex
  readonly transactions: readonly Hash[]
  readonly withdrawalsRoot?: Hash
  readonly parentBeaconBlockRoot?: Hash
  readonly requestsHash?: Hash
  readonly blobGasUsed?: Hex
  readonly excessBlobGas?: Hex
}

/** An execution payload, any version. */
export interface ExecutionPayload {
  readonly parentHash: Hash
  readonly feeRecipient: Address
  readonly stateRoot: Hash
  readonly receiptsRoot: Hash
  readonly logsBloom: Hex
  readonly prevRandao: Hash
  readonly blockNumber: Hex
  readonly gasLimit: Hex
  readonly gasUsed: Hex
  readonly timestamp: Hex
  readonly extraData: Hex
  readonly baseFeePerGas: Hex
  readonly blockHash: Hash
  readonly transactions: readonly Hex[]
  readonly withdrawals?: readonly unknown[]
  readonly blobGasUsed?: Hex
  readonly excessBlobGas?: Hex
  readonly withdrawalsRoot?: Hash
}

/** What `engine_newPayload` answers, and `engine_forkchoiceUpdated` within its answer. */
export interface PayloadStatus {
  readonly status: 'VALID' | 'INVALID' | 'SYNCING' | 'ACCEPTED'
  readonly latestValidHash: Hash | null
  readonly validationError: string | null
}

/** What `engine_forkchoiceUpdated` answers. */
export interface ForkchoiceResult {
  readonly payloadStatus: PayloadStatus
  readonly payloadId: Hex | null
}

/** The part of `eth_getTransactionReceipt` that tests look at. */
export interface RpcReceipt {
  readonly status: Hex
  readonly type: Hex
  readonly blockHash: Hash
  readonly blockNumber: Hex
  readonly gasUsed: Hex
  /** OP-Stack, but for deposits. */
  readonly l1Fee?: Hex
}
