import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { AppError, errorMessage } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { GossipPeer, GossipPeerCounts } from './gossip-peer.ts'
import type { GossipNode } from './libp2p-node.ts'
import type { PeerBars } from './peer-bars.ts'
import { type PeerFacts, peerInfo, selfInfo } from './peer-info.ts'
import type { ApplicationScores } from './scoring.ts'

/** Codes of controlling peers. */
export type PeerControlErrorCode = 'PEER_ADDRESS_INVALID' | 'PEER_UNREACHABLE'

/** Milliseconds for connecting to a peer. */
const CONNECT_MS = 30_000

/** What the service looks at. */
export interface PeerServiceParts {
  readonly node: GossipNode
  readonly agent: string
  /** Oldest first. */
  readonly topics: readonly string[]
  readonly bars: PeerBars
  readonly scores: ApplicationScores
  readonly isStatic: (peer: string) => boolean
}

function unreadable(what: string, cause: unknown): AppError<PeerControlErrorCode> {
  return new AppError('PEER_ADDRESS_INVALID', { message: `${what}: ${errorMessage(cause)}`, cause })
}

function parseId(text: string): PeerId {
  try {
    return peerIdFromString(text)
  } catch (cause) {
    throw unreadable('invalid peer ID', cause)
  }
}

function parseAddress(text: string): Multiaddr {
  try {
    const address = multiaddr(text)
    if (address.getComponents().some(({ name }) => name === 'p2p')) return address
    throw new Error('invalid p2p multiaddr')
  } catch (cause) {
    throw unreadable('bad peer address', cause)
  }
}

/** Peers of a node, to be looked at and told to go. */
export class PeerService {
  readonly #parts: PeerServiceParts

  constructor(parts: PeerServiceParts) {
    this.#parts = parts
  }

  self(): GossipPeer {
    return selfInfo(this.#parts.node, this.#parts.agent)
  }

  async peers(connectedOnly: boolean): Promise<readonly GossipPeer[]> {
    const { node } = this.#parts
    const ids = connectedOnly ? node.getPeers() : await this.#known()
    return Promise.all(ids.map((peer) => peerInfo(node, peer, this.#facts(peer))))
  }

  async #known(): Promise<readonly PeerId[]> {
    return (await this.#parts.node.peerStore.all()).map(({ id }) => id)
  }

  #facts(peer: PeerId): PeerFacts {
    const { topics, scores, isStatic, node } = this.#parts
    const id = peer.toString()
    const gossipBlocks = topics.some((topic) =>
      node.services.pubsub.getSubscribers(topic).some((each) => each.equals(peer)),
    )
    return { requests: scores.of(id), protected: isStatic(id), gossipBlocks }
  }

  async counts(): Promise<GossipPeerCounts> {
    const { node, topics, bars } = this.#parts
    return {
      connected: node.getPeers().length,
      known: (await this.#known()).length,
      blocked: bars.blocked().length,
      topics: topics.map((topic) => node.services.pubsub.getSubscribers(topic).length),
    }
  }

  async connect(text: string, { signal }: IoOptions): Promise<void> {
    const address = parseAddress(text)
    const timeout = AbortSignal.timeout(CONNECT_MS)
    try {
      await this.#parts.node.dial(address, { signal: signal ? AbortSignal.any([signal, timeout]) : timeout })
    } catch (cause) {
      signal?.throwIfAborted()
      const message = `failed to dial ${text}: ${errorMessage(cause)}`
      throw new AppError<PeerControlErrorCode>('PEER_UNREACHABLE', { message, severity: 'temporary', cause })
    }
  }

  async disconnect(text: string): Promise<void> {
    await this.#parts.node.hangUp(parseId(text))
  }

  async block(text: string): Promise<void> {
    const peer = parseId(text)
    this.#parts.bars.block(peer.toString())
    await this.#parts.node.hangUp(peer)
  }

  unblock(text: string): void {
    this.#parts.bars.unblock(parseId(text).toString())
  }

  blocked(): readonly string[] {
    return this.#parts.bars.blocked()
  }
}
