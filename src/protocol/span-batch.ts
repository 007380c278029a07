import { AppError } from '../primitives/errors.ts'
import { bytesToHex, concatBytes, type Hash, type Hex, hexToBytes, joinBytes } from '../primitives/hex.ts'
import type { BatchErrorCode } from './batch-error.ts'
import { Bitlist } from './bitlist.ts'
import { ByteReader, encodeUvarint } from './byte-reader.ts'
import type { RollupConfig } from './rollup-config.ts'
import { encodeSpanTransactions, readBits, SpanTransactions } from './span-batch-txs.ts'

/** Transactions of one block, made when they are asked for. An array is one. */
export interface BatchTransactions {
  readonly length: number
  /** EIP-2718 bytes. */
  at(index: number): Uint8Array | undefined
}

/** Blocks in a row, in as few bytes as possible. @see OP specs: Delta, "Span Batches" */
export interface SpanBatch {
  readonly type: 'span'
  /** The first 20 bytes of the hash of the first block's parent. */
  readonly parentCheck: Hex
  /** The first 20 bytes of the hash of the last block's L1 origin. */
  readonly l1OriginCheck: Hex
  readonly blockCount: number
  /** Of a block, in seconds. */
  timestamp(index: number): bigint
  /** The number of a block's L1 origin. */
  epochNumber(index: number): bigint
  /** Those of the batch: deposits are not in it. */
  transactions(index: number): BatchTransactions
}

/** What a span batch leaves to the chain's configuration. */
export type SpanBatchContext = Pick<RollupConfig, 'blockTime' | 'l2ChainId'> & {
  readonly genesis: Pick<RollupConfig['genesis'], 'l2Time'>
}

/** The most that a span batch may have of anything: blocks, transactions of a block, transactions. */
const MAX_SPAN_BATCH_ELEMENTS = 10_000_000

const CHECK_SIZE = 20

function invalid(message: string): never {
  throw new AppError<BatchErrorCode>('BATCH_INVALID', { message: `invalid span batch: ${message}` })
}

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value)

/** A span batch as it is encoded: its shape is right, what its transactions hold is not known yet. */
export class RawSpanBatch {
  readonly type = 'raw-span'
  /** Seconds from genesis to the first block. */
  readonly relTimestamp: bigint
  /** The number of the last block's L1 origin. */
  readonly l1OriginNumber: bigint
  readonly parentCheck: Hex
  readonly l1OriginCheck: Hex
  readonly blockCount: number
  readonly #originBits: Bitlist
  /** Where each block's transactions end. */
  readonly #txEnds: Uint32Array
  readonly #transactions: SpanTransactions

  /**
   * @param bytes without the batch type; what comes after the batch is not looked at
   * @throws AppError BATCH_INVALID, RLP_INVALID
   */
  constructor(bytes: Uint8Array) {
    const reader = new ByteReader(bytes, invalid)
    this.relTimestamp = reader.uvarint('timestamp')
    this.l1OriginNumber = reader.uvarint('L1 origin number')
    this.parentCheck = reader.hex(CHECK_SIZE, 'parent check')
    this.l1OriginCheck = reader.hex(CHECK_SIZE, 'L1 origin check')
    this.blockCount = reader.count(MAX_SPAN_BATCH_ELEMENTS, 'block count')
    if (this.blockCount === 0) invalid('no blocks')
    this.#originBits = readBits(reader, this.blockCount, 'origin bits')
    // Each count takes a byte at least.
    if (reader.remaining < this.blockCount) invalid('it ends before the transaction counts')
    this.#txEnds = new Uint32Array(this.blockCount)
    let total = 0
    for (let i = 0; i < this.blockCount; i++) {
      total += reader.count(MAX_SPAN_BATCH_ELEMENTS, 'transaction count')
      if (total > MAX_SPAN_BATCH_ELEMENTS) invalid(`more than ${MAX_SPAN_BATCH_ELEMENTS} transactions`)
      this.#txEnds[i] = total
    }
    this.#transactions = new SpanTransactions(reader, total)
  }

  /**
   * The blocks that it stands for.
   * @throws AppError BATCH_INVALID, RLP_INVALID: a transaction cannot be put together
   */
  derive({ genesis, blockTime, l2ChainId }: SpanBatchContext): SpanBatch {
    // Each is made once to see that it can be, and again where it is used: all at once would be many times the batch.
    for (let i = 0; i < this.#transactions.length; i++) this.#transactions.at(i, l2ChainId)
    const advances = new Uint32Array(this.blockCount)
    for (let i = 1; i < this.blockCount; i++) advances[i] = (advances[i - 1] as number) + this.#originBits.at(i)
    const total = advances[this.blockCount - 1] as number
    const first = u64(genesis.l2Time + this.relTimestamp)
    const { parentCheck, l1OriginCheck, blockCount, l1OriginNumber } = this
    return {
      type: 'span',
      parentCheck,
      l1OriginCheck,
      blockCount,
      timestamp: (index) => u64(first + blockTime * BigInt(index)),
      epochNumber: (index) => u64(l1OriginNumber - BigInt(total - (advances[index] as number))),
      transactions: (index) => this.#block(index, l2ChainId),
    }
  }

  #block(index: number, chainId: bigint): BatchTransactions {
    const start = index === 0 ? 0 : (this.#txEnds[index - 1] as number)
    const length = (this.#txEnds[index] as number) - start
    const transactions = this.#transactions
    return { length, at: (at) => (at < length ? transactions.at(start + at, chainId) : undefined) }
  }

  /** The batch without its type. */
  encode(): Uint8Array {
    const counts = Array.from(this.#txEnds, (end, index) => BigInt(end - (this.#txEnds[index - 1] ?? 0)))
    return concatBytes(
      ...[encodeUvarint(this.relTimestamp), encodeUvarint(this.l1OriginNumber)],
      ...[hexToBytes(this.parentCheck), hexToBytes(this.l1OriginCheck)],
      ...[encodeUvarint(BigInt(this.blockCount)), this.#originBits.bytes],
      joinBytes(counts.map(encodeUvarint)),
      this.#transactions.encode(),
    )
  }
}

/** A block that goes into a span batch. */
export interface SpanBlock {
  readonly timestamp: bigint
  readonly l1Origin: { readonly number: bigint; readonly hash: Hash }
  /** Without deposits. */
  readonly transactions: readonly Uint8Array[]
}

/** What of the chain goes into a span batch beside its blocks. */
export interface SpanStart {
  /** Of the first block's parent. */
  readonly parentHash: Hash
  /** Whether the first block is the first of its L1 origin. */
  readonly advancesOrigin: boolean
}

/** A span batch of blocks that follow each other, without its type. @throws AppError BATCH_INVALID, RLP_INVALID */
export function encodeSpanBatch(
  blocks: readonly SpanBlock[],
  { parentHash, advancesOrigin }: SpanStart,
  { genesis, l2ChainId }: SpanBatchContext,
): Uint8Array {
  const [first, last] = [blocks[0], blocks.at(-1)]
  if (first === undefined || last === undefined) return invalid('no blocks')
  const origins = blocks.map(({ l1Origin }) => l1Origin.number)
  const bits = origins.map((origin, index) => (index === 0 ? advancesOrigin : origin !== origins[index - 1]))
  return concatBytes(
    ...[encodeUvarint(u64(first.timestamp - genesis.l2Time)), encodeUvarint(last.l1Origin.number)],
    ...[parentHash, last.l1Origin.hash].map((hash) => hexToBytes(hash).subarray(0, CHECK_SIZE)),
    ...[encodeUvarint(BigInt(blocks.length)), Bitlist.of(bits).bytes],
    joinBytes(blocks.map(({ transactions }) => encodeUvarint(BigInt(transactions.length)))),
    encodeSpanTransactions(
      blocks.flatMap(({ transactions }) => [...transactions]),
      l2ChainId,
    ),
  )
}

/** Whether a hash begins with what a span batch says of it. */
export function matchesCheck(check: Hex, hash: Hash): boolean {
  return bytesToHex(hexToBytes(hash).subarray(0, CHECK_SIZE)) === check
}
