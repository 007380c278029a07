import { describe, expect, it } from 'vitest'
import { toWord } from '../primitives/hex.ts'
import type { L1BlockRef, L2BlockRef } from '../protocol/refs.ts'
import { type L1View, Origins, type OriginsContext } from './origins.ts'

/** An L1 of so many blocks, 12 seconds apart, whose reads are counted. */
class ShortL1 implements L1View {
  head: bigint
  reads = 0
  /** Blocks from here on are of another branch. */
  reorgedFrom = 1_000n

  constructor(head: bigint) {
    this.head = head
  }

  at(number: bigint): L1BlockRef {
    const side = (n: bigint): bigint => (n >= this.reorgedFrom ? 5_000n + n : n)
    return { hash: toWord(side(number)), number, parentHash: toWord(side(number - 1n)), timestamp: number * 12n }
  }

  async block(id: string | bigint): Promise<L1BlockRef | undefined> {
    this.reads++
    const number = typeof id === 'bigint' ? id : id === 'latest' ? this.head : BigInt(id)
    if (number > this.head) return undefined
    const block = this.at(number)
    return typeof id === 'string' && id !== 'latest' && block.hash !== id ? undefined : block
  }
}

const forks = { isActive: () => false } as unknown as OriginsContext['config']['forks']
const config = { forks, blockTime: 2n, maxSequencerDrift: 60n }

function parentOn(l1: ShortL1, number: bigint, timestamp: bigint): L2BlockRef {
  const { hash } = l1.at(number)
  return {
    hash: toWord(77n),
    number: 9n,
    parentHash: toWord(76n),
    timestamp,
    l1Origin: { hash, number },
    sequenceNumber: 0n,
  }
}

describe('Origins', () => {
  it('takes the next L1 block when the time has come, and asks for it once', async () => {
    const l1 = new ShortL1(30n)
    const origins = new Origins({ config, l1, l1Confs: 0 })
    expect(await origins.next(parentOn(l1, 10n, 129n), false, {})).toEqual({ tag: 'origin', origin: l1.at(10n) })
    const before = l1.reads
    expect(await origins.next(parentOn(l1, 10n, 130n), false, {})).toEqual({ tag: 'origin', origin: l1.at(11n) })
    expect(l1.reads - before).toBe(1)
  })

  it('leaves blocks alone that are not deep enough', async () => {
    const l1 = new ShortL1(14n)
    const origins = new Origins({ config, l1, l1Confs: 4 })
    expect(await origins.next(parentOn(l1, 10n, 140n), false, {})).toEqual({ tag: 'origin', origin: l1.at(10n) })
    l1.head = 15n
    expect(await origins.next(parentOn(l1, 10n, 140n), false, {})).toEqual({ tag: 'origin', origin: l1.at(11n) })
  })

  it('needs the next block past the drift, also in recovery', async () => {
    const l1 = new ShortL1(10n)
    const origins = new Origins({ config, l1, l1Confs: 0 })
    expect(await origins.next(parentOn(l1, 10n, 179n), false, {})).toEqual({ tag: 'needNext' })
    expect(await origins.next(parentOn(l1, 10n, 179n), true, {})).toEqual({ tag: 'needNext' })
    expect(await origins.next(parentOn(l1, 10n, 150n), true, {})).toEqual({ tag: 'origin', origin: l1.at(10n) })
  })

  it('tells that L1 has gone another way', async () => {
    const l1 = new ShortL1(30n)
    const origins = new Origins({ config, l1, l1Confs: 0 })
    const parent = parentOn(l1, 10n, 130n)
    l1.reorgedFrom = 10n
    await expect(origins.next(parent, false, {})).rejects.toMatchObject({ code: 'ORIGIN_ORPHANED', severity: 'reset' })
  })
})
