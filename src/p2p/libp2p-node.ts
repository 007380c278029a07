import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import { type GossipSub, gossipsub, TopicValidatorResult } from '@libp2p/gossipsub'
import { type Identify, identify } from '@libp2p/identify'
import type { ConnectionGater, Libp2p, PeerId } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { type Ping, ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import type { Verdict } from './block-validator.ts'
import { MAX_GOSSIP_SIZE } from './gossip-data.ts'
import { messageId, packedId } from './message-id.ts'
import { peerScoreParams, SCORE_THRESHOLDS } from './scoring.ts'

/** Connections at once; op-node's `--p2p.peers.hi`. */
const MAX_CONNECTIONS = 30
/** New connections of one machine in a second. */
const MAX_NEW_CONNECTIONS = 20
/** Milliseconds. */
const HEARTBEAT = 500
/** What waits to be sent to one peer, in bytes: who takes no more loses its stream. */
const MAX_OUTBOUND = 4 * MAX_GOSSIP_SIZE
/** Milliseconds that a peer may take to say who it is, and to answer a ping. */
const PATIENCE = 20_000

/** A peer's part in gossip, as the router counts. */
export interface RouterStats {
  readonly behaviourPenalty: number
  readonly topics: Readonly<
    Record<
      string,
      {
        readonly meshTime: number
        readonly firstMessageDeliveries: number
        readonly meshMessageDeliveries: number
        readonly invalidMessageDeliveries: number
      }
    >
  >
}

/** The router, with what its declared interface leaves out. */
export interface Router extends GossipSub {
  getScore(peer: string): number
  dumpPeerScoreStats(): Readonly<Record<string, RouterStats>>
}

/** A libp2p node that gossips. */
export type GossipNode = Libp2p<{ identify: Identify; ping: Ping; pubsub: Router }>

/** What a node is made of. */
export interface GossipNodeOptions {
  /** secp256k1, 32 bytes: who we are. */
  readonly key: Uint8Array
  /** A multiaddress. */
  readonly listen: string
  readonly agent: string
  /** Seconds. */
  readonly blockTime: bigint
  readonly topics: readonly string[]
  readonly validate: (topic: string, data: Uint8Array, peer: PeerId) => Verdict['tag']
  /** What requests add to a peer's score. */
  readonly applicationScore: (peer: string) => number
  readonly isBarred: (peer: string) => boolean
}

/** Parameters of gossip, all of them op-node's. */
function router({ topics, blockTime, applicationScore }: GossipNodeOptions) {
  return gossipsub({
    globalSignaturePolicy: 'StrictNoSign',
    msgIdFn: messageId,
    fastMsgIdFn: packedId,
    allowedTopics: [...topics],
    D: 8,
    Dlo: 6,
    Dhi: 12,
    Dlazy: 6,
    heartbeatInterval: HEARTBEAT,
    fanoutTTL: 24_000,
    mcacheLength: 12,
    mcacheGossip: 3,
    seenTTL: 130 * HEARTBEAT,
    floodPublish: false,
    doPX: false,
    emitSelf: false,
    // A block that nobody hears of now is told of when somebody comes, and can be asked for.
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    // One message of a peer after the other: who sends more is not read meanwhile.
    awaitRpcHandler: true,
    awaitRpcMessageHandler: true,
    maxInboundDataLength: MAX_GOSSIP_SIZE,
    maxOutboundBufferSize: MAX_OUTBOUND,
    scoreParams: peerScoreParams(blockTime, applicationScore),
    scoreThresholds: SCORE_THRESHOLDS,
  })
}

const RESULTS: Readonly<Record<Verdict['tag'], TopicValidatorResult>> = {
  accept: TopicValidatorResult.Accept,
  known: TopicValidatorResult.Ignore,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
}

/** Makes a node that is not started. */
export async function createGossipNode(options: GossipNodeOptions): Promise<GossipNode> {
  const { topics, validate, isBarred } = options
  const connectionGater: ConnectionGater = {
    denyDialPeer: (peer) => isBarred(peer.toString()),
    denyInboundEncryptedConnection: (peer) => isBarred(peer.toString()),
  }
  const node = await createLibp2p({
    start: false,
    privateKey: privateKeyFromRaw(options.key),
    nodeInfo: { userAgent: options.agent },
    addresses: { listen: [options.listen] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater,
    connectionManager: { maxConnections: MAX_CONNECTIONS, inboundConnectionThreshold: MAX_NEW_CONNECTIONS },
    connectionMonitor: { pingTimeout: { minTimeout: PATIENCE } },
    services: { identify: identify({ timeout: PATIENCE }), ping: ping(), pubsub: router(options) },
  })
  for (const topic of topics) {
    node.services.pubsub.topicValidators.set(topic, (peer, message) => RESULTS[validate(topic, message.data, peer)])
  }
  return node as unknown as GossipNode
}
