import { type Address, bytesToHex, type Hash, toQuantity } from '../primitives/hex.ts'
import { GAS_PER_BLOB } from './blob-fee.ts'
import { JsonObject } from './json-value.ts'
import type { L1FeeInfo } from './l1-fee-info.ts'
import type { Log, Receipt } from './receipt.ts'
import type { Transaction } from './transaction.ts'

/** A transaction that ran, as far as its receipt in JSON shows it. */
export interface ReceiptSubject {
  readonly transaction: Transaction
  readonly receipt: Receipt
  /** Position in the block. */
  readonly index: number
  /** `logIndex` of its first log. */
  readonly firstLogIndex: number
  readonly gasUsed: bigint
  /** wei per gas; 0 for deposits. */
  readonly effectiveGasPrice: bigint
  readonly contractAddress?: Address
  readonly l1Fee?: L1FeeInfo
}

/** The block of a receipt; a block still in the making has no hash. */
export interface ReceiptBlock {
  readonly hash?: Hash
  readonly number: bigint
  /** Unix seconds. */
  readonly timestamp?: bigint
  /** wei per blob gas, for blob transactions. */
  readonly blobBaseFee?: bigint
}

function l1FeeToJson(info: L1FeeInfo): Record<string, unknown> {
  const json: Record<string, unknown> = {
    l1GasPrice: toQuantity(info.l1GasPrice),
    l1GasUsed: toQuantity(info.l1GasUsed),
    l1Fee: toQuantity(info.l1Fee),
  }
  if (info.l1FeeScalar !== undefined) json.l1FeeScalar = info.l1FeeScalar
  const quantities = [
    'l1BlobBaseFee',
    'l1BaseFeeScalar',
    'l1BlobBaseFeeScalar',
    'operatorFeeScalar',
    'operatorFeeConstant',
    'daFootprintGasScalar',
  ] as const
  for (const key of quantities) {
    const value = info[key]
    if (value !== undefined) json[key] = toQuantity(value)
  }
  if (info.daFootprint !== undefined) json.blobGasUsed = toQuantity(info.daFootprint)
  return json
}

/** A log as it stands in a receipt. */
function logToJson(log: Log, logIndex: number, subject: ReceiptSubject, block: ReceiptBlock): unknown {
  return {
    address: log.address,
    topics: [...log.topics],
    data: bytesToHex(log.data),
    blockNumber: toQuantity(block.number),
    transactionHash: subject.transaction.hash,
    transactionIndex: toQuantity(subject.index),
    ...(block.hash !== undefined && { blockHash: block.hash }),
    ...(block.timestamp !== undefined && { blockTimestamp: toQuantity(block.timestamp) }),
    logIndex: toQuantity(logIndex),
    removed: false,
  }
}

/** The answer of op-geth's `eth_getTransactionReceipt`; without `blockHash` where the block has none yet. */
export function receiptToJson(subject: ReceiptSubject, block: ReceiptBlock): Record<string, unknown> {
  const { transaction, receipt } = subject
  const json: Record<string, unknown> = {
    ...(block.hash !== undefined && { blockHash: block.hash }),
    blockNumber: toQuantity(block.number),
    transactionHash: transaction.hash,
    transactionIndex: toQuantity(subject.index),
    from: transaction.sender,
    to: transaction.to ?? null,
    gasUsed: toQuantity(subject.gasUsed),
    cumulativeGasUsed: toQuantity(receipt.cumulativeGasUsed),
    contractAddress: subject.contractAddress ?? null,
    logs: receipt.logs.map((log, index) => logToJson(log, subject.firstLogIndex + index, subject, block)),
    logsBloom: bytesToHex(receipt.logsBloom),
    type: toQuantity(transaction.type),
    effectiveGasPrice: toQuantity(subject.effectiveGasPrice),
    status: toQuantity(receipt.status),
  }
  if (subject.l1Fee !== undefined) Object.assign(json, l1FeeToJson(subject.l1Fee))
  if (transaction.type === 0x7e && receipt.depositNonce !== undefined) {
    json.depositNonce = toQuantity(receipt.depositNonce)
    if (receipt.depositReceiptVersion !== undefined) {
      json.depositReceiptVersion = toQuantity(receipt.depositReceiptVersion)
    }
  }
  if (transaction.type === 3) {
    json.blobGasUsed = toQuantity(GAS_PER_BLOB * BigInt(transaction.blobVersionedHashes.length))
    json.blobGasPrice = block.blobBaseFee === undefined ? null : toQuantity(block.blobBaseFee)
  }
  return json
}

/** What a receipt in JSON says, beyond its consensus part. */
export interface ReceiptFromNode {
  readonly receipt: Receipt
  readonly transactionHash: Hash
  readonly transactionIndex: number
  readonly blockHash: Hash
  readonly blockNumber: bigint
  readonly gasUsed: bigint
  readonly contractAddress?: Address
}

/**
 * Reads a receipt of a node's answer. Its root proves it, once all of the block's are there.
 * @throws AppError JSON_VALUE_INVALID; also for receipts of before Byzantium, which have no status
 */
export function receiptFromJson(value: unknown): ReceiptFromNode {
  const json = new JsonObject(value)
  const uint = (key: string): bigint => json.uint(key)
  const depositNonce = json.optional('depositNonce', uint)
  const depositReceiptVersion = json.optional('depositReceiptVersion', uint)
  const contractAddress = json.optional('contractAddress', (key) => json.address(key))
  return {
    receipt: {
      type: json.index('type'),
      status: json.uint('status') === 1n ? 1 : 0,
      cumulativeGasUsed: json.uint('cumulativeGasUsed'),
      logsBloom: json.bytes('logsBloom', 256),
      logs: json.objects('logs').map((log) => ({
        address: log.address('address'),
        topics: log.hashList('topics'),
        data: log.bytes('data'),
      })),
      ...(depositNonce !== undefined && { depositNonce }),
      ...(depositReceiptVersion !== undefined && { depositReceiptVersion }),
    },
    transactionHash: json.hash('transactionHash'),
    transactionIndex: json.index('transactionIndex'),
    blockHash: json.hash('blockHash'),
    blockNumber: json.uint('blockNumber'),
    gasUsed: json.uint('gasUsed'),
    ...(contractAddress !== undefined && { contractAddress }),
  }
}
