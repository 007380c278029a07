import { AppError } from '../primitives/errors.ts'
import { bytesToHex, concatBytes, EMPTY_BYTES, type Hash, hexToBytes, toQuantity } from '../primitives/hex.ts'
import { encodeRlp, type RlpInput } from '../primitives/rlp.ts'
import { JsonObject, type JsonValueErrorCode } from './json-value.ts'
import type { Receipt } from './receipt.ts'
import {
  type AccessListEntry,
  createDeposit,
  decodeTransaction,
  effectiveGasPrice,
  type Transaction,
  type TransactionErrorCode,
} from './transaction.ts'

/** Where a transaction stands in a block, as its JSON tells. */
export interface TransactionPlace {
  readonly blockHash: Hash
  readonly blockNumber: bigint
  /** Unix seconds. */
  readonly blockTimestamp: bigint
  readonly index: number
  /** wei per gas */
  readonly baseFeePerGas: bigint | undefined
  /** A deposit's receipt holds what the transaction itself does not: the nonce it used. */
  readonly receipt?: Pick<Receipt, 'depositNonce' | 'depositReceiptVersion'>
}

function accessListToJson(list: readonly AccessListEntry[]): unknown {
  return list.map(({ address, storageKeys }) => ({ address, storageKeys: [...storageKeys] }))
}

/** The fields that only some types have. */
function typeFields(transaction: Transaction, place: TransactionPlace | undefined): Record<string, unknown> {
  if (transaction.type === 0x7e) {
    const nonce = place?.receipt?.depositNonce
    const version = place?.receipt?.depositReceiptVersion
    return {
      sourceHash: transaction.sourceHash,
      mint: toQuantity(transaction.mint),
      ...(transaction.isSystemTx && { isSystemTx: true }),
      ...(nonce !== undefined && { nonce: toQuantity(nonce) }),
      ...(nonce !== undefined && version !== undefined && { depositReceiptVersion: toQuantity(version) }),
    }
  }
  const chainId = transaction.chainId === undefined || transaction.chainId === 0n ? undefined : transaction.chainId
  if (transaction.type === 0) return chainId === undefined ? {} : { chainId: toQuantity(chainId) }
  const json: Record<string, unknown> = {
    chainId: toQuantity(transaction.chainId ?? 0n),
    accessList: accessListToJson(transaction.accessList),
    yParity: toQuantity(transaction.v),
  }
  if (transaction.type === 1) return json
  json.maxFeePerGas = toQuantity(transaction.maxFeePerGas)
  json.maxPriorityFeePerGas = toQuantity(transaction.maxPriorityFeePerGas)
  const baseFee = place?.baseFeePerGas
  json.gasPrice = toQuantity(baseFee === undefined ? transaction.maxFeePerGas : effectiveGasPrice(transaction, baseFee))
  if (transaction.type === 3) {
    json.maxFeePerBlobGas = toQuantity(transaction.maxFeePerBlobGas)
    if (transaction.blobVersionedHashes.length > 0) json.blobVersionedHashes = [...transaction.blobVersionedHashes]
  }
  if (transaction.type === 4 && transaction.authorizationList.length > 0) {
    json.authorizationList = transaction.authorizationList.map((authorization) => ({
      chainId: toQuantity(authorization.chainId),
      address: authorization.address,
      nonce: toQuantity(authorization.nonce),
      yParity: toQuantity(authorization.yParity),
      r: toQuantity(authorization.r),
      s: toQuantity(authorization.s),
    }))
  }
  return json
}

/**
 * A transaction as op-geth's `eth_getTransactionByHash` and full blocks show it.
 * @param place where it stands; without it the transaction counts as pending
 */
export function transactionToJson(transaction: Transaction, place?: TransactionPlace): Record<string, unknown> {
  const signed = transaction.type === 0x7e ? undefined : transaction
  return {
    blockHash: place?.blockHash ?? null,
    blockNumber: place === undefined ? null : toQuantity(place.blockNumber),
    blockTimestamp: place === undefined ? null : toQuantity(place.blockTimestamp),
    transactionIndex: place === undefined ? null : toQuantity(place.index),
    hash: transaction.hash,
    type: toQuantity(transaction.type),
    from: transaction.sender,
    to: transaction.to ?? null,
    nonce: toQuantity(signed?.nonce ?? 0n),
    gas: toQuantity(transaction.gasLimit),
    gasPrice: toQuantity(signed?.maxFeePerGas ?? 0n),
    value: toQuantity(transaction.value),
    input: bytesToHex(transaction.data),
    v: toQuantity(signed?.v ?? 0n),
    r: toQuantity(signed?.r ?? 0n),
    s: toQuantity(signed?.s ?? 0n),
    ...typeFields(transaction, place),
  }
}

function accessListToRlp(json: JsonObject): RlpInput {
  const entries = json.has('accessList') ? json.objects('accessList') : []
  return entries.map((entry) => [entry.bytes('address', 20), entry.hashList('storageKeys').map(hexToBytes)])
}

function authorizationsToRlp(json: JsonObject): RlpInput {
  return json
    .objects('authorizationList')
    .map((entry) => [
      entry.uint('chainId'),
      entry.bytes('address', 20),
      entry.uint('nonce'),
      entry.uint('yParity'),
      entry.uint('r'),
      entry.uint('s'),
    ])
}

/** The EIP-2718 bytes of a signed transaction in JSON. */
function signedToRaw(json: JsonObject, type: number): Uint8Array {
  const to = json.has('to') ? json.bytes('to', 20) : EMPTY_BYTES
  const body: RlpInput[] = [json.uint('gas'), to, json.uint('value'), json.bytes('input')]
  const signature: RlpInput[] = [json.uint('v'), json.uint('r'), json.uint('s')]
  const nonce = json.uint('nonce')
  if (type === 0) return encodeRlp([nonce, json.uint('gasPrice'), ...body, ...signature])
  const prices = type === 1 ? [json.uint('gasPrice')] : [json.uint('maxPriorityFeePerGas'), json.uint('maxFeePerGas')]
  const extra: RlpInput[] = []
  if (type === 3) {
    const hashes = json.has('blobVersionedHashes') ? json.hashList('blobVersionedHashes') : []
    extra.push(json.uint('maxFeePerBlobGas'), hashes.map(hexToBytes))
  }
  if (type === 4) extra.push(authorizationsToRlp(json))
  const list = [json.uint('chainId'), nonce, ...prices, ...body, accessListToRlp(json), ...extra, ...signature]
  return concatBytes(Uint8Array.of(type), encodeRlp(list))
}

/**
 * Reads a transaction of a node's answer and encodes it anew, so that its hash proves that nothing was lost.
 * @throws AppError JSON_VALUE_INVALID, also where the hash does not fit; TX_INVALID, TX_TYPE_UNSUPPORTED
 */
export function transactionFromJson(value: unknown): Transaction {
  const json = value instanceof JsonObject ? value : new JsonObject(value)
  const type = json.index('type')
  let transaction: Transaction
  if (type === 0x7e) {
    transaction = createDeposit({
      sourceHash: json.hash('sourceHash'),
      from: json.address('from'),
      to: json.optional('to', (key) => json.address(key)),
      mint: json.optional('mint', (key) => json.uint(key)) ?? 0n,
      value: json.uint('value'),
      gasLimit: json.uint('gas'),
      isSystemTx: json.flag('isSystemTx'),
      data: json.bytes('input'),
    })
  } else if (type <= 4) {
    transaction = decodeTransaction(signedToRaw(json, type))
  } else {
    throw new AppError<TransactionErrorCode>('TX_TYPE_UNSUPPORTED', { message: 'transaction type not supported' })
  }
  const stated = json.hash('hash')
  if (transaction.hash !== stated) {
    throw new AppError<JsonValueErrorCode>('JSON_VALUE_INVALID', {
      message: `transaction ${stated} hashes to ${transaction.hash}`,
      data: { stated, actual: transaction.hash },
    })
  }
  return transaction
}
