import type { Address, Hash } from '../primitives/hex.ts'
import { transactionsRoot, withdrawalsRoot } from './block.ts'
import { requestsHash } from './execution-requests.ts'
import { EMPTY_REQUESTS_HASH, type Header, POST_MERGE_CONSTANTS } from './header.ts'
import { JsonObject } from './json-value.ts'
import type { Withdrawal } from './withdrawal.ts'
import { withdrawalFromJson } from './withdrawal-json.ts'

/** An ExecutionPayload as somebody states it: not checked, also not against its own hash. */
export interface ExecutionPayload {
  readonly parentHash: Hash
  readonly feeRecipient: Address
  readonly stateRoot: Hash
  readonly receiptsRoot: Hash
  /** 256 bytes. */
  readonly logsBloom: Uint8Array
  readonly prevRandao: Hash
  readonly blockNumber: bigint
  readonly gasLimit: bigint
  readonly gasUsed: bigint
  /** Unix seconds. */
  readonly timestamp: bigint
  readonly extraData: Uint8Array
  /** wei per gas */
  readonly baseFeePerGas: bigint
  readonly blockHash: Hash
  /** EIP-2718 bytes. */
  readonly transactions: readonly Uint8Array[]
  readonly withdrawals?: readonly Withdrawal[]
  readonly blobGasUsed?: bigint
  readonly excessBlobGas?: bigint
  /** OP-Stack blocks from Isthmus. */
  readonly withdrawalsRoot?: Hash
}

/** What the Engine API passes beside an ExecutionPayload. */
export interface PayloadContext {
  /** From Ecotone / Cancun. */
  readonly parentBeaconBlockRoot?: Hash | undefined
  /** L1 from Prague. An OP payload from Isthmus always has none, and this is not looked at. */
  readonly executionRequests?: readonly Uint8Array[] | undefined
}

/** Reads an ExecutionPayload. @throws AppError JSON_VALUE_INVALID */
export function executionPayloadFromJson(json: unknown): ExecutionPayload {
  const fields = new JsonObject(json)
  const uint64 = (key: string): bigint => fields.uint(key, 64)
  const withdrawals = fields.has('withdrawals') ? fields.objects('withdrawals').map(withdrawalFromJson) : undefined
  const blobGasUsed = fields.optional('blobGasUsed', uint64)
  const excessBlobGas = fields.optional('excessBlobGas', uint64)
  const passerRoot = fields.optional('withdrawalsRoot', (key) => fields.hash(key))
  return {
    parentHash: fields.hash('parentHash'),
    feeRecipient: fields.address('feeRecipient'),
    stateRoot: fields.hash('stateRoot'),
    receiptsRoot: fields.hash('receiptsRoot'),
    logsBloom: fields.bytes('logsBloom', 256),
    prevRandao: fields.hash('prevRandao'),
    blockNumber: uint64('blockNumber'),
    gasLimit: uint64('gasLimit'),
    gasUsed: uint64('gasUsed'),
    timestamp: uint64('timestamp'),
    extraData: fields.bytes('extraData'),
    baseFeePerGas: fields.uint('baseFeePerGas', 256),
    blockHash: fields.hash('blockHash'),
    transactions: fields.bytesList('transactions'),
    ...(withdrawals !== undefined && { withdrawals }),
    ...(blobGasUsed !== undefined && { blobGasUsed }),
    ...(excessBlobGas !== undefined && { excessBlobGas }),
    ...(passerRoot !== undefined && { withdrawalsRoot: passerRoot }),
  }
}

/** The header behind an ExecutionPayload; what it does not carry is made of what it does, and of the context. */
export function payloadHeader(payload: ExecutionPayload, context: PayloadContext): Header {
  const { blobGasUsed, excessBlobGas, withdrawals, withdrawalsRoot: passerRoot } = payload
  const { parentBeaconBlockRoot, executionRequests } = context
  const root = passerRoot ?? (withdrawals && withdrawalsRoot(withdrawals))
  const requests = passerRoot !== undefined ? EMPTY_REQUESTS_HASH : executionRequests && requestsHash(executionRequests)
  return {
    parentHash: payload.parentHash,
    beneficiary: payload.feeRecipient,
    stateRoot: payload.stateRoot,
    transactionsRoot: transactionsRoot(payload.transactions),
    receiptsRoot: payload.receiptsRoot,
    logsBloom: payload.logsBloom,
    number: payload.blockNumber,
    gasLimit: payload.gasLimit,
    gasUsed: payload.gasUsed,
    timestamp: payload.timestamp,
    extraData: payload.extraData,
    mixHash: payload.prevRandao,
    baseFeePerGas: payload.baseFeePerGas,
    ...POST_MERGE_CONSTANTS,
    ...(root !== undefined && { withdrawalsRoot: root }),
    ...(blobGasUsed !== undefined && { blobGasUsed }),
    ...(excessBlobGas !== undefined && { excessBlobGas }),
    ...(parentBeaconBlockRoot !== undefined && { parentBeaconBlockRoot }),
    ...(requests !== undefined && { requestsHash: requests }),
  }
}
