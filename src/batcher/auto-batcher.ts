import type { Clock } from '../primitives/clock.ts'
import { errorMessage, isAppError } from '../primitives/errors.ts'
import type { Hash, Hex } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { BlockId } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import { type BatchType, blockBatches } from './block-batches.ts'
import { type ChannelPlan, makeChannel } from './channel.ts'
import { bestFormat } from './default-format.ts'
import { type DataAvailability, frameData, inboxData } from './inbox-data.ts'
import type { InboxTransaction } from './inbox-transaction.ts'
import type { InboxWriter } from './inbox-writer.ts'
import type { BatchBlock, BatcherChain, BatcherErrorCode, BatcherHeads, L1Sender } from './ports.ts'

/** How blocks are batched by themselves. What is left out of type and compression is what the chain's upgrades allow. */
export interface AutoBatchOptions {
  /** Milliseconds from one look to the next; with each L1 block when left out. */
  readonly intervalMs?: number
  readonly da?: DataAvailability
  readonly type?: BatchType
  readonly compression?: ChannelPlan['compression']
  /** Bytes of data of a frame. */
  readonly maxFrameBytes?: number
  /** Blocks of a channel. */
  readonly maxBlocks?: number
}

/** What the automatic batcher needs. */
export interface AutoBatcherParts {
  readonly config: RollupConfig
  readonly chain: BatcherChain
  readonly sender: Pick<L1Sender, 'head'>
  readonly writer: InboxWriter
  readonly da: DataAvailability
  readonly clock: Clock
  /** Milliseconds between two looks at L1's head. */
  readonly pollMs: number
  /** Told about a turn that failed; there is another one. */
  readonly onFailure: (message: string) => void
}

/** A channel that was sent, and whose blocks are not safe yet. */
export interface SentChannel {
  readonly id: Hex
  readonly first: bigint
  readonly last: BlockId
  readonly transactions: readonly InboxTransaction[]
}

/** What the automatic batcher is about. */
export interface AutoBatcherStatus {
  readonly active: boolean
  readonly options: AutoBatchOptions
  /** Oldest first. */
  readonly channels: readonly SentChannel[]
  /** Why the last turn failed; undefined: it did not. */
  readonly failure: string | undefined
}

const MAX_BLOCKS = 1000
/** Bytes of transactions of a channel, before they are compressed. */
const MAX_CHANNEL_BYTES = 2_000_000
/** Transactions that wait: less than what geth lets an account have. */
const MAX_PENDING = 10

/**
 * Batches the unsafe blocks that L1 does not hold yet, from the safe head on. What it sent it follows until it is safe: what L1 loses
 * goes there again, and where the chain has taken another way, or L1 has made nothing of it, it begins anew at the safe head.
 */
export class AutoBatcher {
  readonly #parts: AutoBatcherParts
  #options: AutoBatchOptions = {}
  #running: { readonly stop: AbortController; readonly done: Promise<void> } | undefined
  #sent: readonly SentChannel[] = []
  #failure: string | undefined

  constructor(parts: AutoBatcherParts) {
    this.#parts = parts
  }

  get status(): AutoBatcherStatus {
    const active = this.#running !== undefined
    return { active, options: this.#options, channels: this.#sent, failure: this.#failure }
  }

  /** @returns whether it was on; resolves when what it was about is done or given up */
  async set(active: boolean, options: AutoBatchOptions = {}): Promise<boolean> {
    const running = this.#running
    if (active) this.#options = options
    if (active && running === undefined) {
      const stop = new AbortController()
      this.#running = { stop, done: this.#loop(stop.signal) }
    }
    if (!active && running !== undefined) {
      this.#running = undefined
      running.stop.abort(new DOMException('switched off', 'AbortError'))
      await running.done
    }
    return running !== undefined
  }

  async #loop(signal: AbortSignal): Promise<void> {
    const { sender, clock, pollMs, onFailure } = this.#parts
    let seen: Hash | undefined
    while (!signal.aborted) {
      const { intervalMs } = this.#options
      try {
        const { hash } = await sender.head({ signal })
        if (intervalMs !== undefined || hash !== seen) await this.turn({ signal })
        seen = hash
      } catch (error) {
        if (signal.aborted) return
        const message = errorMessage(error)
        // The same trouble is told once.
        if (message !== this.#failure) onFailure(message)
        this.#failure = message
      }
      await clock.sleep(intervalMs ?? pollMs, { signal }).catch(() => undefined)
    }
  }

  /** Looks after what was sent, and sends what is new. @throws AppError BATCH_REFUSED; what chain and L1 throw */
  async turn(io: IoOptions): Promise<void> {
    const heads = await this.#parts.chain.heads(io)
    this.#sent = this.#sent.filter(({ last }) => last.number > heads.safe.number)
    if (!(await this.#stands(heads, io))) this.#sent = []
    while (await this.#batch(heads, io));
    this.#failure = undefined
  }

  /** Whether all that was sent may still become safe. */
  async #stands({ safe, unsafe, derivedFrom }: BatcherHeads, io: IoOptions): Promise<boolean> {
    const { chain } = this.#parts
    const [oldest, newest] = [this.#sent[0], this.#sent.at(-1)]
    if (oldest === undefined || newest === undefined) return true
    // The safe head went back, and what was between is forgotten; or the unsafe head did.
    if (oldest.first > safe.number + 1n || newest.last.number > unsafe.number) return false
    const block = await chain.block(newest.last.number, io)
    if (block?.ref.hash !== newest.last.hash) return false
    for (const channel of this.#sent) {
      const completed = await this.#follow(channel, io)
      if (completed === 'lost') return false
      // L1 has been read beyond it, and it came to nothing.
      if (completed !== 'pending' && derivedFrom !== undefined && derivedFrom > completed) return false
    }
    return true
  }

  /**
   * Has L1 get what it lost of a channel.
   * @returns the number of the L1 block that completes it; `lost`: L1 does not take it any more
   */
  async #follow({ transactions }: SentChannel, io: IoOptions): Promise<bigint | 'pending' | 'lost'> {
    const { writer } = this.#parts
    const places = await writer.places(
      transactions.map(({ hash }) => hash),
      io,
    )
    let completed = 0n
    let pending = false
    for (const [index, place] of places.entries()) {
      if (place.tag === 'unknown' && !(await this.#again(transactions[index] as InboxTransaction, io))) return 'lost'
      if (place.tag !== 'block') pending = true
      else if (place.block.number > completed) completed = place.block.number
    }
    return pending ? 'pending' : completed
  }

  async #again(transaction: InboxTransaction, io: IoOptions): Promise<boolean> {
    try {
      await this.#parts.writer.rewrite(transaction, io)
      return true
    } catch (error) {
      if (isAppError(error, 'BATCH_REFUSED' satisfies BatcherErrorCode)) return false
      throw error
    }
  }

  /** Sends one more channel. @returns whether there may be another one to send */
  async #batch({ safe, unsafe }: BatcherHeads, io: IoOptions): Promise<boolean> {
    const { config, writer, da: usual } = this.#parts
    const { da = usual, maxFrameBytes: maxBytes } = this.#options
    const base = this.#sent.at(-1)?.last ?? safe
    const blocks = await this.#next(base, unsafe, io)
    const [first, last] = [blocks[0], blocks.at(-1)]
    if (first === undefined || last === undefined || (await this.#pending(io)) >= MAX_PENDING) return false
    const best = bestFormat(config, first)
    const { type = best.type, compression = best.compression } = this.#options
    const frames = maxBytes === undefined ? {} : { maxBytes }
    const channel = makeChannel(blockBatches({ blocks, type }, config), { compression, frames })
    const transactions = await writer.write(inboxData(frameData(channel.frames, {}), { da }), {}, io)
    const { hash, number } = last.ref
    this.#sent = [...this.#sent, { id: channel.id, first: first.ref.number, last: { hash, number }, transactions }]
    return number < unsafe.number
  }

  async #pending(io: IoOptions): Promise<number> {
    const hashes = this.#sent.flatMap(({ transactions }) => transactions.map(({ hash }) => hash))
    const places = await this.#parts.writer.places(hashes, io)
    return places.filter(({ tag }) => tag !== 'block').length
  }

  /** Blocks that follow each other, as many as go into a channel; none where the chain has just moved. */
  async #next(base: BlockId, unsafe: BlockId, io: IoOptions): Promise<readonly BatchBlock[]> {
    const { maxBlocks = MAX_BLOCKS } = this.#options
    const blocks: BatchBlock[] = []
    let bytes = 0
    let parent = base.hash
    for (let number = base.number + 1n; number <= unsafe.number; number++) {
      const block = await this.#parts.chain.block(number, io)
      if (block?.ref.parentHash !== parent) return []
      blocks.push(block)
      parent = block.ref.hash
      bytes += block.transactions.reduce((sum, raw) => sum + raw.length, 0)
      if (blocks.length >= maxBlocks || bytes >= MAX_CHANNEL_BYTES) break
    }
    return blocks
  }
}
