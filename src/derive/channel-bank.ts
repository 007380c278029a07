import type { Hex } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Frame } from '../protocol/frame.ts'
import type { L1BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import { Channel } from './channel.ts'
import { channelTimeout, maxChannelBankSize } from './limits.ts'
import { AGAIN, type DerivationReport, type Pulled } from './ports.ts'

/** What comes before the stage of channels. */
export interface FrameProvider {
  next(io: IoOptions): Promise<Pulled<Frame>>
}

/** The stage of channels, in either form. */
export interface ChannelProvider {
  /** The data of a complete channel. */
  next(io: IoOptions): Promise<Pulled<Uint8Array>>
  /** Forgets the channel that is under way. */
  flush(): void
}

/** Collects the frames of many channels at a time: the rules before Holocene. @see OP specs: derivation, "Channel Bank" */
export class ChannelBank implements ChannelProvider {
  readonly #config: RollupConfig
  readonly #prev: FrameProvider
  readonly #origin: () => L1BlockRef
  readonly #report: DerivationReport
  /** In the order in which they were opened. */
  readonly #channels = new Map<Hex, Channel>()
  /** Of all of them. */
  #size = 0

  /** @param origin the L1 block that is being read */
  constructor(config: RollupConfig, prev: FrameProvider, origin: () => L1BlockRef, report: DerivationReport) {
    this.#config = config
    this.#prev = prev
    this.#origin = origin
    this.#report = report
  }

  /** Reads before it takes in: what is thrown out for want of room depends on that order. */
  async next(io: IoOptions): Promise<Pulled<Uint8Array>> {
    const read = this.#read()
    if (read !== undefined) return read
    const pulled = await this.#prev.next(io)
    if (pulled.tag !== 'item') return pulled
    this.#ingest(pulled.item)
    return AGAIN
  }

  #timedOut(channel: Channel): boolean {
    const origin = this.#origin()
    return channel.timedOut(origin.number, channelTimeout(this.#config, origin.timestamp))
  }

  /** @returns undefined when there is nothing to read */
  #read(): Pulled<Uint8Array> | undefined {
    const [first] = this.#channels.values()
    if (first === undefined) return undefined
    if (this.#timedOut(first)) {
      this.#remove(first)
      this.#report('channel-bank', `channel ${first.id} timed out`)
      return AGAIN
    }
    const canyon = this.#config.forks.isActive('canyon', this.#origin().timestamp)
    for (const channel of canyon ? this.#channels.values() : [first]) {
      if (!channel.complete || this.#timedOut(channel)) continue
      this.#remove(channel)
      return { tag: 'item', item: channel.data() }
    }
    return undefined
  }

  #remove(channel: Channel): void {
    this.#channels.delete(channel.id)
    this.#size -= channel.size
  }

  #ingest(frame: Frame): void {
    let channel = this.#channels.get(frame.channel)
    if (channel === undefined) {
      channel = new Channel(frame.channel, this.#origin().number)
      this.#channels.set(frame.channel, channel)
    }
    const before = channel.size
    const refused = this.#timedOut(channel) ? 'the channel timed out' : channel.add(frame, false)
    if (refused !== undefined) {
      this.#report('channel-bank', `frame ${frame.number} of channel ${frame.channel}: ${refused}`)
      return
    }
    this.#size += channel.size - before
    this.#prune()
  }

  #prune(): void {
    const limit = maxChannelBankSize(this.#config, this.#origin().timestamp)
    for (const channel of this.#channels.values()) {
      if (this.#size <= limit) return
      this.#report('channel-bank', `channel ${channel.id} thrown out: ${this.#size} bytes, limit ${limit}`)
      this.#remove(channel)
    }
  }

  /** Nothing: before Holocene, an invalid batch leaves its channel as it is. */
  flush(): void {}
}
