import { bytesToHex, concatBytes, type Hash, type Hex } from '../../../src/primitives/hex.ts'
import { encodeSingularBatch, type SingularBatch } from '../../../src/protocol/batch.ts'
import type { Block } from '../../../src/protocol/block.ts'
import { l2BlockRef } from '../../../src/protocol/l2-block.ts'
import type { L2BlockRef } from '../../../src/protocol/refs.ts'
import type { RollupConfig } from '../../../src/protocol/rollup-config.ts'
import { encodeSpanBatch, type SpanBlock } from '../../../src/protocol/span-batch.ts'

/** A block that a sequencer made: what a batcher knows of it. */
export interface SequencedBlock {
  readonly ref: L2BlockRef
  /** Without deposits. */
  readonly transactions: readonly Uint8Array[]
}

/** The first byte of a deposit. */
const DEPOSIT_TYPE = 0x7e

export function sequencedBlock(config: RollupConfig, block: Block): SequencedBlock {
  const users = block.transactions.filter(({ type }) => type !== DEPOSIT_TYPE)
  return { ref: l2BlockRef(config, block), transactions: users.map(({ raw }) => raw) }
}

/** A block's batch, with its type. @param changes fields that are to be others */
export function singularBatch({ ref, transactions }: SequencedBlock, changes: Partial<SingularBatch> = {}): Uint8Array {
  const { parentHash, timestamp, l1Origin } = ref
  return encodeSingularBatch({
    ...{ type: 'singular', parentHash, timestamp, epochNumber: l1Origin.number, epochHash: l1Origin.hash },
    transactions,
    ...changes,
  })
}

/** What of a span batch is to be other than the blocks say. */
export interface SpanChanges {
  readonly parentHash?: Hash
  readonly originHash?: Hash
  /** The transactions of blocks, by index. */
  readonly transactions?: Readonly<Record<number, readonly Uint8Array[]>>
  /** Seconds that are added to all times. */
  readonly delay?: bigint
}

/** A batch of blocks in a row, with its type. @param parent of the first */
export function spanBatch(
  config: RollupConfig,
  parent: L2BlockRef,
  blocks: readonly SequencedBlock[],
  changes: SpanChanges = {},
): Uint8Array {
  const [first] = blocks
  if (first === undefined) throw new TypeError('a span batch needs blocks')
  const { delay = 0n, originHash } = changes
  const spanBlocks = blocks.map(({ ref, transactions }, index): SpanBlock => {
    const { number, hash } = ref.l1Origin
    return {
      timestamp: ref.timestamp + delay,
      l1Origin: { number, hash: originHash ?? hash },
      transactions: changes.transactions?.[index] ?? transactions,
    }
  })
  const start = {
    parentHash: changes.parentHash ?? first.ref.parentHash,
    advancesOrigin: first.ref.l1Origin.number !== parent.l1Origin.number,
  }
  return concatBytes(Uint8Array.of(1), encodeSpanBatch(spanBlocks, start, config))
}

/** Ids of channels, others each time. */
export class ChannelIds {
  #next = 1n

  next(): Hex {
    return bytesToHex(Uint8Array.from(Buffer.from((this.#next++).toString(16).padStart(32, '0'), 'hex')))
  }
}
