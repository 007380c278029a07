import { z } from 'zod'
import type { GossipPeer, GossipPeerCounts } from '../../src/p2p/gossip-peer.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import { defineMethod, described, type Method } from '../method.ts'

/** The peers of a chain's block gossip. */
export interface GossipPeerService {
  self(): GossipPeer
  peers(connectedOnly: boolean): Promise<readonly GossipPeer[]>
  counts(): Promise<GossipPeerCounts>
  /** @throws AppError PEER_ADDRESS_INVALID, PEER_UNREACHABLE */
  connect(address: string, io: IoOptions): Promise<void>
  /** @throws AppError PEER_ADDRESS_INVALID */
  disconnect(id: string): Promise<void>
  /** @throws AppError PEER_ADDRESS_INVALID */
  block(id: string): Promise<void>
  /** @throws AppError PEER_ADDRESS_INVALID */
  unblock(id: string): void
  blocked(): readonly string[]
}

/** libp2p's numbers in Go. */
const DIRECTION = { inbound: 1, outbound: 2 } as const

function peerJson(peer: GossipPeer) {
  const { gossip, requests, direction } = peer
  return {
    peerID: peer.id,
    nodeID: peer.nodeId,
    userAgent: peer.userAgent,
    protocolVersion: peer.protocolVersion,
    ENR: '',
    addresses: peer.addresses,
    protocols: peer.protocols,
    connectedness: peer.connected ? 1 : 0,
    direction: direction === undefined ? 0 : DIRECTION[direction],
    protected: peer.protected,
    chainID: 0,
    // Nanoseconds.
    latency: Math.round(peer.latencyMs * 1_000_000),
    gossipBlocks: peer.gossipBlocks,
    scores: {
      gossip: {
        total: gossip.total,
        blocks: {
          timeInMesh: gossip.timeInMesh,
          firstMessageDeliveries: gossip.firstMessageDeliveries,
          meshMessageDeliveries: gossip.meshMessageDeliveries,
          invalidMessageDeliveries: gossip.invalidMessageDeliveries,
        },
        IPColocationFactor: 0,
        behavioralPenalty: gossip.behavioralPenalty,
      },
      reqResp: requests,
    },
  }
}

const nothing = z.null()

/** op-node's `opp2p_*`, on a chain that gossips its blocks; discovery and address lists are not part of it. */
export function opP2pMethods(service: GossipPeerService): readonly Method[] {
  const peerId = z.tuple([z.string()])
  return [
    defineMethod({
      name: 'opp2p_self',
      summary: 'Who this chain is to peers of its block gossip',
      params: z.tuple([]),
      paramNames: [],
      result: described('as op-node'),
      handler: () => peerJson(service.self()),
    }),
    defineMethod({
      name: 'opp2p_peers',
      summary: 'Peers of block gossip: those that are connected, or all that are known',
      params: z.tuple([z.boolean()]),
      paramNames: ['connected'],
      result: described('as op-node'),
      async handler([connected]) {
        const peers = await service.peers(connected)
        return {
          totalConnected: peers.filter((peer) => peer.connected).length,
          peers: Object.fromEntries(peers.map((peer) => [peer.id, peerJson(peer)])),
          bannedPeers: service.blocked(),
          bannedIPS: [],
          bannedSubnets: [],
        }
      },
    }),
    defineMethod({
      name: 'opp2p_peerStats',
      summary: 'How many peers of block gossip there are; op-conductor asks for it',
      params: z.tuple([]),
      paramNames: [],
      result: described('as op-node'),
      async handler() {
        const { connected, known, blocked, topics } = await service.counts()
        const [blocksTopic = 0, blocksTopicV2 = 0, blocksTopicV3 = 0, blocksTopicV4 = 0] = topics
        return { connected, table: 0, blocksTopic, blocksTopicV2, blocksTopicV3, blocksTopicV4, banned: blocked, known }
      },
    }),
    defineMethod({
      name: 'opp2p_connectPeer',
      summary: 'Connects to a peer of block gossip, once',
      params: z.tuple([z.string()]),
      paramNames: ['address'],
      result: nothing,
      async handler([address], io) {
        await service.connect(address, io)
        return null
      },
    }),
    defineMethod({
      name: 'opp2p_disconnectPeer',
      summary: 'Ends the connection to a peer of block gossip; a static one is dialled again',
      params: peerId,
      paramNames: ['peerId'],
      result: nothing,
      async handler([id]) {
        await service.disconnect(id)
        return null
      },
    }),
    defineMethod({
      name: 'opp2p_blockPeer',
      summary: 'Connects to a peer of block gossip no more',
      params: peerId,
      paramNames: ['peerId'],
      result: nothing,
      async handler([id]) {
        await service.block(id)
        return null
      },
    }),
    defineMethod({
      name: 'opp2p_unblockPeer',
      summary: 'Takes `opp2p_blockPeer` back',
      params: peerId,
      paramNames: ['peerId'],
      result: nothing,
      handler([id]) {
        service.unblock(id)
        return null
      },
    }),
    defineMethod({
      name: 'opp2p_listBlockedPeers',
      summary: 'Peers of block gossip that were blocked',
      params: z.tuple([]),
      paramNames: [],
      result: described('peer ids'),
      handler: () => service.blocked(),
    }),
  ]
}
