import { concatBytes, type Hash } from '../primitives/hex.ts'
import { encodeSingularBatch } from '../protocol/batch.ts'
import { encodeSpanBatch, type SpanBatchContext } from '../protocol/span-batch.ts'
import { refuseInput } from './input-error.ts'
import type { BatchBlock } from './ports.ts'

/** What a batch says of a block where that is not what the block says. */
export interface BlockOverride {
  /** A span has it of its first block only: 20 bytes of it. */
  readonly parentHash?: Hash
  readonly epochNumber?: bigint
  /** A span has it of its last block only: 20 bytes of it. */
  readonly epochHash?: Hash
  /** A span has it of its first block only. */
  readonly timestamp?: bigint
  /** In place of the block's own; deposits among them are not left out. */
  readonly transactions?: readonly Uint8Array[]
  /** Whether a span calls its first block the first of an L1 origin. */
  readonly advancesOrigin?: boolean
}

/** Which kind of batches. */
export type BatchType = 'singular' | 'span'

/** Blocks, and the batches that are to be made of them. */
export interface BatchPlan {
  /** In the order in which they are put into batches. */
  readonly blocks: readonly BatchBlock[]
  readonly type: BatchType
  /** The most blocks of a span; all of them go into one when left out. */
  readonly spanBlocks?: number
  /** By the number of the block. */
  readonly overrides?: ReadonlyMap<bigint, BlockOverride>
}

const DEPOSIT_TYPE = 0x7e
const SPAN_TYPE = Uint8Array.of(1)

interface Stated {
  readonly parentHash: Hash
  readonly timestamp: bigint
  readonly l1Origin: { readonly number: bigint; readonly hash: Hash }
  readonly advancesOrigin: boolean
  readonly transactions: readonly Uint8Array[]
}

function stated({ ref, transactions }: BatchBlock, override: BlockOverride = {}): Stated {
  const { parentHash = ref.parentHash, timestamp = ref.timestamp } = override
  const { epochNumber: number = ref.l1Origin.number, epochHash: hash = ref.l1Origin.hash } = override
  const { advancesOrigin = ref.sequenceNumber === 0n } = override
  const own = override.transactions ?? transactions.filter((raw) => raw[0] !== DEPOSIT_TYPE)
  return { parentHash, timestamp, l1Origin: { number, hash }, advancesOrigin, transactions: own }
}

function singular({ parentHash, timestamp, l1Origin, transactions }: Stated): Uint8Array {
  const epoch = { epochNumber: l1Origin.number, epochHash: l1Origin.hash }
  return encodeSingularBatch({ type: 'singular', parentHash, ...epoch, timestamp, transactions })
}

function span(blocks: readonly Stated[], context: SpanBatchContext): Uint8Array {
  const [first] = blocks as [Stated]
  const { parentHash, advancesOrigin } = first
  return concatBytes(SPAN_TYPE, encodeSpanBatch(blocks, { parentHash, advancesOrigin }, context))
}

/**
 * Batches of blocks, with their types. Nothing is asked of the blocks: they may be any, in any order, more than once.
 * @throws AppError BATCH_INPUT_INVALID; BATCH_INVALID, RLP_INVALID: a transaction has no place in a span
 * @see OP specs: derivation, "Batch Format"; Delta, "Span Batches"
 */
export function blockBatches(plan: BatchPlan, context: SpanBatchContext): readonly Uint8Array[] {
  const { type, overrides, spanBlocks } = plan
  const blocks = plan.blocks.map((block) => stated(block, overrides?.get(block.ref.number)))
  if (blocks.length === 0) refuseInput('no blocks to batch')
  if (type === 'singular') return blocks.map(singular)
  const size = spanBlocks ?? blocks.length
  const count = Math.ceil(blocks.length / size)
  return Array.from({ length: count }, (_, at) => span(blocks.slice(at * size, (at + 1) * size), context))
}
