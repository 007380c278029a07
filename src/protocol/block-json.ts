import { AppError } from '../primitives/errors.ts'
import { bytesToHex, type Hash, toQuantity } from '../primitives/hex.ts'
import { type Block, encodeBlock, transactionsRoot } from './block.ts'
import { type Header, hashHeader } from './header.ts'
import { JsonObject, type JsonValueErrorCode } from './json-value.ts'
import type { Receipt } from './receipt.ts'
import { transactionFromJson, transactionToJson } from './transaction-json.ts'
import { withdrawalFromJson, withdrawalToJson } from './withdrawal-json.ts'

const LATER_QUANTITIES = ['baseFeePerGas', 'blobGasUsed', 'excessBlobGas'] as const
const LATER_HASHES = ['withdrawalsRoot', 'parentBeaconBlockRoot', 'requestsHash'] as const

/** A header as op-geth's `eth_getHeaderBy*` and blocks show it. */
export function headerToJson(header: Header, hash: Hash): Record<string, unknown> {
  const json: Record<string, unknown> = {
    number: toQuantity(header.number),
    hash,
    parentHash: header.parentHash,
    nonce: bytesToHex(header.nonce),
    mixHash: header.mixHash,
    sha3Uncles: header.ommersHash,
    logsBloom: bytesToHex(header.logsBloom),
    stateRoot: header.stateRoot,
    miner: header.beneficiary,
    difficulty: toQuantity(header.difficulty),
    extraData: bytesToHex(header.extraData),
    gasLimit: toQuantity(header.gasLimit),
    gasUsed: toQuantity(header.gasUsed),
    timestamp: toQuantity(header.timestamp),
    transactionsRoot: header.transactionsRoot,
    receiptsRoot: header.receiptsRoot,
  }
  for (const key of LATER_QUANTITIES) {
    const value = header[key]
    if (value !== undefined) json[key] = toQuantity(value)
  }
  for (const key of LATER_HASHES) {
    const value = header[key]
    if (value !== undefined) json[key] = value
  }
  return json
}

/** How to show a block. */
export interface BlockJsonOptions {
  /** Whole transactions, or their hashes only. */
  readonly full: boolean
  /** In transaction order: full deposits show the nonce that their receipt holds. */
  readonly receipts?: readonly Pick<Receipt, 'depositNonce' | 'depositReceiptVersion'>[]
}

/** The answer of op-geth's `eth_getBlockByHash`. */
export function blockToJson(block: Block, options: BlockJsonOptions): Record<string, unknown> {
  const { hash, header, transactions, withdrawals } = block
  const place = (index: number): Parameters<typeof transactionToJson>[1] => {
    const receipt = options.receipts?.[index]
    return {
      blockHash: hash,
      blockNumber: header.number,
      blockTimestamp: header.timestamp,
      index,
      baseFeePerGas: header.baseFeePerGas,
      ...(receipt !== undefined && { receipt }),
    }
  }
  return {
    ...headerToJson(header, hash),
    size: toQuantity(encodeBlock(block).length),
    transactions: options.full
      ? transactions.map((transaction, index) => transactionToJson(transaction, place(index)))
      : transactions.map((transaction) => transaction.hash),
    uncles: [],
    ...(withdrawals !== undefined && { withdrawals: withdrawals.map(withdrawalToJson) }),
  }
}

function mismatch(what: string, stated: Hash, actual: Hash): never {
  throw new AppError<JsonValueErrorCode>('JSON_VALUE_INVALID', {
    message: `${what} ${stated} is in fact ${actual}`,
    data: { stated, actual },
  })
}

/** Reads a header without asking whether it fits its hash. @throws AppError JSON_VALUE_INVALID */
export function headerFromJson(value: unknown): Header {
  const json = value instanceof JsonObject ? value : new JsonObject(value)
  const later: { -readonly [K in keyof Header]?: Header[K] } = {}
  for (const key of LATER_QUANTITIES) if (json.has(key)) later[key] = json.uint(key)
  for (const key of LATER_HASHES) if (json.has(key)) later[key] = json.hash(key)
  return {
    parentHash: json.hash('parentHash'),
    ommersHash: json.hash('sha3Uncles'),
    beneficiary: json.address('miner'),
    stateRoot: json.hash('stateRoot'),
    transactionsRoot: json.hash('transactionsRoot'),
    receiptsRoot: json.hash('receiptsRoot'),
    logsBloom: json.bytes('logsBloom', 256),
    difficulty: json.uint('difficulty'),
    number: json.uint('number'),
    gasLimit: json.uint('gasLimit'),
    gasUsed: json.uint('gasUsed'),
    timestamp: json.uint('timestamp'),
    extraData: json.bytes('extraData'),
    mixHash: json.hash('mixHash'),
    nonce: json.bytes('nonce', 8),
    ...later,
  }
}

/**
 * Reads a header and proves it by its hash.
 * @throws AppError JSON_VALUE_INVALID, also where the hash does not fit: then the node knows of a field that we do not
 */
export function hashedHeaderFromJson(value: unknown): { readonly hash: Hash; readonly header: Header } {
  const json = value instanceof JsonObject ? value : new JsonObject(value)
  const header = headerFromJson(json)
  const stated = json.hash('hash')
  const hash = hashHeader(header)
  if (hash !== stated) mismatch('block', stated, hash)
  return { hash, header }
}

/**
 * Reads a block with full transactions; header and transactions are proved by their hashes.
 * @throws AppError JSON_VALUE_INVALID, TX_INVALID, TX_TYPE_UNSUPPORTED
 */
export function blockFromJson(value: unknown): Block {
  const json = new JsonObject(value)
  const { hash, header } = hashedHeaderFromJson(json)
  const transactions = json.list('transactions').map(transactionFromJson)
  const root = transactionsRoot(transactions.map((transaction) => transaction.raw))
  if (root !== header.transactionsRoot) mismatch('transactions root', header.transactionsRoot, root)
  const withdrawals = json.has('withdrawals') ? json.objects('withdrawals').map(withdrawalFromJson) : undefined
  return { hash, header, transactions, ...(withdrawals !== undefined && { withdrawals }) }
}
