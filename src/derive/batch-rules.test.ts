import { describe, expect, it } from 'vitest'
import type { Hash } from '../primitives/hex.ts'
import type { SingularBatch } from '../protocol/batch.ts'
import { OpForks } from '../protocol/forks.ts'
import type { L1BlockRef, L2BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { SpanBatch } from '../protocol/span-batch.ts'
import { BatchQueue } from './batch-queue.ts'
import { type BatchContext, checkSingularBatch } from './check-singular-batch.ts'
import { checkSpanBatch, checkSpanPrefix } from './check-span-batch.ts'
import { EpochWindow } from './epoch-window.ts'
import { findPipelineStart } from './pipeline-start.ts'

const hash = (layer: 1 | 2, number: bigint): Hash =>
  `0x${layer}${number.toString(16).padStart(30, '0')}${'0'.repeat(33)}`
/** L1 has a block every 10 seconds, and L2 one every 2. */
const l1 = (number: bigint): L1BlockRef => ({
  ...{ hash: hash(1, number), parentHash: hash(1, number - 1n), number, timestamp: 1_000n + 10n * number },
})
const l2 = (number: bigint, origin: bigint): L2BlockRef => ({
  ...{ hash: hash(2, number), parentHash: hash(2, number - 1n), number, timestamp: 1_000n + 2n * number },
  ...{ l1Origin: { hash: hash(1, origin), number: origin }, sequenceNumber: 0n },
})

const config = (more: Partial<RollupConfig> = {}): RollupConfig =>
  ({
    ...{
      blockTime: 2n,
      seqWindowSize: 4n,
      maxSequencerDrift: 20n,
      channelTimeout: 6n,
      forks: new OpForks({ delta: 0n }),
    },
    genesis: { l1: l1(0n), l2: { hash: hash(2, 0n), number: 0n } },
    ...more,
  }) as RollupConfig

/** After block 10 (time 1020), which has L1 origin 1 (time 1010); 2 begins at 1020. */
const context = (more: Partial<BatchContext> = {}): BatchContext => ({
  config: config(),
  l1Blocks: [l1(1n), l1(2n), l1(3n)],
  safeHead: l2(10n, 1n),
  inclusion: l1(3n),
  ...more,
})
const good: SingularBatch = {
  ...{ type: 'singular', parentHash: hash(2, 10n), epochNumber: 1n, epochHash: hash(1, 1n), timestamp: 1_022n },
  transactions: [Uint8Array.of(2, 1)],
}
const forks = (times: Record<string, bigint>): RollupConfig => config({ forks: new OpForks({ delta: 0n, ...times }) })

describe('a singular batch', () => {
  it.each<[string, Partial<SingularBatch>, Partial<BatchContext>, string]>([
    ['after the safe head', {}, {}, 'accept'],
    ['of the next origin', { epochNumber: 2n, epochHash: hash(1, 2n) }, {}, 'accept'],
    [
      'of the next origin, which is not known',
      { epochNumber: 2n, epochHash: hash(1, 2n) },
      { l1Blocks: [l1(1n)] },
      'undecided',
    ],
    ['without any L1 block', {}, { l1Blocks: [] }, 'undecided'],
    ['too late in time', { timestamp: 1_024n }, {}, 'future'],
    ['too late in time, from Holocene', { timestamp: 1_024n }, { config: forks({ holocene: 1_030n }) }, 'drop'],
    [
      'too late in time, a second before Holocene',
      { timestamp: 1_024n },
      { config: forks({ holocene: 1_031n }) },
      'future',
    ],
    ['of the past', { timestamp: 1_020n }, {}, 'drop'],
    ['of the past, from Holocene', { timestamp: 1_020n }, { config: forks({ holocene: 1_030n }) }, 'past'],
    ['on another parent', { parentHash: hash(2, 9n) }, {}, 'drop'],
    ['in the last block of its window', {}, { inclusion: l1(5n) }, 'accept'],
    ['after its window', {}, { inclusion: l1(6n) }, 'drop'],
    ['of an older origin', { epochNumber: 0n, epochHash: hash(1, 0n) }, {}, 'drop'],
    ['of an origin too far ahead', { epochNumber: 3n, epochHash: hash(1, 3n) }, {}, 'drop'],
    ['of another L1 chain', { epochHash: hash(1, 2n) }, {}, 'drop'],
    [
      'before its origin',
      { epochNumber: 2n, epochHash: hash(1, 2n) },
      { l1Blocks: [l1(1n), { ...l1(2n), timestamp: 1_023n }] },
      'drop',
    ],
    ['with nothing for a transaction', { transactions: [new Uint8Array()] }, {}, 'drop'],
    ['with a deposit', { transactions: [Uint8Array.of(0x7e, 0)] }, {}, 'drop'],
    [
      'with type 4 before Isthmus',
      { transactions: [Uint8Array.of(4)] },
      { config: forks({ isthmus: 1_023n }) },
      'drop',
    ],
    [
      'with type 4 from Isthmus',
      { transactions: [Uint8Array.of(4)] },
      { config: forks({ isthmus: 1_022n }) },
      'accept',
    ],
    ['with transactions in the first block of Jovian', {}, { config: forks({ jovian: 1_021n }) }, 'drop'],
    ['with transactions in the second block of Jovian', {}, { config: forks({ jovian: 1_020n }) }, 'accept'],
    ['without, in the first', { transactions: [] }, { config: forks({ jovian: 1_021n }) }, 'accept'],
    ['with all the drift that there is', {}, { config: config({ maxSequencerDrift: 12n }) }, 'accept'],
    ['with more drift', {}, { config: config({ maxSequencerDrift: 11n }) }, 'drop'],
    [
      'with more drift than the chain has, but not than Fjord has',
      {},
      { config: { ...forks({ fjord: 0n }), maxSequencerDrift: 11n } },
      'accept',
    ],
    [
      'with more drift and empty, where the next origin could be had',
      { transactions: [] },
      { config: config({ maxSequencerDrift: 11n }) },
      'drop',
    ],
    [
      'with more drift and empty, at the time of the next origin',
      { transactions: [] },
      { config: config({ maxSequencerDrift: 11n }), l1Blocks: [l1(1n), { ...l1(2n), timestamp: 1_022n }] },
      'drop',
    ],
    [
      'with more drift and empty, before the next origin',
      { transactions: [] },
      { config: config({ maxSequencerDrift: 11n }), l1Blocks: [l1(1n), { ...l1(2n), timestamp: 1_023n }] },
      'accept',
    ],
    [
      'with more drift and empty, and nothing known of the next',
      { transactions: [] },
      { config: config({ maxSequencerDrift: 11n }), l1Blocks: [l1(1n)] },
      'undecided',
    ],
  ])('%s', (_, batch, more, expected) => {
    expect(checkSingularBatch({ ...good, ...batch }, context(more)).tag).toBe(expected)
  })
})

/** A span batch from block 11 on, or from before; origins of its blocks. */
const span = (origins: readonly bigint[], first = 11n, more: Partial<SpanBatch> = {}): SpanBatch => ({
  ...{ type: 'span', parentCheck: hash(2, first - 1n).slice(0, 42) as Hash, blockCount: origins.length },
  l1OriginCheck: hash(1, origins.at(-1) as bigint).slice(0, 42) as Hash,
  timestamp: (index) => 1_000n + 2n * (first + BigInt(index)),
  epochNumber: (index) => origins[index] as bigint,
  transactions: () => [Uint8Array.of(2)],
  ...more,
})
const chain = {
  ref: (id: Hash | bigint) =>
    Promise.resolve(typeof id === 'bigint' && id < 11n ? l2(id, id < 9n ? 0n : 1n) : undefined),
  block: async (number: bigint) => {
    const ref = await chain.ref(number)
    return ref && { ref, transactions: [Uint8Array.of(0x7e), Uint8Array.of(2)] }
  },
}

describe('a span batch', () => {
  it.each<[string, SpanBatch, Partial<BatchContext>, string, string]>([
    ['after the safe head', span([1n, 2n, 2n]), {}, 'accept', 'accept'],
    ['that begins before it', span([1n, 1n, 1n, 2n], 9n), {}, 'accept', 'accept'],
    [
      'with the parent of another',
      span([1n], 11n, { parentCheck: hash(2, 9n).slice(0, 42) as Hash }),
      {},
      'drop',
      'drop',
    ],
    [
      'with another origin at its end',
      span([1n, 2n], 11n, { l1OriginCheck: hash(1, 1n).slice(0, 42) as Hash }),
      {},
      'drop',
      'drop',
    ],
    ['whose last origin is not known', span([1n, 2n, 3n]), { l1Blocks: [l1(1n), l1(2n)] }, 'undecided', 'undecided'],
    ['in the last block of its window', span([1n]), { inclusion: l1(5n) }, 'accept', 'accept'],
    ['after its window', span([1n]), { inclusion: l1(6n) }, 'drop', 'drop'],
    ['that begins with an older origin', span([0n, 1n]), {}, 'drop', 'drop'],
    ['that begins with an origin too far ahead', span([3n]), {}, 'drop', 'drop'],
    ['before Delta', span([1n]), { config: config({ forks: new OpForks({ delta: 1_011n }) }) }, 'drop', 'drop'],
    [
      'between two blocks',
      span([1n, 1n], 11n, { timestamp: (index) => 1_021n + 2n * BigInt(index) }),
      {},
      'drop',
      'drop',
    ],
    ['of the past', span([1n], 10n), {}, 'drop', 'drop'],
    ['of the past, from Holocene', span([1n], 10n), { config: forks({ holocene: 0n }) }, 'past', 'past'],
    ['of the future', span([1n], 12n), {}, 'future', 'future'],
    ['of the future, from Holocene', span([1n], 12n), { config: forks({ holocene: 0n }) }, 'drop', 'drop'],
    ['with an origin that begins later', span([1n, 2n, 3n]), {}, 'accept', 'drop'],
    ['that agrees not with the origin of a block', span([0n, 1n, 1n], 9n), {}, 'accept', 'drop'],
    [
      'that agrees not with its transactions',
      span([1n, 1n, 1n], 9n, { transactions: () => [Uint8Array.of(1)] }),
      {},
      'accept',
      'drop',
    ],
    [
      'that has more transactions',
      span([1n, 1n, 1n], 9n, { transactions: () => [Uint8Array.of(2), Uint8Array.of(2)] }),
      {},
      'accept',
      'drop',
    ],
    ['with too much drift', span([1n]), { config: config({ maxSequencerDrift: 11n }) }, 'accept', 'drop'],
    ['with a deposit', span([1n], 11n, { transactions: () => [Uint8Array.of(0x7e)] }), {}, 'accept', 'drop'],
    ['that begins before all blocks', span(new Array(14).fill(0n), 0n), {}, 'undecided', 'undecided'],
  ])('%s', async (_, batch, more, prefix, whole) => {
    const all = { ...context(more), l2: chain }
    expect((await checkSpanPrefix(batch, all, {})).tag).toBe(prefix)
    expect((await checkSpanBatch(batch, all, {})).tag).toBe(whole)
  })
})

it('a span whose origins are all too old does not keep others waiting', async () => {
  const safeHead = l2(10n, 1n)
  const window = new EpochWindow(config(), l1(1n))
  const old = span([0n, 0n, 0n], 9n)
  expect((await checkSpanBatch(old, { ...context(), l2: chain }, {})).tag).toBe('undecided')
  const batches = [old, good]
  const reports: string[] = []
  const queue = new BatchQueue({
    ...{ config: config(), l2: chain, window, origin: () => l1(3n) },
    prev: {
      async next() {
        const item = batches.shift()
        return item === undefined ? { tag: 'dry' } : { tag: 'item', item }
      },
      flush: () => {},
    },
    report: (_, reason) => reports.push(reason),
  })
  window.update(l1(2n), safeHead)
  expect(await queue.next(safeHead, {})).toEqual({ tag: 'again' })
  expect(reports).toEqual(['batch dropped: its last L1 origin 0 is not known'])
  expect(await queue.next(safeHead, {})).toMatchObject({ tag: 'item', item: { batch: good } })
})

describe('the window of L1 origins', () => {
  it('has a block for every origin, also where the next has begun', () => {
    const window = new EpochWindow(config({ seqWindowSize: 2n }), l1(1n))
    const parent = l2(20n, 1n)
    for (const number of [2n, 3n, 4n]) window.update(l1(number), parent)
    // The first origin has its block, and time is past the second: shifted, then made at once.
    expect(window.emptyBatch(parent, true)).toBeUndefined()
    expect(window.emptyBatch(parent, true)).toMatchObject({ epochNumber: 2n, timestamp: 1_042n })
    expect(window.emptyBatch(parent, false)).toBeUndefined()
    window.check(parent, 2)
    expect(() => window.check(l2(20n, 3n), 2)).toThrow(expect.objectContaining({ code: 'SAFE_HEAD_MISMATCH' }) as Error)
  })

  it('forgets what the safe head went past, and all that was read before its origin', () => {
    const window = new EpochWindow(config(), l1(1n))
    window.update(l1(2n), l2(20n, 4n))
    expect(window.blocks).toEqual([])
    for (const number of [3n, 4n, 5n]) window.update(l1(number), l2(20n, 4n))
    expect(window.blocks).toEqual([l1(4n), l1(5n)])
    window.update(l1(5n), l2(21n, 5n))
    expect(window.blocks).toEqual([l1(5n)])
  })
})

it('derivation begins a channel timeout before the origin of the safe head', async () => {
  const asked: (Hash | bigint)[] = []
  const sources = {
    config: config(),
    l1: {
      block: (id: Hash | bigint) =>
        Promise.resolve({ hash: id as Hash, header: { ...l1(BigInt(`0x${(id as Hash).slice(3, 33)}`)) } as never }),
    },
    l2: {
      ref: (id: Hash | bigint) => {
        asked.push(id)
        const number = BigInt(`0x${(id as Hash).slice(3, 33)}`)
        return Promise.resolve(l2(number, number / 5n))
      },
      systemConfig: (id: Hash) => Promise.resolve({ of: id } as never),
    },
  }
  // Origin 20 less 6: the first block with origin 14.
  const start = await findPipelineStart(sources, l2(100n, 20n), {})
  expect(start.block.number).toBe(14n)
  expect(asked).toHaveLength(26)
  const early = await findPipelineStart(sources, l2(7n, 1n), {})
  expect(early.block.number).toBe(0n)
  const none = { ...sources, l1: { block: () => Promise.resolve(undefined) } }
  await expect(findPipelineStart(none, l2(7n, 1n), {})).rejects.toMatchObject({
    code: 'L1_DATA_MISSING',
    severity: 'reset',
  })
})
