import { AppError } from '../primitives/errors.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Frame } from '../protocol/frame.ts'
import type { BlockId } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { AutoBatcher } from './auto-batcher.ts'
import { type BatchPlan, type BatchType, blockBatches } from './block-batches.ts'
import { type Channel, type ChannelPlan, makeChannel } from './channel.ts'
import { bestFormat } from './default-format.ts'
import {
  type DataAvailability,
  type DataPlan,
  frameData,
  type InboxData,
  type InboxPlan,
  inboxData,
} from './inbox-data.ts'
import type { InboxWriter, Sending } from './inbox-writer.ts'
import type { BatchBlock, BatcherChain, BatcherErrorCode } from './ports.ts'

/** What a batcher is made of. */
export interface BatcherParts {
  readonly config: RollupConfig
  readonly chain: BatcherChain
  readonly writer: InboxWriter
  readonly auto: AutoBatcher
  /** Where data goes that nobody says otherwise of. */
  readonly da: DataAvailability
}

/** Which blocks, in which order. */
export type BlockChoice = { readonly from: bigint; readonly to: bigint } | readonly bigint[]

/** Blocks and what is made of them. */
export interface BlocksContent extends Omit<BatchPlan, 'blocks' | 'type'> {
  readonly blocks: BlockChoice
  /** What the chain's upgrades allow when left out. */
  readonly type?: BatchType
}

/** What is in a channel: blocks and encoded batches one after the other, or bytes in place of all that. */
export type ChannelContent = readonly (BlocksContent | Uint8Array)[] | Uint8Array

/** A channel that is asked for. What is left out of the compression is what the chain's upgrades allow. */
export interface ChannelRequest extends Omit<ChannelPlan, 'compression'> {
  readonly content: ChannelContent
  readonly compression?: ChannelPlan['compression']
}

/** What is sent: frames, or data that is one piece for each transaction or blob. */
export type InboxContent =
  | { readonly frames: readonly Frame[]; readonly plan: DataPlan }
  | { readonly data: readonly Uint8Array[] }

/** How it is sent. */
export interface SendRequest {
  readonly inbox: Partial<InboxPlan>
  readonly sending: Sending
  /** Milliseconds to wait until all is in blocks; not at all when left out. */
  readonly waitMs?: number
}

/** What was sent. */
export interface SentTransaction {
  readonly hash: Hash
  readonly nonce: bigint
  readonly blobVersionedHashes: readonly Hash[]
  /** Where it was found to be; absent where nobody waited. */
  readonly block?: BlockId
}

function* numbersOf(choice: BlockChoice): Iterable<bigint> {
  if (!('from' in choice)) yield* choice
  else for (let number = choice.from; number <= choice.to; number++) yield number
}

/** Puts L2 blocks on L1 in exactly the way that it is told. It asks of nothing whether it is allowed. */
export class Batcher {
  readonly #parts: BatcherParts

  constructor(parts: BatcherParts) {
    this.#parts = parts
  }

  /** Whose key it has. */
  get address(): Address {
    return this.#parts.writer.address
  }

  /** Where data goes that nobody says otherwise of. */
  get da(): DataAvailability {
    return this.#parts.da
  }

  /** Does it without being told. */
  get auto(): AutoBatcher {
    return this.#parts.auto
  }

  /**
   * Makes a channel. Nothing is sent.
   * @throws AppError BATCH_BLOCK_UNKNOWN, BATCH_INPUT_INVALID, BATCH_INVALID; what reading the chain throws
   */
  async channel({ content, compression, ...plan }: ChannelRequest, io: IoOptions): Promise<Channel> {
    if (content instanceof Uint8Array) return makeChannel(content, { ...plan, compression: compression ?? 'zlib' })
    const { config } = this.#parts
    const batches: Uint8Array[] = []
    let used = compression
    for (const part of content) {
      if (part instanceof Uint8Array) {
        batches.push(part)
        continue
      }
      const blocks = await this.#blocks(part.blocks, io)
      const best = blocks[0] && bestFormat(config, blocks[0])
      used ??= best?.compression
      batches.push(...blockBatches({ ...part, type: part.type ?? best?.type ?? 'singular', blocks }, config))
    }
    return makeChannel(batches, { ...plan, compression: used ?? 'zlib' })
  }

  /**
   * What transactions would hold. Nothing is sent.
   * @throws AppError BATCH_INPUT_INVALID, BLOB_DATA_INVALID
   */
  encode(content: InboxContent, inbox: Partial<InboxPlan>): readonly InboxData[] {
    const data = 'frames' in content ? frameData(content.frames, content.plan) : content.data
    return inboxData(data, { da: this.#parts.da, ...inbox })
  }

  /**
   * Sends in the order given.
   * @throws AppError BATCH_INPUT_INVALID, BLOB_DATA_INVALID: nothing is sent; BATCH_REFUSED: what stands before it is;
   * BATCH_NOT_INCLUDED: all is
   */
  async send(content: InboxContent, request: SendRequest, io: IoOptions): Promise<readonly SentTransaction[]> {
    const { writer } = this.#parts
    const { inbox, sending, waitMs } = request
    const sent = await writer.write(this.encode(content, inbox), sending, io)
    const shown = sent.map(({ hash, nonce, blobVersionedHashes }) => ({ hash, nonce, blobVersionedHashes }))
    if (waitMs === undefined) return shown
    const found = await writer.included(
      sent.map(({ hash }) => hash),
      waitMs,
      io,
    )
    return shown.map((transaction, index) => ({ ...transaction, ...found[index] }))
  }

  async #blocks(choice: BlockChoice, io: IoOptions): Promise<BatchBlock[]> {
    const blocks: BatchBlock[] = []
    for (const number of numbersOf(choice)) {
      const block = await this.#parts.chain.block(number, io)
      if (block === undefined) {
        throw new AppError<BatcherErrorCode>('BATCH_BLOCK_UNKNOWN', {
          message: `L2 block ${number} not found`,
          data: { number: Number(number) },
        })
      }
      blocks.push(block)
    }
    return blocks
  }
}
