import { describe, expect, it } from 'vitest'
import type { Hex } from '../primitives/hex.ts'
import { OpForks } from '../protocol/forks.ts'
import type { Frame } from '../protocol/frame.ts'
import type { L1BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import { ChannelAssembler } from './channel-assembler.ts'
import { ChannelBank } from './channel-bank.ts'
import { DRY, type Pulled } from './ports.ts'

const MB = 1_000_000
const id = (name: string): Hex => `0x${name.charCodeAt(0).toString(16).padStart(32, '0')}`
const frame = (channel: string, number: number, isLast = false, size = 1): Frame => ({
  ...{ channel: id(channel), number, isLast },
  data: new Uint8Array(size).fill(number),
})

/** A stage that is fed by hand. */
class Bench {
  readonly reports: string[] = []
  readonly #frames: Frame[] = []
  readonly #stage: ChannelBank | ChannelAssembler
  block: L1BlockRef = { hash: '0x', parentHash: '0x', number: 10n, timestamp: 0n }

  constructor(stage: typeof ChannelBank | typeof ChannelAssembler, forks: OpForks) {
    const config = { forks, channelTimeout: 5n } as RollupConfig
    const prev = {
      next: (): Promise<Pulled<Frame>> => {
        const item = this.#frames.shift()
        return Promise.resolve(item === undefined ? DRY : { tag: 'item', item })
      },
    }
    const origin = (): L1BlockRef => this.block
    this.#stage = new stage(config, prev, origin, (_, reason) => this.reports.push(reason))
  }

  /** Feeds frames. @returns the first bytes of what comes out, by channel */
  async feed(...frames: readonly Frame[]): Promise<number[][]> {
    this.#frames.push(...frames)
    const out: number[][] = []
    for (;;) {
      const pulled = await this.#stage.next({})
      if (pulled.tag === 'dry') return out
      if (pulled.tag === 'item') out.push([...pulled.item.subarray(0, 4)])
    }
  }
}

const before = new OpForks({})
const canyon = new OpForks({ canyon: 0n })
const fjord = new OpForks({ canyon: 0n, fjord: 0n })

describe('the channel bank', () => {
  it('before Canyon reads only the oldest channel', async () => {
    const frames = [frame('a', 0), frame('b', 0, true), frame('a', 1, true)]
    expect(await new Bench(ChannelBank, before).feed(...frames)).toEqual([[0, 1], [0]])
    expect(await new Bench(ChannelBank, canyon).feed(...frames)).toEqual([[0], [0, 1]])
  })

  it('passes over frames that are there, beyond the end, or close a closed channel', async () => {
    const bench = new Bench(ChannelBank, canyon)
    const frames = [
      frame('a', 3),
      frame('a', 1),
      frame('a', 1),
      frame('a', 2, true),
      frame('a', 2, true),
      frame('a', 4),
    ]
    expect(await bench.feed(...frames)).toEqual([])
    expect(bench.reports).toHaveLength(3)
    expect(await bench.feed(frame('a', 0))).toEqual([[0, 1, 2]])
  })

  it('lets channels go that time out', async () => {
    const bench = new Bench(ChannelBank, canyon)
    await bench.feed(frame('a', 0))
    bench.block = { ...bench.block, number: 15n }
    expect(await bench.feed(frame('a', 1))).toEqual([])
    bench.block = { ...bench.block, number: 16n }
    expect(await bench.feed(frame('a', 2, true))).toEqual([])
    expect(bench.reports).toEqual([expect.stringContaining('timed out')])
  })

  it.each([
    ['before Fjord', canyon, 100],
    ['from Fjord on', fjord, 1000],
  ])('%s holds no more than its limit, and throws out the oldest', async (_, forks, limit) => {
    const bench = new Bench(ChannelBank, forks)
    // One buffer for all: what counts is what they say that they hold.
    const data = new Uint8Array(MB)
    const full = (channel: string, number: number): Frame => ({ channel: id(channel), number, isLast: false, data })
    for (let number = 0; number < limit - 1; number++) await bench.feed(full(number % 2 === 0 ? 'a' : 'b', number))
    expect(bench.reports).toEqual([])
    await bench.feed(full('b', limit))
    expect(bench.reports).toEqual([expect.stringContaining(`channel ${id('a')} thrown out`)])
  })

  it('counts a channel as op-node does, also where closing it throws frames out', async () => {
    const bench = new Bench(ChannelBank, canyon)
    // 60 MB, of which closing leaves 20 MB, and counts nothing of them.
    for (let number = 0; number < 60; number++) if (number !== 20) await bench.feed(frame('a', number + 1, false, MB))
    await bench.feed(frame('a', 21, true, 1))
    for (let number = 0; number < 99; number++) await bench.feed(frame('b', number + 1, false, MB))
    expect(bench.reports).toEqual([])
  })
})

describe('the channel assembler', () => {
  const holocene = new OpForks({ canyon: 0n, fjord: 0n, granite: 0n, holocene: 0n })

  it('takes the frames of one channel in their order', async () => {
    const bench = new Bench(ChannelAssembler, holocene)
    const frames = [frame('a', 1), frame('a', 0), frame('b', 1), frame('a', 2), frame('a', 1), frame('a', 2, true)]
    expect(await bench.feed(...frames)).toEqual([[0, 1, 2]])
    expect(bench.reports).toHaveLength(3)
    // A first frame begins anew, whoever's it is.
    expect(await bench.feed(frame('a', 0), frame('a', 1), frame('a', 0), frame('a', 1, true))).toEqual([[0, 1]])
    expect(await bench.feed(frame('a', 0), frame('b', 0), frame('a', 1, true), frame('b', 1, true))).toEqual([[0, 1]])
  })

  it('gives up a channel that is too large, or too old', async () => {
    const bench = new Bench(ChannelAssembler, holocene)
    const data = new Uint8Array(MB)
    for (let number = 0; number < 100; number++) await bench.feed({ ...frame('a', number), data })
    expect(bench.reports).toEqual([expect.stringContaining('limit 100000000')])
    expect(await bench.feed(frame('b', 0))).toEqual([])
    bench.block = { ...bench.block, number: 61n }
    expect(await bench.feed(frame('b', 1, true))).toEqual([])
    expect(bench.reports.slice(1)).toEqual([
      expect.stringContaining('timed out'),
      expect.stringContaining('no channel'),
    ])
  })
})
