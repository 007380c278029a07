import { AppError } from '../primitives/errors.ts'
import { type Address, bytesToBigInt, bytesToHex, type Hash } from '../primitives/hex.ts'
import type { ExecutionPayload } from './execution-payload.ts'
import { type PayloadVersion, payloadHas } from './payload-version.ts'
import type { Withdrawal } from './withdrawal.ts'

/** Codes of decoding a payload. */
export type PayloadDecodingErrorCode = 'PAYLOAD_MALFORMED'

/** A payload as it was encoded: not checked against its own hash. */
export interface DecodedPayload {
  readonly payload: ExecutionPayload
  /** From Ecotone. */
  readonly parentBeaconBlockRoot?: Hash
}

const WITHDRAWAL_SIZE = 44
/** MAX_WITHDRAWALS_PER_PAYLOAD */
const MAX_WITHDRAWALS = 16
/** MAX_TRANSACTIONS_PER_PAYLOAD */
const MAX_TRANSACTIONS = 1 << 20
const MAX_EXTRA_DATA = 32
const ROOT_SIZE = 32

function malformed(message: string): AppError<PayloadDecodingErrorCode> {
  return new AppError<PayloadDecodingErrorCode>('PAYLOAD_MALFORMED', { message })
}

/** Reads fields of fixed size one after the other. */
class Fields {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get at(): number {
    return this.#at
  }

  bytes(size: number): Uint8Array {
    this.#at += size
    return this.#bytes.slice(this.#at - size, this.#at)
  }

  hash(): Hash {
    return bytesToHex(this.bytes(32))
  }

  address(): Address {
    return bytesToHex(this.bytes(20))
  }

  uint(size: number): bigint {
    return bytesToBigInt(this.bytes(size).reverse())
  }

  offset(): number {
    return Number(this.uint(4))
  }
}

/** Bytes before what has a variable size. */
function fixedSize(version: PayloadVersion): number {
  let size = 32 + 20 + 32 + 32 + 256 + 32 + 4 * 8 + 4 + 32 + 32 + 4
  if (payloadHas(version, 'canyon')) size += 4
  if (payloadHas(version, 'ecotone')) size += 16
  if (payloadHas(version, 'isthmus')) size += 32
  return size
}

/** Each item's beginning, then the items. Nothing is allocated for more of them than there are bytes for. */
function decodeTransactions(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length === 0) return []
  if (bytes.length < 4) throw malformed(`not enough scope to read first tx offset: ${bytes.length}`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const first = view.getUint32(0, true)
  if (first % 4 !== 0 || first === 0 || first > bytes.length) throw malformed(`invalid first tx offset: ${first}`)
  const count = first / 4
  if (count > MAX_TRANSACTIONS) throw malformed(`too many transactions: ${count} > ${MAX_TRANSACTIONS}`)
  const transactions: Uint8Array[] = []
  let begin = first
  for (let i = 1; i <= count; i++) {
    const end = i < count ? view.getUint32(4 * i, true) : bytes.length
    if (end < begin || end > bytes.length) throw malformed(`tx ${i - 1} has bad next offset: ${end}`)
    transactions.push(bytes.slice(begin, end))
    begin = end
  }
  return transactions
}

function decodeWithdrawals(bytes: Uint8Array): Withdrawal[] {
  if (bytes.length % WITHDRAWAL_SIZE !== 0) throw malformed('invalid withdrawals data')
  const count = bytes.length / WITHDRAWAL_SIZE
  if (count > MAX_WITHDRAWALS) throw malformed(`too many withdrawals: ${count} > ${MAX_WITHDRAWALS}`)
  const fields = new Fields(bytes)
  return Array.from({ length: count }, () => ({
    index: fields.uint(8),
    validatorIndex: fields.uint(8),
    address: fields.address(),
    amount: fields.uint(8),
  }))
}

function decodeBare(bytes: Uint8Array, version: PayloadVersion): ExecutionPayload {
  const size = fixedSize(version)
  if (bytes.length < size) throw malformed(`scope too small to decode execution payload: ${bytes.length}`)
  const fields = new Fields(bytes)
  const head = {
    parentHash: fields.hash(),
    feeRecipient: fields.address(),
    stateRoot: fields.hash(),
    receiptsRoot: fields.hash(),
    logsBloom: fields.bytes(256),
    prevRandao: fields.hash(),
    blockNumber: fields.uint(8),
    gasLimit: fields.uint(8),
    gasUsed: fields.uint(8),
    timestamp: fields.uint(8),
  }
  const extraAt = fields.offset()
  const rest = { baseFeePerGas: fields.uint(32), blockHash: fields.hash() }
  const transactionsAt = fields.offset()
  const withdrawalsAt = payloadHas(version, 'canyon') ? fields.offset() : bytes.length
  const blobs = payloadHas(version, 'ecotone') && { blobGasUsed: fields.uint(8), excessBlobGas: fields.uint(8) }
  const passer = payloadHas(version, 'isthmus') && { withdrawalsRoot: fields.hash() }
  if (extraAt !== size) throw malformed(`unexpected extra data offset: ${extraAt} <> ${size}`)
  if (transactionsAt < extraAt) throw malformed('transactions offset is smaller than extra data offset')
  if (withdrawalsAt < transactionsAt || withdrawalsAt > bytes.length) throw malformed('bad withdrawals offset')
  if (transactionsAt > extraAt + MAX_EXTRA_DATA) throw malformed(`extra-data is too large: ${transactionsAt - extraAt}`)
  return {
    ...head,
    ...rest,
    extraData: bytes.slice(extraAt, transactionsAt),
    transactions: decodeTransactions(bytes.subarray(transactionsAt, withdrawalsAt)),
    ...(payloadHas(version, 'canyon') && { withdrawals: decodeWithdrawals(bytes.subarray(withdrawalsAt)) }),
    ...blobs,
    ...passer,
  }
}

/**
 * Reads an OP-Stack payload in SSZ, as `encodePayloadSsz` writes it. What it takes has no other encoding.
 * @see https://specs.optimism.io/protocol/rollup-node-p2p.html#block-encoding
 * @throws AppError PAYLOAD_MALFORMED
 */
export function decodePayloadSsz(bytes: Uint8Array, version: PayloadVersion): DecodedPayload {
  if (!payloadHas(version, 'ecotone')) return { payload: decodeBare(bytes, version) }
  if (bytes.length < ROOT_SIZE) throw malformed(`scope too small to decode execution payload envelope: ${bytes.length}`)
  return {
    parentBeaconBlockRoot: bytesToHex(bytes.subarray(0, ROOT_SIZE)),
    payload: decodeBare(bytes.subarray(ROOT_SIZE), version),
  }
}
