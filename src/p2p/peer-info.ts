import type { Connection, PeerId } from '@libp2p/interface'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bytesToHex, type Hash, ZERO_HASH } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import type { GossipPeer } from './gossip-peer.ts'
import type { GossipNode, RouterStats } from './libp2p-node.ts'
import type { RequestScores } from './scoring.ts'

/** The discovery id of a peer: what op-node calls its node id. */
function nodeId(peer: PeerId): Hash {
  if (peer.type !== 'secp256k1') return ZERO_HASH
  const point = secp256k1.Point.fromBytes(peer.publicKey.raw)
  return bytesToHex(keccak256(point.toBytes(false).subarray(1)))
}

/** What is known of a peer beside what libp2p knows. */
export interface PeerFacts {
  readonly requests: RequestScores
  readonly protected: boolean
  readonly gossipBlocks: boolean
}

function text(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : new TextDecoder().decode(bytes)
}

function gossipScores(total: number, stats: RouterStats | undefined): GossipPeer['gossip'] {
  const topics = Object.values(stats?.topics ?? {})
  const sum = (of: (topic: (typeof topics)[number]) => number): number =>
    topics.reduce((all, each) => all + of(each), 0)
  return {
    total,
    timeInMesh: Math.max(0, ...topics.map(({ meshTime }) => meshTime / 1000)),
    firstMessageDeliveries: sum((topic) => topic.firstMessageDeliveries),
    meshMessageDeliveries: sum((topic) => topic.meshMessageDeliveries),
    invalidMessageDeliveries: sum((topic) => topic.invalidMessageDeliveries),
    behavioralPenalty: stats?.behaviourPenalty ?? 0,
  }
}

function withId(address: string, id: string): string {
  return address.includes('/p2p/') ? address : `${address}/p2p/${id}`
}

/** Who we are. */
export function selfInfo(node: GossipNode, agent: string): GossipPeer {
  const id = node.peerId.toString()
  return {
    id,
    nodeId: nodeId(node.peerId),
    userAgent: agent,
    protocolVersion: '',
    addresses: node.getMultiaddrs().map((address) => withId(address.toString(), id)),
    protocols: node.getProtocols(),
    connected: false,
    direction: undefined,
    protected: false,
    latencyMs: 0,
    gossipBlocks: true,
    gossip: gossipScores(0, undefined),
    requests: { validResponses: 0, errorResponses: 0, rejectedPayloads: 0 },
  }
}

/** A peer, as far as it is known. */
export async function peerInfo(node: GossipNode, peer: PeerId, facts: PeerFacts): Promise<GossipPeer> {
  const id = peer.toString()
  const known = await node.peerStore.get(peer).catch(() => undefined)
  const [connection]: readonly (Connection | undefined)[] = node.getConnections(peer)
  const { pubsub } = node.services
  const addresses = known?.addresses.map(({ multiaddr }) => multiaddr.toString()) ?? []
  return {
    id,
    nodeId: nodeId(peer),
    userAgent: text(known?.metadata.get('AgentVersion')),
    protocolVersion: text(known?.metadata.get('ProtocolVersion')),
    addresses: addresses.map((address) => withId(address, id)),
    protocols: known?.protocols ?? [],
    connected: connection !== undefined,
    direction: connection?.direction,
    protected: facts.protected,
    latencyMs: connection?.rtt ?? 0,
    gossipBlocks: facts.gossipBlocks,
    gossip: gossipScores(pubsub.getScore(id), pubsub.dumpPeerScoreStats()[id]),
    requests: facts.requests,
  }
}
