import { AppError } from '../primitives/errors.ts'
import { bytesToHex, type Hash, toQuantity } from '../primitives/hex.ts'
import type { Block } from './block.ts'
import { executionPayloadFromJson, type PayloadContext, payloadHeader } from './execution-payload.ts'
import { type Header, hashHeader } from './header.ts'
import { JsonObject } from './json-value.ts'
import { type DecodeOptions, decodeTransaction, type Transaction } from './transaction.ts'
import type { Withdrawal } from './withdrawal.ts'
import { withdrawalToJson } from './withdrawal-json.ts'

/** Codes of payloads. */
export type PayloadErrorCode = 'PAYLOAD_HASH_MISMATCH'

/** A block as the Engine API carries it: the header's fields are complete, the transactions still bytes. */
export interface Payload {
  readonly hash: Hash
  readonly header: Header
  /** EIP-2718 bytes. */
  readonly transactions: readonly Uint8Array[]
  readonly withdrawals?: readonly Withdrawal[]
  /** Of an L1 block from Prague: EIP-7685 requests, type byte first, none without data. */
  readonly executionRequests?: readonly Uint8Array[]
}

/** An ExecutionPayload in JSON; which fields it has depends on the header's. */
export type PayloadJson = Readonly<Record<string, unknown>>

/** A payload with the field that travels beside it, as op-node and its clients exchange it. */
export interface EnvelopeJson {
  readonly parentBeaconBlockRoot?: Hash
  readonly executionPayload: PayloadJson
}

/** The payload of a decoded block. */
export function payloadOf(block: Block): Payload {
  const { hash, header, withdrawals } = block
  const transactions = block.transactions.map((transaction) => transaction.raw)
  return { hash, header, transactions, ...(withdrawals !== undefined && { withdrawals }) }
}

/** The payload of a block that was executed in this process. */
export function sealedPayload(
  block: Omit<Payload, 'transactions'> & { readonly transactions: readonly { readonly transaction: Transaction }[] },
): Payload {
  const { hash, header, transactions, withdrawals, executionRequests } = block
  return {
    hash,
    header,
    transactions: transactions.map(({ transaction }) => transaction.raw),
    ...(withdrawals !== undefined && { withdrawals }),
    ...(executionRequests !== undefined && { executionRequests }),
  }
}

/** The block of a payload. @throws AppError TX_INVALID, TX_TYPE_UNSUPPORTED or RLP_INVALID */
export function blockOf(payload: Payload, options: DecodeOptions = {}): Block {
  return { ...payload, transactions: payload.transactions.map((raw) => decodeTransaction(raw, options)) }
}

/**
 * The ExecutionPayload of a block.
 * @param op whether it is an OP-Stack block: from Isthmus these carry their `withdrawalsRoot`
 */
export function payloadToJson(payload: Payload, op: boolean): PayloadJson {
  const { header, withdrawals } = payload
  const json: Record<string, unknown> = {
    parentHash: header.parentHash,
    feeRecipient: header.beneficiary,
    stateRoot: header.stateRoot,
    receiptsRoot: header.receiptsRoot,
    logsBloom: bytesToHex(header.logsBloom),
    prevRandao: header.mixHash,
    blockNumber: toQuantity(header.number),
    gasLimit: toQuantity(header.gasLimit),
    gasUsed: toQuantity(header.gasUsed),
    timestamp: toQuantity(header.timestamp),
    extraData: bytesToHex(header.extraData),
    baseFeePerGas: toQuantity(header.baseFeePerGas ?? 0n),
    blockHash: payload.hash,
    transactions: payload.transactions.map(bytesToHex),
  }
  if (header.withdrawalsRoot !== undefined) json.withdrawals = (withdrawals ?? []).map(withdrawalToJson)
  if (header.blobGasUsed !== undefined) json.blobGasUsed = toQuantity(header.blobGasUsed)
  if (header.excessBlobGas !== undefined) json.excessBlobGas = toQuantity(header.excessBlobGas)
  if (op && header.requestsHash !== undefined && header.withdrawalsRoot !== undefined) {
    json.withdrawalsRoot = header.withdrawalsRoot
  }
  return json
}

/** An OP-Stack block's payload in its envelope. */
export function envelopeToJson(payload: Payload): EnvelopeJson {
  const { parentBeaconBlockRoot } = payload.header
  return {
    ...(parentBeaconBlockRoot !== undefined && { parentBeaconBlockRoot }),
    executionPayload: payloadToJson(payload, true),
  }
}

/**
 * Reads an ExecutionPayload and rebuilds the header behind it.
 * @throws AppError JSON_VALUE_INVALID, or PAYLOAD_HASH_MISMATCH when its `blockHash` is not the header's
 */
export function payloadFromJson(json: unknown, context: PayloadContext = {}): Payload {
  const payload = executionPayloadFromJson(json)
  const header = payloadHeader(payload, context)
  const { blockHash: stated, transactions, withdrawals } = payload
  const hash = hashHeader(header)
  if (hash !== stated) {
    throw new AppError<PayloadErrorCode>('PAYLOAD_HASH_MISMATCH', {
      message: `payload has bad block hash: ${stated}, actual block hash is: ${hash}`,
      data: { stated, actual: hash },
    })
  }
  return { hash, header, transactions, ...(withdrawals !== undefined && { withdrawals }) }
}

/** Reads an envelope. @throws AppError JSON_VALUE_INVALID, PAYLOAD_HASH_MISMATCH */
export function envelopeFromJson(json: unknown): Payload {
  const fields = new JsonObject(json)
  const parentBeaconBlockRoot = fields.optional('parentBeaconBlockRoot', (key) => fields.hash(key))
  return payloadFromJson(fields.has('executionPayload') ? (json as EnvelopeJson).executionPayload : undefined, {
    parentBeaconBlockRoot,
  })
}

/**
 * The parameters of `engine_newPayload` in the version that fits the block.
 * @param op whether it is an OP-Stack block
 * @param executionRequests of an L1 block from Prague; OP-Stack blocks have none
 */
export function newPayloadParams(
  payload: Payload,
  op: boolean,
  executionRequests: readonly Uint8Array[] = [],
): readonly unknown[] {
  const { header, transactions } = payload
  const json = payloadToJson(payload, op)
  if (header.parentBeaconBlockRoot === undefined) return [json]
  const blobHashes = op ? [] : blobHashesOf(transactions)
  const params: unknown[] = [json, blobHashes, header.parentBeaconBlockRoot]
  if (header.requestsHash !== undefined) params.push(executionRequests.map(bytesToHex))
  return params
}

function blobHashesOf(transactions: readonly Uint8Array[]): readonly Hash[] {
  return transactions.flatMap((raw) => {
    if (raw[0] !== 3) return []
    const transaction = decodeTransaction(raw)
    return transaction.type === 3 ? transaction.blobVersionedHashes : []
  })
}

/** An Engine API list of requests as bytes. @throws AppError JSON_VALUE_INVALID */
export function executionRequestsFromJson(json: unknown): Uint8Array[] {
  return new JsonObject({ executionRequests: json }).bytesList('executionRequests')
}
