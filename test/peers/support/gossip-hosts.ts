import type { PublishResult } from '@libp2p/gossipsub'
import { BlockGossip, type BlockGossipParts } from '../../../src/p2p/block-gossip.ts'
import { createGossipNode, type GossipNode } from '../../../src/p2p/libp2p-node.ts'
import { systemClock } from '../../../src/primitives/clock.ts'
import type { Hex } from '../../../src/primitives/hex.ts'
import { hexToBytes } from '../../../src/primitives/hex.ts'
import type { RollupConfig } from '../../../src/protocol/rollup-config.ts'
import { silentLogger } from '../../../src/telemetry/logger.ts'
import { unsafeBlockSigner } from './dev-accounts.ts'

/** Our host in this process: it takes blocks, and has none to give but those that were gossiped. */
export interface GossipHost extends AsyncDisposable {
  readonly gossip: BlockGossip
  /** With its id. */
  readonly address: string
}

/** Starts our host. @param key 32 bytes of hex */
export async function startGossipHost(
  config: RollupConfig,
  key: Hex,
  parts: Partial<BlockGossipParts> = {},
): Promise<GossipHost> {
  const gossip = new BlockGossip({
    config,
    key: hexToBytes(key),
    listen: '/ip4/127.0.0.1/tcp/0',
    static: [],
    agent: 'test',
    clock: systemClock,
    maxAgeMs: 60_000,
    logger: silentLogger(),
    source: { payload: async () => undefined },
    loadSigner: async () => unsafeBlockSigner.address,
    onPayload: () => undefined,
    ...parts,
  })
  await gossip.listen()
  const stop = new AbortController()
  const running = gossip.run(stop.signal)
  return {
    gossip,
    address: gossip.addresses[0] as string,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await running
      await gossip.close()
    },
  }
}

/** A libp2p node that says what a test has it say. */
export interface RawNode extends AsyncDisposable {
  readonly node: GossipNode
  /** Sends to all that take the topic. @returns to how many */
  send(topic: string, data: Uint8Array): Promise<number>
}

/** Starts a node that takes all blocks, or none where no topics are given. */
export async function startRawNode(key: Hex, topics: readonly string[], subscribed = true): Promise<RawNode> {
  const node = await createGossipNode({
    key: hexToBytes(key),
    listen: '/ip4/127.0.0.1/tcp/0',
    agent: 'raw',
    blockTime: 1n,
    topics,
    validate: () => 'accept',
    applicationScore: () => 0,
    isBarred: () => false,
  })
  await node.start()
  if (subscribed) for (const topic of topics) node.services.pubsub.subscribe(topic)
  return {
    node,
    async send(topic, data) {
      const { pubsub } = node.services
      // Not only to its mesh.
      const publish = pubsub.publish as (topic: string, data: Uint8Array, options: object) => Promise<PublishResult>
      const { recipients } = await publish.call(pubsub, topic, data, { floodPublish: true })
      return recipients.length
    },
    async [Symbol.asyncDispose]() {
      await node.stop()
    },
  }
}
