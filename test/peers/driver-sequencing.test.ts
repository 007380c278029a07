import { expect, it } from 'vitest'
import type { Hash } from '../../src/primitives/hex.ts'
import { unsafeBlockSigner, user } from './support/dev-accounts.ts'
import { type ForkSchedule, forksUpTo } from './support/fork-schedule.ts'
import { l2Genesis } from './support/l2-genesis.ts'
import { LoadSender } from './support/load.ts'
import { startOpBatcher } from './support/op-batcher.ts'
import { startOpGeth } from './support/op-geth.ts'
import { type Sealed, startOpSequencer } from './support/op-sequencer.ts'
import { startSingleStack } from './support/single-stack.ts'
import { waitFor } from './support/wait-for.ts'

const VERIFIER_KEY = `0x${'62'.repeat(32)}` as const

interface Head {
  readonly hash: Hash
  readonly number: number
}

interface Heads {
  readonly unsafe_l2: Head
  readonly safe_l2: Head
  readonly finalized_l2: Head
}

/** Up to Isthmus at genesis, and the last one while the chain runs. */
function schedule(genesisTime: number): ForkSchedule {
  return Object.fromEntries(
    forksUpTo('jovian').map((fork) => [fork, fork === 'jovian' ? genesisTime + 8 : 0]),
  ) as unknown as ForkSchedule
}

it('sequences, is batched by op-batcher, derives what it has sequenced, and op-node agrees about all of it', {
  timeout: 240_000,
}, async () => {
  await using stack = await startSingleStack({
    forks: schedule,
    sequencer: 'stopped',
    p2p: { privateKey: VERIFIER_KEY },
  })
  // The node of the stack only follows.
  const { folder, l1, el: verifierEl, node: verifier, rollupFile, forks, genesisTime } = stack
  const genesis = await l2Genesis({ timestamp: genesisTime, forks })
  await using el = await startOpGeth({ folder, genesis, name: 'sequencer-geth' })
  await using sequencer = await startOpSequencer({
    folder,
    l1: { url: l1.el.url, configFile: l1.configFile, beacon: l1.beacon.url },
    el,
    rollupFile,
    root: { datadir: folder.path('datadir') },
    chain: {
      driver: true,
      mode: 'auto',
      signer: { keyFile: folder.write('signer.key', unsafeBlockSigner.privateKey) },
      p2p: { listen: '/ip4/127.0.0.1/tcp/0', static: [verifier.multiaddr] },
      sequencer: { l1Confs: 1 },
    },
  })
  await using _batcher = await startOpBatcher({ folder, l1, el, node: { url: sequencer.rpc.url }, batchType: 'span' })
  const ours = (): Promise<Heads> => sequencer.rpc.call('optimism_syncStatus')
  const check = (): void => sequencer.process.assertRunning()
  const sender = new LoadSender(user, { gas: 500_000n })
  const sent: string[] = []
  for (let i = 0; i < 10; i++) sent.push(await sequencer.rpc.call('eth_sendRawTransaction', [await sender.next()]))
  for (const hash of sent) {
    const mined = async (): Promise<boolean> => (await el.rpc.call('eth_getTransactionReceipt', [hash])) !== null
    await waitFor(`${hash} is mined`, mined, { check })
  }
  const final = await waitFor(
    'blocks become final',
    async () => {
      const status = await ours()
      return status.finalized_l2.number > 12 ? status : undefined
    },
    { check, timeout: 120_000 },
  )
  // The engine was told so.
  const labelled = async (label: string): Promise<number> => Number((await el.block(label as 'latest')).number)
  expect(await labelled('finalized')).toBeGreaterThanOrEqual(final.finalized_l2.number)
  const theirs = await waitFor('op-node has come as far', async () => {
    const status = await verifier.syncStatus()
    const far = status.safe_l2.number >= final.safe_l2.number && status.unsafe_l2.number >= final.unsafe_l2.number
    return far && status.finalized_l2.number >= final.finalized_l2.number ? status : undefined
  })
  for (const head of [final.unsafe_l2, final.safe_l2, final.finalized_l2]) {
    expect((await verifierEl.block(head.number)).hash).toBe(head.hash)
  }
  // Neither of them had to replace anything that was gossiped.
  const { hash } = await el.block(theirs.safe_l2.number)
  expect(hash).toBe(theirs.safe_l2.hash)
  // What is safe cannot be replaced by hand; what stands on it can.
  await sequencer.rpc.call('admin_stopSequencer')
  const now = await ours()
  const seal = async (l2Parent: Hash): Promise<Sealed> => {
    const job = await sequencer.rpc.call<string>('test_open', [{ l2Parent, feeRecipient: user.address }])
    return sequencer.rpc.call<Sealed>('test_seal', [job, { publish: false }])
  }
  const below = await el.block(now.finalized_l2.number - 1)
  await expect(seal(below.hash)).rejects.toMatchObject({ code: -38530 })
  expect((await ours()).unsafe_l2.hash).toBe(now.unsafe_l2.hash)
  const parent = (await el.block(now.unsafe_l2.number - 1)).hash
  const { hash: sibling } = await seal(parent)
  expect(sibling).not.toBe(now.unsafe_l2.hash)
  expect((await ours()).unsafe_l2.hash).toBe(sibling)
})

it('follows a sequencer by gossip, asks for what came before, and derives the rest', { timeout: 240_000 }, async () => {
  await using stack = await startSingleStack({ forks: schedule, back: 20, p2p: { privateKey: VERIFIER_KEY } })
  const { folder, l1, el: sequencerEl, node, rollupFile, forks, genesisTime } = stack
  await waitFor('there are blocks before', async () => (await sequencerEl.blockNumber()) > 12)
  const genesis = await l2Genesis({ timestamp: genesisTime, forks })
  await using el = await startOpGeth({ folder, genesis, name: 'follower-geth' })
  await using follower = await startOpSequencer({
    folder,
    l1: { url: l1.el.url, configFile: l1.configFile, beacon: l1.beacon.url },
    el,
    rollupFile,
    chain: { driver: true, p2p: { listen: '/ip4/127.0.0.1/tcp/0', static: [node.multiaddr] } },
  })
  const check = (): void => follower.process.assertRunning()
  const head = (): Promise<Heads> => follower.rpc.call('optimism_syncStatus')
  // Nothing is on L1 yet: all of it came from the other node.
  const followed = await waitFor(
    'it has caught up',
    async () => {
      const [ours, theirs] = [await head(), await sequencerEl.blockNumber()]
      return ours.unsafe_l2.number > 12 && ours.unsafe_l2.number >= theirs - 1 ? ours : undefined
    },
    { check, timeout: 60_000 },
  )
  expect(followed.safe_l2.number).toBe(0)
  await using _batcher = await startOpBatcher({ folder, l1, el: sequencerEl, node })
  await waitFor('what it followed is safe', async () => (await head()).safe_l2.number >= followed.unsafe_l2.number, {
    check,
    timeout: 60_000,
  })
  const { hash, number } = followed.unsafe_l2
  expect((await sequencerEl.block(number)).hash).toBe(hash)
  expect((await el.block(number)).hash).toBe(hash)
})

it('has its op-geth fetch a long chain by itself, and derives it then', { timeout: 240_000 }, async () => {
  await using stack = await startSingleStack({
    forks: schedule,
    back: 60,
    p2p: { privateKey: VERIFIER_KEY },
    opGethFlags: ['--maxpeers', '2'],
  })
  const { folder, l1, el: sequencerEl, node, rollupFile, forks, genesisTime } = stack
  await waitFor('there is a chain', async () => (await sequencerEl.blockNumber()) > 50)
  const genesis = await l2Genesis({ timestamp: genesisTime, forks })
  await using el = await startOpGeth({ folder, genesis, name: 'syncing-geth', maxPeers: 2 })
  const { enode } = await sequencerEl.rpc.call<{ enode: string }>('admin_nodeInfo')
  await el.rpc.call('admin_addPeer', [enode])
  await using follower = await startOpSequencer({
    folder,
    l1: { url: l1.el.url, configFile: l1.configFile, beacon: l1.beacon.url },
    el,
    rollupFile,
    chain: {
      driver: { sync: 'execution-layer' },
      p2p: { listen: '/ip4/127.0.0.1/tcp/0', static: [node.multiaddr] },
    },
  })
  const check = (): void => follower.process.assertRunning()
  const head = (): Promise<Heads> => follower.rpc.call('optimism_syncStatus')
  const synced = await waitFor(
    'it has caught up',
    async () => {
      const status = await head()
      return status.unsafe_l2.number > 50 ? status : undefined
    },
    { check, timeout: 90_000 },
  )
  const trace = await follower.rpc.call<{ effect: string; result: string }[]>('driver_trace', [1000])
  expect(trace.some(({ effect, result }) => effect === 'unsafe-sync-trigger' && result === 'applied')).toBe(true)
  expect((await sequencerEl.block(synced.unsafe_l2.number)).hash).toBe(synced.unsafe_l2.hash)
  await using _batcher = await startOpBatcher({ folder, l1, el: sequencerEl, node })
  await waitFor('what it fetched is safe', async () => (await head()).safe_l2.number >= synced.unsafe_l2.number, {
    check,
    timeout: 60_000,
  })
  expect((await el.block(synced.unsafe_l2.number)).hash).toBe(synced.unsafe_l2.hash)
})
