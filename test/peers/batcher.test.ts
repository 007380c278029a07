import { expect, test } from 'vitest'
import { bytesToHex, type Hash, type Hex } from '../../src/primitives/hex.ts'
import { decodeBatch } from '../../src/protocol/batch.ts'
import type { Frame } from '../../src/protocol/frame.ts'
import { RawSpanBatch } from '../../src/protocol/span-batch.ts'
import { type BatchedChain, type Stretch, startBatchedChain } from './support/batched-chain.ts'
import { batcher, user } from './support/dev-accounts.ts'
import { channelsOf, framesOf, readInbox } from './support/inbox-reader.ts'
import { type OpSequencer, startOpSequencer } from './support/op-sequencer.ts'

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
