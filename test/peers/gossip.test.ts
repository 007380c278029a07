import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Hash } from '../../src/primitives/hex.ts'
import { PAYLOAD_VERSIONS, type PayloadVersion, payloadVersionAt } from '../../src/protocol/payload-version.ts'
import { parseRollupConfig } from '../../src/protocol/rollup-config.ts'
import { unsafeBlockSigner } from './support/dev-accounts.ts'
import { upgrading } from './support/fork-schedule.ts'
import { freePort } from './support/free-port.ts'
import { startGossipHost } from './support/gossip-hosts.ts'
import { type OpSequencer, type Sealed, startOpSequencer } from './support/op-sequencer.ts'
import { peerId } from './support/p2p-identity.ts'
import { startSingleStack } from './support/single-stack.ts'
import { startTwinEl, startVerifier } from './support/verifier.ts'
import { waitFor } from './support/wait-for.ts'

const NODE_KEY = `0x${'60'.repeat(32)}` as const
const OUR_KEY = `0x${'61'.repeat(32)}` as const
const VERIFIER_KEY = `0x${'62'.repeat(32)}` as const
const OBSERVER_KEY = `0x${'63'.repeat(32)}` as const
const BLOCKS = Number(process.env.OP_SEQUENCER_BLOCKS ?? 30)
/** Blocks that nobody hears of. */
const BEFORE = 5

/** Bedrock first, the newest after a few blocks: each version of the encoding is gossiped. */
const schedule = upgrading({ canyon: 18, ecotone: 22, granite: 26, isthmus: 28, jovian: 32 })

async function block(sequencer: OpSequencer): Promise<Hash> {
  const job = await sequencer.rpc.call<string>('test_open')
  const sealed = await sequencer.rpc.call<Sealed>('test_seal', [job])
  expect(sealed).toMatchObject({ committed: true, published: true })
  return sealed.hash
}

async function topicPeers(sequencer: OpSequencer): Promise<number> {
  return (await sequencer.rpc.call<{ blocksTopicV4: number }>('opp2p_peerStats')).blocksTopicV4
}

async function figure(port: number, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const line = text.split('\n').find((each) => each.startsWith(`op_sequencer_p2p_${name} `))
  return Number(line?.split(' ').at(-1))
}

describe('block gossip by our own host', () => {
  it('fills a gap of a verifier op-node, and reaches it with all blocks from Bedrock to Jovian', {
    timeout: 300_000 + BLOCKS * 3000,
  }, async () => {
    // Blocks may be as old as they get on a slow machine.
    await using stack = await startSingleStack({ forks: schedule, back: BLOCKS + 60, sequencer: 'stopped' })
    const { folder, l1, el, rollupFile } = stack
    const [ourPort, metricsPort] = [await freePort(), await freePort()]
    const ours = `/ip4/127.0.0.1/tcp/${ourPort}/p2p/${peerId(OUR_KEY)}`
    await using sequencer = await startOpSequencer({
      folder,
      l1: { url: l1.el.url, configFile: l1.configFile },
      el,
      rollupFile,
      root: { metrics: { port: metricsPort } },
      chain: {
        signer: { keyFile: folder.write('signer.key', unsafeBlockSigner.privateKey) },
        p2p: {
          listen: `/ip4/127.0.0.1/tcp/${ourPort}`,
          keyFile: folder.write('p2p.key', OUR_KEY),
          maxAge: '1h',
        },
      },
    })
    for (let i = 0; i < BEFORE; i++) await block(sequencer)
    await using verifier = await startVerifier(stack, {
      p2p: { privateKey: VERIFIER_KEY, static: [ours] },
      flags: ['--p2p.gossip.timestamp.threshold', '1h', '--syncmode.req-resp'],
    })
    const unsafe = async (): Promise<Hash> => (await verifier.node.syncStatus()).unsafe_l2.hash
    await waitFor('the verifier is there', async () => (await topicPeers(sequencer)) === 1)
    const served = 'served_total{chain="op-a",result="success"}'
    expect(await figure(metricsPort, served)).toBe(0)
    const first = await block(sequencer)
    await waitFor('the verifier has filled the gap', async () => (await unsafe()) === first)
    expect(await figure(metricsPort, served)).toBeGreaterThanOrEqual(BEFORE)

    const config = parseRollupConfig(JSON.parse(readFileSync(rollupFile, 'utf8')))
    // Who hears of blocks by nobody but the verifier hears of those that the verifier accepts.
    const heard = new Map<Hash, PayloadVersion>()
    await using observer = await startGossipHost(config, OBSERVER_KEY, {
      maxAgeMs: 3_600_000,
      static: [{ id: peerId(VERIFIER_KEY), address: verifier.node.multiaddr }],
      onPayload: ({ hash, header }) => heard.set(hash, payloadVersionAt(config.forks, header.timestamp)),
    })
    await waitFor('the observer hears of blocks', async () => {
      const hash = await block(sequencer)
      return waitFor('this one', () => heard.has(hash), { timeout: 3_000 })
    })
    const made: Hash[] = []
    for (let i = 0; i < BLOCKS; i++) made.push(await block(sequencer))
    await waitFor('the verifier has the last block', async () => (await unsafe()) === made.at(-1))
    await waitFor('the observer has heard of all', () => made.every((hash) => heard.has(hash)), { timeout: 10000 })
    expect(new Set(made.map((hash) => heard.get(hash)))).toEqual(new Set(PAYLOAD_VERSIONS))
    expect(observer.gossip.stats.received).toMatchObject({ ignore: 0, reject: 0 })
    const peers = await sequencer.rpc.call<{ peers: Record<string, { scores: { gossip: { total: number } } }> }>(
      'opp2p_peers',
      [true],
    )
    expect(Object.keys(peers.peers)).toEqual([peerId(VERIFIER_KEY)])
    expect(peers.peers[peerId(VERIFIER_KEY)]?.scores.gossip.total).toBeGreaterThanOrEqual(0)
  })

  it("follows an op-node's blocks, filling the gap from its server", { timeout: 240_000 }, async () => {
    await using stack = await startSingleStack({ forks: schedule, back: 36, p2p: { privateKey: NODE_KEY } })
    const { folder, l1, node, rollupFile } = stack
    await using el = await startTwinEl(stack, { name: 'follower-geth' })
    const metricsPort = await freePort()
    await waitFor('op-node is past all forks', async () => (await node.syncStatus()).unsafe_l2.number > 36)
    await using follower = await startOpSequencer({
      folder,
      l1: { url: l1.el.url, configFile: l1.configFile },
      el,
      rollupFile,
      root: { metrics: { port: metricsPort } },
      chain: {
        signer: { keyFile: folder.write('signer.key', unsafeBlockSigner.privateKey) },
        p2p: { listen: '/ip4/127.0.0.1/tcp/0', static: [node.multiaddr] },
      },
    })
    const caughtUp = async (): Promise<boolean> => {
      const [head, { unsafe_l2: unsafe }] = [await el.block('latest'), await node.syncStatus()]
      return Number(head.number) > 38 && unsafe.number - Number(head.number) <= 1
    }
    await waitFor('our op-geth follows', caughtUp, { timeout: 120_000 })
    const { number, hash } = await el.block('latest')
    expect((await stack.el.block(Number(number))).hash).toBe(hash)
    expect(await figure(metricsPort, 'fetched_total{chain="op-a",result="success"}')).toBeGreaterThanOrEqual(36)
    expect((await follower.rpc.call<{ connected: number }>('opp2p_peerStats')).connected).toBe(1)
  })
})
