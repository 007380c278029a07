import type { IoOptions } from '../primitives/io.ts'
import type { L1BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import { Channel } from './channel.ts'
import type { ChannelProvider, FrameProvider } from './channel-bank.ts'
import { channelTimeout, maxChannelContent } from './limits.ts'
import type { DerivationReport, Pulled } from './ports.ts'

/** Puts one channel together at a time, of frames in their order: Holocene's rules. @see OP specs: Holocene derivation */
export class ChannelAssembler implements ChannelProvider {
  readonly #config: RollupConfig
  readonly #prev: FrameProvider
  readonly #origin: () => L1BlockRef
  readonly #report: DerivationReport
  #channel: Channel | undefined

  /** @param origin the L1 block that is being read */
  constructor(config: RollupConfig, prev: FrameProvider, origin: () => L1BlockRef, report: DerivationReport) {
    this.#config = config
    this.#prev = prev
    this.#origin = origin
    this.#report = report
  }

  async next(io: IoOptions): Promise<Pulled<Uint8Array>> {
    const origin = this.#origin()
    if (this.#channel?.timedOut(origin.number, channelTimeout(this.#config, origin.timestamp)) === true) {
      this.#drop(this.#channel, 'timed out')
    }
    const limit = maxChannelContent(this.#config, origin.timestamp)
    for (;;) {
      const pulled = await this.#prev.next(io)
      if (pulled.tag !== 'item') return pulled
      const frame = pulled.item
      // A first frame begins a channel, whatever becomes of the one before it.
      if (frame.number === 0) this.#channel = new Channel(frame.channel, origin.number)
      const channel = this.#channel
      const refused = channel === undefined ? 'no channel was begun' : channel.add(frame, true)
      if (channel === undefined || refused !== undefined) {
        this.#report('channel-assembler', `frame ${frame.number} of channel ${frame.channel}: ${refused}`)
        continue
      }
      if (channel.size > limit) this.#drop(channel, `${channel.size} bytes, limit ${limit}`)
      else if (frame.isLast) {
        this.flush()
        return { tag: 'item', item: channel.data() }
      }
    }
  }

  #drop(channel: Channel, why: string): void {
    this.#report('channel-assembler', `channel ${channel.id} dropped: ${why}`)
    this.flush()
  }

  flush(): void {
    this.#channel = undefined
  }
}
