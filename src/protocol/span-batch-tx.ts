import { AppError } from '../primitives/errors.ts'
import { type Address, bytesToHex, concatBytes, EMPTY_BYTES, hexToBytes } from '../primitives/hex.ts'
import { encodeRlp, joinRlpList, rlpSpan } from '../primitives/rlp.ts'
import type { BatchErrorCode } from './batch-error.ts'
import { RlpFields } from './rlp-fields.ts'

/** What of a transaction stands in the columns of a span batch; the rest is its data. */
export interface SpanTxColumns {
  readonly nonce: bigint
  readonly gas: bigint
  readonly to: Address | undefined
  readonly yParity: 0 | 1
  readonly r: bigint
  readonly s: bigint
  /** Whether a transaction without type has replay protection. */
  readonly protected: boolean
}

/** A transaction, taken apart. */
export interface SplitTx extends SpanTxColumns {
  /** What the others share columns for is not in it. */
  readonly data: Uint8Array
  readonly legacy: boolean
}

function invalid(message: string): never {
  throw new AppError<BatchErrorCode>('BATCH_INVALID', { message: `invalid span batch transaction: ${message}` })
}

/** Refuses an access list that is not one. */
function passAccessList(list: RlpFields): void {
  while (!list.done) {
    const entry = list.list()
    entry.string(20)
    for (const keys = entry.list(); !keys.done; ) keys.string(32)
    entry.finish()
  }
}

function passAuthorizations(list: RlpFields): void {
  while (!list.done) {
    const entry = list.list()
    entry.uint(32)
    entry.string(20)
    entry.uint(8)
    entry.uint(1)
    entry.uint(32)
    entry.uint(32)
    entry.finish()
  }
}

/** What the data of a transaction holds, each part encoded. */
interface DataParts {
  readonly value: Uint8Array
  /** One price, or tip and cap. */
  readonly prices: readonly Uint8Array[]
  readonly input: Uint8Array
  /** Access list, authorizations. */
  readonly lists: readonly Uint8Array[]
}

function dataParts(data: Uint8Array, type: number): DataParts {
  const from = type === 0 ? 0 : 1
  const whole = rlpSpan(data, from)
  if (whole.end !== data.length) invalid('trailing bytes')
  const fields = new RlpFields(data, whole, invalid)
  // Integers of the older types have no bound here; whoever executes the transaction sets one.
  const size = type === 4 ? 32 : Number.POSITIVE_INFINITY
  const value = fields.encoded(fields.uint(size))
  const prices = [fields.encoded(fields.uint(size))]
  if (type === 2 || type === 4) prices.push(fields.encoded(fields.uint(size)))
  const input = fields.encoded(fields.string())
  const lists: Uint8Array[] = []
  const list = (pass: (list: RlpFields) => void): void => {
    const field = fields.next()
    pass(new RlpFields(data, field, invalid))
    lists.push(fields.encoded(field))
  }
  if (type !== 0) list(passAccessList)
  if (type === 4) list(passAuthorizations)
  fields.finish()
  return { value, prices, input, lists }
}

/**
 * Puts a transaction together again.
 * @param data as it stands in the batch
 * @param chainId of L2
 * @returns EIP-2718 bytes; whether its signature is one, and whether it can be executed, is not looked at
 * @throws AppError BATCH_INVALID, RLP_INVALID
 */
export function joinSpanTx(data: Uint8Array, columns: SpanTxColumns, chainId: bigint): Uint8Array {
  const first = data[0] as number
  const type = first >= 0xc0 ? 0 : first
  if (first === 0 || (type !== 0 && type !== 1 && type !== 2 && type !== 4)) return invalid(`type ${first}`)
  const { value, prices, input, lists } = dataParts(data, type)
  if (type === 4 && columns.to === undefined) return invalid('EIP-7702 transaction of type create')
  const to = encodeRlp(columns.to === undefined ? EMPTY_BYTES : hexToBytes(columns.to))
  const uint = (number: bigint): Uint8Array => encodeRlp(number)
  const parity = BigInt(columns.yParity)
  const v = type !== 0 ? parity : columns.protected ? chainId * 2n + 35n + parity : 27n + parity
  const head = type === 0 ? [uint(columns.nonce)] : [uint(chainId), uint(columns.nonce)]
  const body = [...prices, uint(columns.gas), to, value, input, ...lists]
  const list = joinRlpList([...head, ...body, uint(v), uint(columns.r), uint(columns.s)])
  return type === 0 ? list : concatBytes(Uint8Array.of(type), list)
}

/**
 * Takes a transaction apart.
 * @param chainId of L2; a transaction of another chain has no place in a batch
 * @throws AppError BATCH_INVALID, RLP_INVALID: it is none of types 0, 1, 2 and 4
 */
export function splitSpanTx(raw: Uint8Array, chainId: bigint): SplitTx {
  const first = raw[0]
  if (first === undefined) return invalid('empty')
  const type = first >= 0xc0 ? 0 : first
  if (first === 0 || (type !== 0 && type !== 1 && type !== 2 && type !== 4)) return invalid(`type ${first}`)
  const from = type === 0 ? 0 : 1
  const whole = rlpSpan(raw, from)
  if (whole.end !== raw.length) invalid('trailing bytes')
  const fields = new RlpFields(raw, whole, invalid)
  if (type !== 0 && fields.value(fields.uint()) !== chainId) invalid('it is of another chain')
  const nonce = fields.value(fields.uint(8))
  const prices = [fields.encoded(fields.uint())]
  if (type === 2 || type === 4) prices.push(fields.encoded(fields.uint()))
  const gas = fields.value(fields.uint(8))
  const toField = fields.string()
  const to = fields.body(toField)
  if (to.length !== 0 && to.length !== 20) invalid('recipient')
  const value = fields.encoded(fields.uint())
  const input = fields.encoded(fields.string())
  const lists: Uint8Array[] = []
  if (type !== 0) lists.push(fields.encoded(fields.next()))
  if (type === 4) lists.push(fields.encoded(fields.next()))
  const v = fields.value(fields.uint(32))
  const r = fields.value(fields.uint(32))
  const s = fields.value(fields.uint(32))
  fields.finish()
  const unprotected = type === 0 && (v === 27n || v === 28n)
  if (type === 0 && !unprotected && (v < 35n || (v - 35n) / 2n !== chainId)) invalid('it is of another chain')
  if (type !== 0 && v > 1n) invalid(`y parity ${v}`)
  const odd = unprotected ? v === 28n : type === 0 ? (v - 35n) % 2n === 1n : v === 1n
  const data = joinRlpList([value, ...prices, input, ...lists])
  return {
    legacy: type === 0,
    data: type === 0 ? data : concatBytes(Uint8Array.of(type), data),
    nonce,
    gas,
    to: to.length === 0 ? undefined : bytesToHex(to),
    yParity: odd ? 1 : 0,
    r,
    s,
    protected: !unprotected,
  }
}
