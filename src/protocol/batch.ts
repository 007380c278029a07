import { AppError } from '../primitives/errors.ts'
import { bytesToBigInt, bytesToHex, concatBytes, type Hash, hexToBytes } from '../primitives/hex.ts'
import { encodeRlp, rlpSpan } from '../primitives/rlp.ts'
import type { BatchErrorCode } from './batch-error.ts'
import { RlpFields } from './rlp-fields.ts'
import { type BatchTransactions, RawSpanBatch, type SpanBatch } from './span-batch.ts'

/** What one L2 block is made from, beside its deposits. @see OP specs: derivation, "Batch Format" */
export interface SingularBatch {
  readonly type: 'singular'
  readonly parentHash: Hash
  /** Number and hash of its L1 origin. */
  readonly epochNumber: bigint
  readonly epochHash: Hash
  /** Unix seconds. */
  readonly timestamp: bigint
  readonly transactions: BatchTransactions
}

/** A batch of either kind. */
export type Batch = SingularBatch | SpanBatch

/** The first byte of an encoded batch. */
const BATCH_TYPE = { singular: 0, span: 1 } as const

/** The most transactions of a singular batch: no block comes near it, and where each one lies has to be kept. */
const MAX_SINGULAR_TRANSACTIONS = 10_000_000

function invalid(message: string): never {
  throw new AppError<BatchErrorCode>('BATCH_INVALID', { message: `invalid batch: ${message}` })
}

/** Byte strings of a list, cut out when they are asked for. */
function stringsOf(bytes: Uint8Array, list: RlpFields): BatchTransactions {
  let starts = new Uint32Array(16)
  let ends = new Uint32Array(16)
  let length = 0
  const grown = (old: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> => {
    const larger = new Uint32Array(old.length * 2)
    larger.set(old)
    return larger
  }
  for (; !list.done; length++) {
    if (length === MAX_SINGULAR_TRANSACTIONS) invalid(`more than ${length} transactions`)
    if (length === starts.length) {
      starts = grown(starts)
      ends = grown(ends)
    }
    const { start, end } = list.string()
    starts[length] = start
    ends[length] = end
  }
  return { length, at: (index) => (index < length ? bytes.subarray(starts[index], ends[index]) : undefined) }
}

function decodeSingularBatch(bytes: Uint8Array): SingularBatch {
  const fields = new RlpFields(bytes, rlpSpan(bytes, 0), invalid)
  const hash = (): Hash => bytesToHex(fields.body(fields.string(32)))
  const u64 = (): bigint => bytesToBigInt(fields.body(fields.uint(8)))
  const parentHash = hash()
  const epochNumber = u64()
  const epochHash = hash()
  const timestamp = u64()
  const transactions = stringsOf(bytes, fields.list())
  fields.finish()
  return { type: 'singular', parentHash, epochNumber, epochHash, timestamp, transactions }
}

/**
 * Reads a batch. What comes after it is not looked at.
 * @param bytes type and content; views of it are kept
 * @returns a span batch still as it is encoded: whether its transactions can be put together is another question
 * @throws AppError BATCH_INVALID, RLP_INVALID
 */
export function decodeBatch(bytes: Uint8Array): SingularBatch | RawSpanBatch {
  switch (bytes[0]) {
    case BATCH_TYPE.singular:
      return decodeSingularBatch(bytes.subarray(1))
    case BATCH_TYPE.span:
      return new RawSpanBatch(bytes.subarray(1))
    default:
      return invalid(bytes.length === 0 ? 'empty' : `type ${bytes[0]}`)
  }
}

/** A singular batch with its type. */
export function encodeSingularBatch(batch: SingularBatch): Uint8Array {
  const { parentHash, epochNumber, epochHash, timestamp, transactions } = batch
  const list = Array.from({ length: transactions.length }, (_, index) => transactions.at(index) as Uint8Array)
  return concatBytes(
    Uint8Array.of(BATCH_TYPE.singular),
    encodeRlp([hexToBytes(parentHash), epochNumber, hexToBytes(epochHash), timestamp, list]),
  )
}
