import { expect, test } from 'vitest'
import { bytesToHex, type Hash, type Hex, toQuantity } from '../../src/primitives/hex.ts'
import { decodeBatch } from '../../src/protocol/batch.ts'
import type { Frame } from '../../src/protocol/frame.ts'
import { RawSpanBatch } from '../../src/protocol/span-batch.ts'
import { type BatchedChain, type Stretch, startBatchedChain } from './support/batched-chain.ts'
import { batcher, otherUser, user } from './support/dev-accounts.ts'
import { channelsOf, framesOf, readInbox } from './support/inbox-reader.ts'
import { type OpSequencer, startOpSequencer } from './support/op-sequencer.ts'
import { waitFor } from './support/wait-for.ts'

/** L1 blocks, from Granite on. */
const CHANNEL_TIMEOUT = 50
/** L2 blocks between two upgrades. */
const STEP = Number(process.env.OP_SEQUENCER_BLOCKS ?? 8)

type Chain = Omit<BatchedChain, typeof Symbol.asyncDispose>

interface Channel {
  readonly channelId: Hex
  readonly batches: readonly Hex[]
  readonly frames: readonly {
    readonly channelId: Hex
    readonly number: number
    readonly data: Hex
    readonly isLast: boolean
  }[]
}

/** The service with a batcher, beside the nodes of a chain; started when it is first asked for. */
class OurBatcher implements AsyncDisposable {
  #started: Promise<OpSequencer> | undefined

  async call<T>(
    { folder, l1, el, node, rollupFile }: Chain,
    method: string,
    ...params: readonly unknown[]
  ): Promise<T> {
    this.#started ??= startOpSequencer({
      ...{ folder, rollupFile, l1: { url: l1.el.url, configFile: l1.configFile }, el },
      chain: { insert: 'none', node: { rpc: node.url }, batcher: { key: batcher.privateKey } },
    })
    return (await this.#started).rpc.call(method, params)
  }

  /** Sends the blocks that are not safe yet. @param channels how many of them */
  submit(options: object, channels = 1): (chain: Chain) => Promise<void> {
    return async (chain) => {
      const head = await chain.el.blockNumber()
      let from = (await chain.node.syncStatus()).safe_l2.number + 1
      const size = Math.ceil((head - from + 1) / channels)
      for (; from <= head; from += size) {
        const blocks = { from, to: Math.min(head, from + size - 1) }
        await this.call(chain, 'batch_submitBlocks', { blocks, ...options })
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#started)?.[Symbol.asyncDispose]()
  }
}

function frameJson({ channel, number, data, isLast }: Frame): Channel['frames'][number] {
  return { channelId: channel, number, data: bytesToHex(data), isLast }
}

/** That what op-batcher put on L1 is what ours makes of the same blocks, batch for batch, frame for frame, blob for blob. */
async function expectSame(
  ours: OurBatcher,
  chain: Chain,
  l1Blocks: readonly [number, number],
  first: number,
): Promise<number> {
  const transactions = await readInbox(chain.l1, ...l1Blocks)
  expect(transactions.length).toBeGreaterThan(0)
  let next = first
  for (const { id, frames, data, batches } of channelsOf(framesOf(transactions))) {
    const [batch] = batches.map(decodeBatch)
    const span = batch instanceof RawSpanBatch
    const count = span ? batch.blockCount : batches.length
    const blocks = { from: next, to: next + count - 1 }
    const type = span ? 'span' : 'singular'
    const made = await ours.call<Channel>(chain, 'batch_channel', { blocks, type })
    expect(made.batches).toEqual(batches.map(bytesToHex))
    const cuts = frames.slice(0, -1).map((frame) => frame.data.length)
    const cut = await ours.call<Channel>(chain, 'batch_channel', {
      ...{ channelData: bytesToHex(data), channelId: id, frames: { cuts } },
    })
    expect(cut.frames).toEqual(frames.map(frameJson))
    next += count
  }
  for (const transaction of transactions) {
    const frames = framesOf([transaction]).map(frameJson)
    const blobs = transaction.blobs.length > 0
    const framesPerItem = Math.ceil(frames.length / transaction.items.length)
    const encoded = await ours.call(chain, 'batch_encode', { frames, framesPerItem, da: blobs ? 'blobs' : 'calldata' })
    expect(encoded).toEqual([
      blobs
        ? { da: 'blobs', blobs: transaction.blobs }
        : { da: 'calldata', data: bytesToHex(transaction.items[0] as Uint8Array) },
    ])
  }
  return next
}

test('op-node makes safe what it puts on L1, in every form, from Bedrock to Jovian; op-batcher makes the same of the same blocks', async () => {
  await using ours = new OurBatcher()
  /** L1's head and L2's heads before each stretch is batched. */
  const before: { readonly l1: number; readonly safe: number; readonly head: { number: number; hash: Hash } }[] = []
  const mark = async ({ l1, node }: Chain): Promise<void> => {
    const { safe_l2, unsafe_l2 } = await node.syncStatus()
    before.push({ l1: await l1.el.blockNumber(), safe: safe_l2.number, head: unsafe_l2 })
  }
  const stretches: readonly Stretch[] = [
    { from: 'bedrock', submit: ours.submit({ type: 'singular', frames: { maxBytes: 50 }, framesPerItem: 7 }, 2) },
    {
      from: 'delta',
      late: true,
      submit: ours.submit({ compression: 'zlib', level: 1, frames: { cuts: [0, 1, 100] } }, 2),
    },
    {
      ...{ from: 'ecotone', da: 'blobs' },
      submit: ours.submit({
        da: 'blobs',
        spanBlocks: 3,
        frames: { maxBytes: 200 },
        framesPerItem: 4,
        blobsPerTransaction: 2,
      }),
    },
    { from: 'fjord', submit: ours.submit({ type: 'singular', level: 3, compression: 'brotli' }, 2) },
    { from: 'granite', da: 'blobs', batchType: 'span', flags: ['--compression-algo', 'brotli'] },
    { from: 'holocene', submit: ours.submit({ frames: { maxBytes: 100 }, framesPerItem: 2 }, 2) },
    { from: 'isthmus', da: 'calldata', batchType: 'singular', flags: ['--max-l1-tx-size-bytes', '700'] },
    { from: 'jovian', submit: ours.submit({ da: 'blobs' }, 2) },
  ]
  await using chain = await startBatchedChain(stretches, STEP, mark)
  const { node, el, l1 } = chain
  const { safe_l2 } = await node.syncStatus()
  expect(safe_l2.hash).toBe(before.at(-1)?.head.hash)
  // None was replaced by what was derived.
  for (const { head } of before) expect((await el.block(head.number)).hash).toBe(head.hash)
  const nonce = await el.rpc.call<Hex>('eth_getTransactionCount', [user.address, 'latest'])
  expect(Number(nonce)).toBeGreaterThan(stretches.length)
  const last = await l1.el.blockNumber()
  for (const [index, { submit }] of stretches.entries()) {
    if (submit !== undefined) continue
    const { l1: from, safe, head } = before[index] as (typeof before)[number]
    const to = before[index + 1]?.l1 ?? last
    expect(await expectSame(ours, chain, [from + 1, to], safe + 1)).toBe(head.number + 1)
  }
})

/** What is sent, one call after the other, and how many blocks become safe with it. */
interface Hostile {
  readonly what: string
  /** @param next the block after the safe head */
  readonly send: (next: number) => readonly (readonly [method: string, ...params: unknown[]])[]
  readonly safe: number
}

const WRONG: Hash = `0x${'11'.repeat(32)}`
const one = (block: number): object => ({ blocks: [block], type: 'singular' })

const submitBlocks =
  (make: (next: number) => object): Hostile['send'] =>
  (next) => [['batch_submitBlocks', make(next)]]

/** Under the rules of Holocene and after. */
const HOSTILE: readonly Hostile[] = [
  {
    what: 'a wrong parent',
    safe: 0,
    send: submitBlocks((n) => ({ ...one(n), overrides: [{ block: n, parentHash: WRONG }] })),
  },
  {
    what: 'a wrong origin',
    safe: 0,
    send: submitBlocks((n) => ({ ...one(n), overrides: [{ block: n, epochHash: WRONG }] })),
  },
  {
    what: 'a wrong time',
    safe: 0,
    send: submitBlocks((n) => ({ ...one(n), overrides: [{ block: n, timestamp: 1 }] })),
  },
  {
    what: 'a span with a wrong origin',
    safe: 0,
    send: submitBlocks((n) => ({ blocks: [n], type: 'span', overrides: [{ block: n, epochHash: WRONG }] })),
  },
  {
    what: 'a deposit',
    safe: 0,
    send: submitBlocks((n) => ({ ...one(n), overrides: [{ block: n, transactions: ['0x7e00'] }] })),
  },
  { what: 'another version', safe: 0, send: submitBlocks((n) => ({ ...one(n), version: 1 })) },
  { what: 'somebody else', safe: 0, send: submitBlocks((n) => ({ ...one(n), key: otherUser.privateKey })) },
  { what: 'another inbox', safe: 0, send: submitBlocks((n) => ({ ...one(n), to: otherUser.address })) },
  { what: 'a broken channel', safe: 0, send: submitBlocks((n) => ({ ...one(n), edit: { flip: [{ at: 12 }] } })) },
  { what: 'a broken frame', safe: 0, send: submitBlocks((n) => ({ ...one(n), edits: [{ item: 0, keep: -1 }] })) },
  {
    what: 'a channel without its end',
    safe: 0,
    send: submitBlocks((n) => ({ ...one(n), frames: { maxBytes: 30, order: [0, 1] } })),
  },
  {
    what: 'frames out of order',
    safe: 0,
    send: submitBlocks((n) => ({ ...one(n), frames: { maxBytes: 60, order: [1, 0] } })),
  },
  {
    what: 'data that is none',
    safe: 0,
    send: () => [['batch_sendRaw', ['0x', '0x00', '0x0001', `0x${'ff'.repeat(99)}`]]],
  },
  {
    what: 'a blob that is none',
    safe: 0,
    send: () => [['batch_sendRaw', [`0x0001${'00'.repeat(131_070)}`], { da: 'blobs', wholeBlobs: true }]],
  },
  {
    what: 'each frame twice',
    safe: 1,
    send: submitBlocks((n) => ({ ...one(n), frames: { cuts: [30], order: [0, 0, 1, 1] } })),
  },
  { what: 'a block twice', safe: 1, send: submitBlocks((n) => ({ blocks: [n, n], type: 'singular' })) },
  {
    what: 'a good block before a bad one',
    safe: 1,
    send: submitBlocks((n) => ({
      ...{ blocks: [n, n + 1, n + 2], type: 'singular' },
      overrides: [{ block: n + 1, parentHash: WRONG }],
    })),
  },
  { what: 'a block left out', safe: 1, send: submitBlocks((n) => ({ blocks: [n, n + 2], type: 'singular' })) },
  {
    what: 'a span over what is safe already',
    safe: 2,
    send: submitBlocks((n) => ({ blocks: { from: n - 1, to: n + 1 }, type: 'span' })),
  },
  {
    what: 'two channels at once',
    safe: 1,
    send: (n) => [
      ['batch_submitBlocks', { ...one(n + 1), frames: { cuts: [30], order: [0] }, channelId: `0x${'aa'.repeat(16)}` }],
      ['batch_submitBlocks', one(n)],
      ['batch_submitBlocks', { ...one(n + 1), frames: { cuts: [30], order: [1] }, channelId: `0x${'aa'.repeat(16)}` }],
    ],
  },
]

test('op-node makes of what is wrong what the rules say', async () => {
  await using ours = new OurBatcher()
  const safe = async ({ node }: Chain): Promise<number> => (await node.syncStatus()).safe_l2.number
  /** Mines what was sent and one block more: with that, op-node has dealt with all before it. */
  const pass = async ({ l1, node }: Chain, empty = 1): Promise<void> => {
    const { pending } = await l1.el.rpc.call<{ pending: Hex }>('txpool_status')
    if (Number(pending) > 0) await l1.mine()
    await l1.mineMany(empty)
    const head = await l1.el.blockNumber()
    const there = async (): Promise<boolean> => (await node.syncStatus()).current_l1.number >= head
    await waitFor(`op-node is at L1 block ${head}`, there, { check: () => node.process.assertRunning() })
  }
  const outcomes: (readonly [string, number])[] = []
  const submit = async (chain: Chain): Promise<void> => {
    const { el } = chain
    for (const { what, send } of HOSTILE) {
      const before = await safe(chain)
      for (const [method, ...params] of send(before + 1)) await ours.call(chain, method, ...params)
      await pass(chain)
      outcomes.push([what, (await safe(chain)) - before])
    }
    // Too late: the second half comes when the channel has timed out.
    const next = (await safe(chain)) + 1
    const { frames } = await ours.call<Channel>(chain, 'batch_channel', { ...one(next), frames: { cuts: [30] } })
    await ours.call(chain, 'batch_submit', { frames: frames.slice(0, 1) })
    await pass(chain, CHANNEL_TIMEOUT + 1)
    await ours.call(chain, 'batch_submit', { frames: frames.slice(1) })
    await pass(chain)
    expect(await safe(chain)).toBe(next - 1)
    // What cannot be executed is replaced by a block of deposits: as it is, this one is.
    await ours.call(chain, 'batch_submitBlocks', {
      ...one(next),
      overrides: [{ block: next, transactions: ['0x02c0'] }],
    })
    await pass(chain)
    expect(await safe(chain)).toBe(next)
    const { transactions } = await el.rpc.call<{ transactions: { type: Hex }[] }>('eth_getBlockByNumber', [
      toQuantity(next),
      true,
    ])
    expect(new Set(transactions.map(({ type }) => type))).toEqual(new Set(['0x7e']))
    await ours.submit({})(chain)
  }
  // op-node changes its stages with the L1 block that brings Holocene, but not where this brings the upgrade before it, too.
  const before = (['granite', 'holocene'] as const).map((from): Stretch => ({ from, submit: ours.submit({}) }))
  await using _ = await startBatchedChain([...before, { from: 'jovian', submit }], Math.max(STEP, 12))
  expect(outcomes).toEqual(HOSTILE.map(({ what, safe: count }) => [what, count]))
})
