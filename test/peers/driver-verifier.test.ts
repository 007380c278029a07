import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hexToBytes, toQuantity } from '../../src/primitives/hex.ts'
import type { OpFork } from '../../src/protocol/forks.ts'
import { ChannelIds } from './support/batch-data.ts'
import { otherUser } from './support/dev-accounts.ts'
import { DriverStack } from './support/driver-stack.ts'
import { forksUpTo, staggered } from './support/fork-schedule.ts'
import { HostileKit } from './support/hostile-kit.ts'
import { ReorgingL1 } from './support/l1-reorg.ts'
import type { L1Item } from './support/l1-writer.ts'
import { type OpBatcherOptions, startOpBatcher } from './support/op-batcher.ts'
import type { PeerProcess } from './support/peer-process.ts'
import { randomBatches } from './support/random-batches.ts'
import { type RollupNode, rollupNode, statusOf } from './support/sequenced-l1.ts'
import { depositCalldata, PORTAL } from './support/stand-in-contracts.ts'
import { seededRandom } from './support/storage-world.ts'
import { startVerifier } from './support/verifier.ts'
import { waitFor } from './support/wait-for.ts'

const SEED = Number(process.env.OP_SEQUENCER_SEED ?? 7)
/** L2 blocks that op-batcher brings to L1. */
const BLOCKS = Number(process.env.OP_SEQUENCER_BLOCKS ?? 60)
const REORGS = Number(process.env.OP_SEQUENCER_REORGS ?? 2)
const MAX_DEPTH = 20
/** In L1 blocks. */
const WINDOW = 24
/** Seconds, and L2 blocks, between two upgrades. */
const STEP = Math.ceil(BLOCKS / (forksUpTo('jovian').length + 1))
const TIMEOUT = 300_000 + BLOCKS * 2_000 + REORGS * 30_000

/** How op-batcher works from an upgrade on. */
interface Stretch extends Pick<OpBatcherOptions, 'da' | 'batchType' | 'flags'> {
  readonly forks: readonly OpFork[]
}

/** Both kinds of batches, both places for them, both compressions. */
const STRETCHES: readonly Stretch[] = [
  // A span batch may not begin before Delta.
  { forks: ['bedrock', 'regolith', 'canyon', 'delta'] },
  { forks: ['ecotone'], batchType: 'span' },
  { forks: ['fjord'], da: 'blobs', batchType: 'span' },
  { forks: ['granite'], da: 'blobs', flags: ['--compression-algo', 'brotli'] },
  // Its channels are cut into frames of their own transactions.
  { forks: ['holocene', 'isthmus'], batchType: 'span', flags: ['--max-l1-tx-size-bytes', '700'] },
  { forks: ['jovian'], da: 'blobs' },
]

describe('our driver beside op-node', () => {
  const resources = new AsyncDisposableStack()
  const random = seededRandom(SEED)
  const ids = new ChannelIds()
  let stack: DriverStack
  let l1: ReorgingL1

  beforeAll(async () => {
    process.stderr.write(`driver beside op-node: seed ${SEED}\n`)
    stack = resources.use(
      await DriverStack.start({
        forks: (genesisTime) => staggered(genesisTime, STEP),
        back: BLOCKS + 200 + REORGS * 150,
        rollup: { seqWindowSize: WINDOW },
      }),
    )
    l1 = new ReorgingL1(stack.base.l1, random)
  })

  afterAll(() => resources.disposeAsync())

  /** With one more L1 block, all that was before it is done: everybody has the same heads. */
  async function settle(): Promise<void> {
    const { number, hash } = await l1.mine()
    await stack.read(hash)
    await stack.agree()
    const finalized = Math.max(0, number - MAX_DEPTH - 1)
    await stack.base.l1.label(finalized, finalized)
    await waitFor('L1 is seen as final', async () => {
      const statuses = await Promise.all(stack.nodes.map(statusOf))
      return statuses.every(({ finalized_l1: seen }) => seen.number === finalized)
    })
    await stack.agree()
  }

  /** Blocks of the sequencer, handed on or not. */
  async function sequence(): Promise<void> {
    await stack.base.sequenceToL1(3 + random(6), random(4))
    if (random(2) === 0) await stack.relay((await statusOf(stack.sequencer)).unsafe_l2.number)
  }

  /** Brings what the sequencer has to L1, as a batcher that works. */
  async function batch(): Promise<void> {
    const { safe_l2: safe, unsafe_l2: unsafe } = await statusOf(stack.sequencer)
    const blocks = await stack.base.blocks(safe.number + 1, unsafe.number)
    const kit = new HostileKit(stack.base, await stack.base.ref(safe.number), blocks, ids)
    const items = randomBatches(kit, random)
    while (items.length > 0) await l1.mine(items.splice(0, 1 + random(3)), await inTime())
  }

  /** The time of an L1 block that is about where L2 is. */
  async function inTime(): Promise<number> {
    const { timestamp } = (await statusOf(stack.sequencer)).unsafe_l2
    return Math.max((await stack.base.l1.head()).timestamp + 1, timestamp - 2)
  }

  async function deposit(): Promise<L1Item> {
    const to = otherUser.address
    return { from: otherUser, to: PORTAL, data: hexToBytes(depositCalldata({ from: to, to, mint: 5n, value: 1n })) }
  }

  /** Everything comes to be safe, whatever happened before. */
  async function recover(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) {
      await sequence()
      await batch()
      await settle()
      const { safe_l2: safe, unsafe_l2: unsafe } = await statusOf(stack.sequencer)
      if (safe.hash === unsafe.hash) return
    }
    throw new Error('the safe head does not reach the sequencer’s')
  }

  /** What an op-node says of each L1 block, and of L2 blocks. */
  async function compareHistory(node: RollupNode = stack.peer): Promise<void> {
    const { number } = await stack.base.l1.head()
    for (let at = 1; at < number; at++) {
      const asked = ['optimism_safeHeadAtL1Block', [toQuantity(at)]] as const
      expect(await stack.ours.rpc.call(...asked), `at L1 block ${at}`).toEqual(await node.rpc.call(...asked))
    }
    const { safe_l2: safe } = await statusOf(node)
    for (let at = 0; at <= safe.number; at += Math.max(1, Math.floor(safe.number / 60))) {
      const output = async ({ rpc }: RollupNode): Promise<unknown> => {
        const { syncStatus: _, ...rest } = await rpc.call<{ syncStatus: unknown }>('optimism_outputAtBlock', [
          toQuantity(at),
        ])
        return rest
      }
      expect(await output(stack.ours), `output at block ${at}`).toEqual(await output(node))
    }
  }

  /** Sequences the blocks of an upgrade, from an L1 block of its first second on. */
  async function advance(index: number): Promise<void> {
    const start = stack.base.genesisTime + index * STEP
    const { timestamp } = await stack.base.l1.head()
    await l1.mine(index % 2 === 0 ? [await deposit()] : [], Math.max(start, timestamp + 1))
    await stack.base.sequence((index + 1) * STEP, 6)
    if (index % 3 === 1) await stack.relay((await statusOf(stack.sequencer)).unsafe_l2.number)
  }

  /** Has op-batcher bring to L1 what there is. */
  async function runOpBatcher({ flags = [], ...how }: Omit<Stretch, 'forks'>): Promise<void> {
    const { sequencer, folder } = stack.base
    const fast = ['--poll-interval', '100ms', '--txmgr.receipt-query-interval', '100ms', ...flags]
    await using batcher = await startOpBatcher({
      ...{ folder, name: `op-batcher-${(await stack.base.l1.head()).number}`, ...how, flags: fast },
      ...{ l1: { el: { url: stack.base.l1.l1.rpc.url } }, el: sequencer.el, node: sequencer.rpc },
    })
    const check = (): void => {
      batcher.process.assertRunning()
      stack.check()
    }
    const number = await sequencer.el.blockNumber()
    const safe = async (): Promise<boolean> => {
      if ((await statusOf(sequencer)).safe_l2.number >= number) return true
      await batcher.flush()
      const { pending } = await stack.base.l1.l1.rpc.call<{ pending: string }>('txpool_status')
      if (Number(pending) > 0) await stack.base.l1.minePool()
      return false
    }
    await waitFor(`block ${number} is safe`, safe, { check, interval: 100, timeout: 120_000 })
    await settle()
  }

  it(`has the same heads while op-batcher brings ${BLOCKS} blocks to L1, Bedrock to Jovian`, {
    timeout: TIMEOUT,
  }, async () => {
    let index = 0
    for (const { forks, ...how } of STRETCHES) {
      for (const _ of forks) await advance(index++)
      await runOpBatcher(how)
    }
    await compareHistory()
  })

  it(`has the same heads after ${REORGS} reorgs of L1, and so has who derives from the beginning`, {
    timeout: TIMEOUT,
  }, async () => {
    for (let turn = 0; turn < REORGS; turn++) {
      for (let round = 0; round < 4; round++) {
        await sequence()
        await batch()
        await l1.mine(random(3) === 0 ? [await deposit()] : [])
        await settle()
      }
      // What is not on L1 when it is reorganized.
      if (random(2) === 0) await sequence()
      const before = await statusOf(stack.peer)
      const depth = 1 + random(MAX_DEPTH)
      const { head, lost, again } = await l1.reorg(depth)
      await stack.read(head.hash)
      const after = await stack.agree()
      process.stderr.write(
        `reorg of ${depth} L1 blocks: ${lost} transactions lost, ${again} again; ` +
          `unsafe ${before.unsafe_l2.number} -> ${after.unsafe_l2.number}, safe ${before.safe_l2.number} -> ${after.safe_l2.number}\n`,
      )
      await settle()
      await recover()
    }
    await compareHistory()
    const { l1: mock } = stack.base.l1
    await using fresh = await startVerifier(
      { folder: stack.base.folder, l1: mock, el: stack.sequencer.el, rollupFile: stack.base.rollupFile },
      { name: 'fresh', flags: ['--safedb.path', stack.base.folder.path('fresh-safedb')] },
    )
    const node = rollupNode('fresh', fresh.node, fresh.el)
    await stack.read((await stack.base.l1.head()).hash, [node])
    await compareHistory(node)
  })

  it('derives the same empty blocks where the batcher stopped for longer than the sequencing window', {
    timeout: 240_000,
  }, async () => {
    await sequence()
    const { unsafe_l2: unsafe, safe_l2: safe } = await statusOf(stack.sequencer)
    for (let index = 0; index < WINDOW + 6; index++) await l1.mine()
    await settle()
    const after = await stack.agree()
    expect(after.safe_l2.number).toBeGreaterThan(safe.number)
    const block = await stack.ours.el.block(unsafe.number)
    expect(block.hash).not.toBe(unsafe.hash)
    expect(block.transactions).toHaveLength(1)
    await recover()
    await compareHistory()
  })

  it('comes to the same heads when its engine, its L1 or itself was gone', { timeout: 240_000 }, async () => {
    const { el, process: ours } = stack.ours
    const meanwhile = async (): Promise<void> => {
      await stack.base.sequenceToL1(4)
      await batch()
    }
    const down = async (process: PeerProcess, how: 'stop' | 'kill9'): Promise<void> => {
      stack.down.add(process)
      await process[how]()
    }
    const up = async (process: PeerProcess): Promise<void> => {
      await process.start()
      stack.down.delete(process)
    }
    for (const [process, how] of [
      [el.process, 'stop'],
      [el.process, 'kill9'],
      [ours, 'kill9'],
    ] as const) {
      await down(process, how)
      await meanwhile()
      await up(process)
      await settle()
    }
    stack.l1Proxy.cut = true
    await meanwhile()
    stack.l1Proxy.cut = false
    await settle()
    // While it derives.
    await meanwhile()
    for (const process of [ours, el.process]) await down(process, 'kill9')
    for (const process of [el.process, ours]) await up(process)
    await recover()
    await compareHistory()
  })
})
