import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import type { BlockGossipParts } from '../../src/p2p/block-gossip.ts'
import { blockTopic } from '../../src/p2p/block-topics.ts'
import { encodeAnswer, encodeRequest, payloadByNumberProtocol } from '../../src/p2p/request-protocol.ts'
import { packFrames } from '../../src/p2p/snappy-frames.ts'
import { readStream } from '../../src/p2p/stream-io.ts'
import { concatBytes, type Hex, hexToBytes } from '../../src/primitives/hex.ts'
import { packSnappy } from '../../src/primitives/snappy.ts'
import type { Payload } from '../../src/protocol/payload.ts'
import { encodePayloadSsz } from '../../src/protocol/payload-ssz.ts'
import { unsafeBlockSigner } from '../peers/support/dev-accounts.ts'
import { type GossipHost, type RawNode, startGossipHost, startRawNode } from '../peers/support/gossip-hosts.ts'
import { waitFor } from '../peers/support/wait-for.ts'
import { signEncoded } from '../support/gossip-blocks.ts'
import { type GossipChain, gossipChain } from '../support/gossip-chain.ts'

const KEY = hexToBytes(unsafeBlockSigner.privateKey)
const TIMEOUT = 120_000
const newKey = (): Hex => `0x${randomBytes(32).toString('hex')}`

function serving(chain: GossipChain, parts: Partial<BlockGossipParts> = {}): Promise<GossipHost> {
  const source = { payload: async (number: bigint) => chain.blocks[Number(number)] }
  return startGossipHost(chain.config, newKey(), { source, maxAgeMs: 3_600_000, ...parts })
}

function raw({ config }: GossipChain): Promise<RawNode> {
  return startRawNode(newKey(), [blockTopic(config.l2ChainId, 'isthmus')])
}

function publish({ gossip }: GossipHost, { config }: GossipChain, payload: Payload) {
  return gossip.publish(payload, signEncoded(encodePayloadSsz(payload), KEY, config.l2ChainId), {})
}

/** Connects, and waits until both know of each other's topics. */
async function join(host: GossipHost, address: string, peers: number): Promise<void> {
  await host.gossip.peers.connect(address, {})
  await waitFor('topics are known', async () => (await host.gossip.peers.counts()).topics[3] === peers)
}

async function hears(host: GossipHost, peers: number): Promise<void> {
  await waitFor('peers are there', async () => (await host.gossip.peers.counts()).topics[3] === peers)
}

describe('hosts among themselves', () => {
  it('gossip blocks, and give those that were missed', { timeout: TIMEOUT }, async () => {
    const chain = gossipChain(60)
    const heard: Payload[] = []
    await using a = await serving(chain)
    await using b = await startGossipHost(chain.config, newKey(), {
      maxAgeMs: 3_600_000,
      onPayload: (payload) => heard.push(payload),
    })
    await join(b, a.address, 1)
    await hears(a, 1)
    const last = chain.blocks.at(-1) as Payload
    expect(await publish(a, chain, last)).toEqual({ tag: 'published', peers: 1 })
    // Again, it is no other block.
    expect(await publish(a, chain, last)).toEqual({ tag: 'published', peers: 0 })
    await waitFor('the block is there', () => heard.length === 1)
    expect(heard[0]).toEqual(last)
    expect(await b.gossip.fetch(39n, last, {})).toEqual(chain.blocks.slice(40, 59))
    expect(a.gossip.stats.served).toEqual({ success: 19, notFound: 0, invalid: 0, unknown: 0 })
    // What was gossiped is given, too, where the execution layer does not have it.
    const above = { ...last, header: { ...last.header, number: 60n, parentHash: last.hash } }
    expect(await a.gossip.fetch(58n, above, {})).toEqual([last])
  })

  it('refuse to publish what peers would refuse', { timeout: TIMEOUT }, async () => {
    const chain = gossipChain(30)
    await using host = await serving(chain, { maxAgeMs: 10_000 })
    const [old, young] = [chain.blocks[3] as Payload, chain.blocks.at(-1) as Payload]
    expect(await publish(host, chain, old)).toEqual({ tag: 'refused', reason: 'payload is too old' })
    const foreign = signEncoded(encodePayloadSsz(young), new Uint8Array(32).fill(3), chain.config.l2ChainId)
    const refused = { tag: 'refused', reason: 'invalid block signature' }
    expect(await host.gossip.publish(young, foreign, {})).toEqual(refused)
    expect(await publish(host, chain, young)).toEqual({ tag: 'published', peers: 0 })
    expect(host.gossip.stats.published).toBe(1)
  })

  it('let peers be looked at and sent away', { timeout: TIMEOUT }, async () => {
    const chain = gossipChain(2)
    await using a = await serving(chain)
    await using b = await serving(chain)
    await join(a, b.address, 1)
    const { peers } = a.gossip
    const [peer] = await peers.peers(true)
    expect(peer).toMatchObject({ connected: true, direction: 'outbound', gossipBlocks: true, userAgent: 'test' })
    expect(peer?.addresses.every((address) => address.endsWith(`/p2p/${b.gossip.peers.self().id}`))).toBe(true)
    expect(peer?.nodeId).toBe(b.gossip.peers.self().nodeId)
    const id = peer?.id as string
    await peers.block(id)
    await waitFor('it is gone', () => a.gossip.peerCount === 0)
    await expect(peers.connect(b.address, {})).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' })
    peers.unblock(id)
    await peers.connect(b.address, {})
    await peers.disconnect(id)
    await waitFor('it is gone', () => a.gossip.peerCount === 0)
    for (const address of ['127.0.0.1', '/ip4/127.0.0.1/tcp/1']) {
      await expect(peers.connect(address, {})).rejects.toMatchObject({ code: 'PEER_ADDRESS_INVALID' })
    }
    await expect(peers.disconnect('nobody')).rejects.toMatchObject({ code: 'PEER_ADDRESS_INVALID' })
  })
})

describe('hostile peers that ask', () => {
  it('get as many answers as they may have, and keep nobody from theirs', { timeout: TIMEOUT }, async () => {
    const chain = gossipChain(100)
    await using host = await serving(chain)
    await using greedy = await raw(chain)
    await using honest = await startGossipHost(chain.config, newKey())
    const connection = await greedy.node.dial(multiaddr(host.address))
    // Before that libp2p lets few streams through.
    await hears(host, 1)
    const protocol = payloadByNumberProtocol(chain.config.l2ChainId)
    const answers: Uint8Array[] = []
    const streams: Stream[] = []
    const ask = async (bytes: Uint8Array): Promise<void> => {
      const stream = await connection.newStream(protocol)
      streams.push(stream)
      const answer = readStream(stream, 1 << 20, {})
      stream.send(bytes)
      answers.push(await answer)
    }
    // As many as libp2p lets through at once. Some say only part of what they want, and wait.
    const asked = Array.from({ length: 32 }, (_, i) =>
      ask(i % 4 === 0 ? Uint8Array.of(1, 2) : encodeRequest(BigInt(i))).catch(() => undefined),
    )
    await waitFor('some are served', () => host.gossip.stats.served.success >= 5)
    await honest.gossip.peers.connect(host.address, {})
    expect(await honest.gossip.fetch(89n, chain.blocks[99] as Payload, {})).toEqual(chain.blocks.slice(90, 99))
    expect(honest.gossip.stats.fetched).toEqual({ success: 9, failure: 0 })
    for (const stream of streams) stream.abort(new Error('enough'))
    await Promise.all(asked)
  })

  it('are told what is wrong', { timeout: TIMEOUT }, async () => {
    const chain = gossipChain(10)
    const broken = { payload: async (number: bigint) => (number === 5n ? Promise.reject(new Error('no')) : undefined) }
    await using host = await serving(chain, { source: broken })
    await using peer = await raw(chain)
    const connection = await peer.node.dial(multiaddr(host.address))
    const ask = async (bytes: Uint8Array): Promise<Uint8Array> => {
      const stream = await connection.newStream(payloadByNumberProtocol(chain.config.l2ChainId))
      const answer = readStream(stream, 1 << 20, {})
      stream.send(bytes)
      await stream.close()
      return answer
    }
    expect(await ask(encodeRequest(3n))).toEqual(Uint8Array.of(1))
    expect(await ask(encodeRequest(1_000_000n))).toEqual(Uint8Array.of(2))
    expect(await ask(encodeRequest(2n ** 64n - 1n))).toEqual(Uint8Array.of(2))
    expect(await ask(encodeRequest(5n))).toEqual(Uint8Array.of(3))
    expect(await ask(Uint8Array.of(1))).toEqual(Uint8Array.of(3))
    // What comes behind a request is not looked at.
    expect(await ask(concatBytes(encodeRequest(3n), new Uint8Array(200_000)))).toEqual(Uint8Array.of(1))
  })
})

describe('hostile peers that answer', () => {
  const chain = gossipChain(20)
  const { forks } = chain.config
  const whole = encodeAnswer(forks, chain.blocks[18] as Payload)
  const head = Uint8Array.of(0, 1, 0, 0, 0)
  const other = gossipChain(20)

  const says =
    (bytes: Uint8Array) =>
    async (stream: Stream): Promise<void> => {
      stream.send(bytes)
      await stream.close()
    }

  it.each<[string, (stream: Stream) => unknown]>([
    ['nothing', (stream) => stream.close()],
    ['part of a block', says(whole.subarray(0, 300))],
    ['an unknown version', says(Uint8Array.of(0, 9, 0, 0, 0))],
    ['an unknown result', says(Uint8Array.of(77))],
    ['another block', says(encodeAnswer(forks, chain.blocks[3] as Payload))],
    ['a block of another chain', says(encodeAnswer(forks, other.blocks[18] as Payload))],
    ['a bomb', says(concatBytes(head, packFrames(new Uint8Array(30 << 20))))],
    ['more than there may be', says(concatBytes(head, new Uint8Array(11 << 20)))],
    ['a reset', (stream) => stream.abort(new Error('no'))],
  ])('are not believed: %s', { timeout: TIMEOUT }, async (_name, answer) => {
    await using host = await startGossipHost(chain.config, newKey())
    await using liar = await raw(chain)
    await liar.node.handle(payloadByNumberProtocol(chain.config.l2ChainId), async (stream) => {
      await readStream(stream, 8, {}).catch(() => undefined)
      await Promise.resolve(answer(stream)).catch(() => undefined)
    })
    await host.gossip.peers.connect(liar.node.getMultiaddrs()[0]?.toString() as string, {})
    const patience = { signal: AbortSignal.timeout(1_500) }
    await expect(host.gossip.fetch(17n, chain.blocks[19] as Payload, patience)).rejects.toThrow()
    // Somebody else is.
    await using honest = await serving(chain)
    await host.gossip.peers.connect(honest.address, {})
    expect(await host.gossip.fetch(17n, chain.blocks[19] as Payload, {})).toEqual([chain.blocks[18]])
  })
})

describe('hostile peers that gossip', () => {
  it('are sent away when they flood; what others send still comes', { timeout: TIMEOUT }, async () => {
    const chain = gossipChain(20)
    const heard: Payload[] = []
    await using host = await serving(chain, { onPayload: (payload) => heard.push(payload) })
    await using honest = await serving(chain)
    await using flood = await raw(chain)
    await join(honest, host.address, 1)
    await flood.node.dial(multiaddr(host.address))
    await hears(host, 2)
    const topic = blockTopic(chain.config.l2ChainId, 'isthmus')
    const before = process.memoryUsage().rss
    const bomb = packSnappy(new Uint8Array(10 << 20))
    for (let i = 0; i < 400 && host.gossip.stats.barred === 0; i++) {
      // Declared lengths, bombs that are just small enough, and no snappy at all; no two alike.
      const id = randomBytes(8)
      const messages = [
        concatBytes(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f), id),
        concatBytes(bomb.subarray(0, -8), id),
        new Uint8Array(id),
      ]
      await flood.send(topic, messages[i % 3] as Uint8Array)
      await delay(1)
    }
    await waitFor('it is gone', () => host.gossip.stats.barred === 1)
    await waitFor('and the honest one is not', async () => (await host.gossip.peers.counts()).topics[3] === 1)
    expect(process.memoryUsage().rss - before).toBeLessThan(600 << 20)
    await publish(honest, chain, chain.blocks.at(-1) as Payload)
    await waitFor('the block is there', () => heard.length === 1)
  })

  it('may send no gossip at all', { timeout: TIMEOUT }, async () => {
    const chain = gossipChain(20)
    const heard: Payload[] = []
    await using host = await serving(chain, { onPayload: (payload) => heard.push(payload) })
    await using honest = await serving(chain)
    await using stranger = await raw(chain)
    await join(honest, host.address, 1)
    const connection = await stranger.node.dial(multiaddr(host.address))
    for (const garbage of [
      randomBytes(5_000),
      // A message of 2 GiB.
      concatBytes(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x07), new Uint8Array(100_000)),
      // One of 9 MiB that never ends.
      concatBytes(Uint8Array.of(0x80, 0x80, 0xc0, 0x04), new Uint8Array(1 << 20)),
      new Uint8Array(50_000),
    ]) {
      const stream = await connection.newStream('/meshsub/1.1.0').catch(() => undefined)
      if (stream === undefined) continue
      stream.send(new Uint8Array(garbage))
      await delay(20)
    }
    await publish(honest, chain, chain.blocks.at(-1) as Payload)
    await waitFor('the block is there', () => heard.length === 1)
  })

  it('are not waited for when they read nothing', { timeout: TIMEOUT }, async () => {
    const chain = gossipChain(50, 1 << 20)
    const heard = new Set<string>()
    await using host = await serving(chain)
    await using honest = await startGossipHost(chain.config, newKey(), {
      maxAgeMs: 3_600_000,
      onPayload: ({ hash }) => heard.add(hash),
    })
    await using lazy = await raw(chain)
    // Says that it takes blocks, and leaves them where they are.
    for (const version of ['1.2.0', '1.1.0', '1.0.0']) {
      await lazy.node.unhandle(`/meshsub/${version}`)
      await lazy.node.handle(`/meshsub/${version}`, (stream) => stream.pause(), { maxInboundStreams: 10 })
    }
    await lazy.node.dial(multiaddr(host.address))
    await join(honest, host.address, 1)
    await hears(host, 2)
    for (const block of chain.blocks) {
      await publish(host, chain, block)
      await waitFor('the honest one has it', () => heard.has(block.hash))
    }
    // Ending is not held up, either.
  })
})
