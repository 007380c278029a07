import { AppError, errorMessage } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import { rlpSpan } from '../primitives/rlp.ts'
import { type Batch, decodeBatch, type SingularBatch } from '../protocol/batch.ts'
import type { L1BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { RawSpanBatch } from '../protocol/span-batch.ts'
import type { ChannelProvider } from './channel-bank.ts'
import { decompressChannel } from './decompress.ts'
import { maxChannelContent } from './limits.ts'
import { AGAIN, type DerivationReport, type Pulled } from './ports.ts'

/** What a channel holds, batch by batch: RLP byte strings, one after the other. */
export class ChannelContent {
  readonly #bytes: Uint8Array
  #at = 0

  /** @param bytes decompressed, and no more than may be read */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /**
   * The next batch as it is encoded, on bytes of its own: it may be kept longer than the channel.
   * @returns undefined at the end, which may be anywhere
   * @throws AppError RLP_INVALID: there is something, and it is no whole byte string
   */
  next(): Uint8Array | undefined {
    if (this.#at >= this.#bytes.length) return undefined
    const { list, start, end } = rlpSpan(this.#bytes, this.#at)
    if (list) throw new AppError('RLP_INVALID', { message: 'rlp: expected a byte string' })
    this.#at = end
    return this.#bytes.slice(start, end)
  }
}

/**
 * Reads batches out of channels. What cannot be read ends its channel; a span batch that can be read, and not be put together,
 * is left out alone. @see OP specs: derivation, "Channel Reader"
 */
export class ChannelReader {
  readonly #config: RollupConfig
  readonly #origin: () => L1BlockRef
  readonly #report: DerivationReport
  #prev: ChannelProvider
  /** Compressed still: what has been pulled is kept until it is dealt with. */
  #pending: Uint8Array | undefined
  #content: ChannelContent | undefined

  /** @param origin the L1 block that is being read */
  constructor(config: RollupConfig, prev: ChannelProvider, origin: () => L1BlockRef, report: DerivationReport) {
    this.#config = config
    this.#prev = prev
    this.#origin = origin
    this.#report = report
  }

  /** Reads from another stage from now on; what is open is read to its end. */
  attach(prev: ChannelProvider): void {
    this.#prev = prev
  }

  /** Goes on with the next channel, and throws away what is collected of it. */
  flush(): void {
    this.#pending = undefined
    this.#content = undefined
    this.#prev.flush()
  }

  async next(io: IoOptions): Promise<Pulled<Batch>> {
    if (this.#content === undefined) {
      if (this.#pending === undefined) {
        const pulled = await this.#prev.next(io)
        if (pulled.tag !== 'item') return pulled
        this.#pending = pulled.item
      }
      await this.#open(this.#pending, io)
      this.#pending = undefined
    }
    const batch = this.#read()
    if (batch === undefined) {
      this.#content = undefined
      return AGAIN
    }
    const item = batch.type === 'raw-span' ? this.#span(batch) : batch
    return item === undefined ? AGAIN : { tag: 'item', item }
  }

  async #open(data: Uint8Array, io: IoOptions): Promise<void> {
    const { timestamp } = this.#origin()
    const limit = maxChannelContent(this.#config, timestamp)
    const fjord = this.#config.forks.isActive('fjord', timestamp)
    const bytes = await decompressChannel(data, limit, fjord, io)
    if (bytes === undefined) this.#report('channel-reader', 'channel dropped: its compression is not known')
    else this.#content = new ChannelContent(bytes)
  }

  /** @returns undefined when there is nothing more to be had of the channel */
  #read(): SingularBatch | RawSpanBatch | undefined {
    try {
      const bytes = this.#content?.next()
      return bytes && decodeBatch(bytes)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      this.#report('channel-reader', `the rest of the channel dropped: ${errorMessage(error)}`)
      return undefined
    }
  }

  #span(raw: RawSpanBatch): Batch | undefined {
    try {
      if (this.#config.forks.isActive('delta', this.#origin().timestamp)) return raw.derive(this.#config)
      this.#report('channel-reader', 'span batch dropped: Delta is not active')
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      this.#report('channel-reader', `span batch dropped: ${errorMessage(error)}`)
    }
    return undefined
  }
}
