import type { Connection, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../primitives/clock.ts'
import { errorMessage } from '../primitives/errors.ts'
import type { Address } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Payload } from '../protocol/payload.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { Logger } from '../telemetry/logger.ts'
import { backFill } from './back-fill.ts'
import { BlockIntake } from './block-intake.ts'
import { blockMessage } from './block-message.ts'
import { blockTopic } from './block-topics.ts'
import { GossipStats } from './gossip-stats.ts'
import { createGossipNode, type GossipNode } from './libp2p-node.ts'
import { PayloadClient } from './payload-client.ts'
import { PayloadServer, type PayloadSource } from './payload-server.ts'
import { PeerBars } from './peer-bars.ts'
import { PeerService } from './peer-service.ts'
import { RecentPayloads } from './recent-payloads.ts'
import { payloadByNumberProtocol } from './request-protocol.ts'
import { ApplicationScores, BAN_SCORE } from './scoring.ts'
import { keepStaticPeers, type StaticPeer } from './static-peers.ts'
import { UnsafeBlockSigner } from './unsafe-block-signer.ts'

/** Milliseconds that a peer with a bad score is sent away for, and one that floods. */
const BAN_MS = 60 * 60 * 1000
const FLOOD_MS = 60_000
/** Milliseconds that listening waits for the L1's word on the signer. */
const SIGNER_MS = 5_000
/** Milliseconds for ending a connection. */
const CLOSE_MS = 1_000
/** Milliseconds between two looks at scores. */
const LOOK_MS = 1000

/** What gossip of one chain takes. */
export interface BlockGossipParts {
  readonly config: RollupConfig
  /** secp256k1, 32 bytes: who we are. */
  readonly key: Uint8Array
  /** A multiaddress. */
  readonly listen: string
  /** Peers that are dialled whenever they are not there. */
  readonly static: readonly StaticPeer[]
  readonly agent: string
  /** Milliseconds that a block may be behind the clock. */
  readonly maxAgeMs: number
  readonly clock: Clock
  readonly logger: Logger
  /** The blocks of the execution layer. */
  readonly source: PayloadSource
  /** The unsafe block signer of the L1's SystemConfig. */
  readonly loadSigner: (io: IoOptions) => Promise<Address>
  /** Told of each valid block that comes, at once; must not throw. */
  readonly onPayload: (payload: Payload) => void
}

/** What became of a block that was to be gossiped. `refused`: by the rules by which peers would refuse it. */
export type Published =
  | { readonly tag: 'published'; readonly peers: number }
  | { readonly tag: 'refused'; readonly reason: string }

/** Lets what was sent arrive, for a moment. */
async function endConnection(connection: Connection): Promise<void> {
  const signal = AbortSignal.timeout(CLOSE_MS)
  await connection.close({ signal }).catch((error: unknown) => connection.abort(new Error(errorMessage(error))))
}

interface OpenedHost {
  readonly node: GossipNode
  readonly client: PayloadClient
  readonly peers: PeerService
}

/** Gossip of one chain's blocks: a libp2p host of our own, as other nodes see an op-node. */
export class BlockGossip {
  readonly stats: GossipStats = new GossipStats()
  readonly #parts: BlockGossipParts
  readonly #signer: UnsafeBlockSigner
  readonly #intake: BlockIntake
  readonly #bars: PeerBars
  readonly #scores = new ApplicationScores()
  readonly #recent = new RecentPayloads()
  readonly #ended = new AbortController()
  #open: OpenedHost | undefined

  constructor(parts: BlockGossipParts) {
    const { config, clock, logger } = parts
    this.#parts = parts
    this.#bars = new PeerBars(clock)
    this.#signer = new UnsafeBlockSigner({
      load: parts.loadSigner,
      clock,
      onTrouble: (error) => logger.warn({ error: errorMessage(error) }, 'the unsafe block signer cannot be read'),
    })
    this.#intake = new BlockIntake({
      config,
      signer: this.#signer,
      clock,
      maxAgeMs: parts.maxAgeMs,
      logger,
      stats: this.stats,
      onPayload: (payload) => {
        this.#recent.add(payload)
        parts.onPayload(payload)
      },
      onFlood: (peer) => this.#sendAway(peerIdFromString(peer), FLOOD_MS),
    })
  }

  #opened(): OpenedHost {
    if (this.#open === undefined) throw new Error('gossip begins with listen()')
    return this.#open
  }

  /** The peers, once it listens. */
  get peers(): PeerService {
    return this.#opened().peers
  }

  get peerCount(): number {
    return this.#open?.node.getPeers().length ?? 0
  }

  /** Multiaddresses at which peers can dial, with the id. */
  get addresses(): readonly string[] {
    return this.#opened()
      .node.getMultiaddrs()
      .map((address) => address.toString())
  }

  /** Begins to listen and to take blocks. @throws where the address cannot be had */
  async listen(): Promise<void> {
    const { config, clock, logger, agent, static: statics } = this.#parts
    const { topics } = this.#intake
    const node = await createGossipNode({
      ...this.#parts,
      blockTime: config.blockTime,
      topics,
      validate: (topic, data, peer) => this.#intake.received(topic, data, peer.toString()),
      applicationScore: (peer) => this.#scores.score(peer),
      isBarred: (peer) => this.#bars.has(peer),
    })
    const protocol = payloadByNumberProtocol(config.l2ChainId)
    const open = (peer: string, io: IoOptions) => node.dialProtocol(peerIdFromString(peer), protocol, { ...io })
    const client = new PayloadClient({ config, clock, scores: this.#scores, open })
    const isStatic = (peer: string): boolean => statics.some(({ id }) => id === peer)
    const peers = new PeerService({ node, agent, topics, bars: this.#bars, scores: this.#scores, isStatic })
    const server = new PayloadServer({
      config,
      clock,
      source: { payload: (number, io) => this.#payload(number, io) },
      onServed: (result) => this.stats.countServed(result),
    })
    await node.handle(protocol, (stream, connection) =>
      server.serve(stream, connection.remotePeer.toString(), this.#ended.signal),
    )
    node.addEventListener('peer:disconnect', ({ detail }) => {
      this.#intake.forget(detail.toString())
      client.forget(detail.toString())
    })
    // Known before the first block comes; else whenever the L1 says it.
    await this.#signer.begin({ signal: AbortSignal.timeout(SIGNER_MS) })
    await node.start()
    this.#open = { node, client, peers }
    for (const topic of topics) node.services.pubsub.subscribe(topic)
    logger.info({ addresses: this.addresses }, 'block gossip listens')
  }

  /** Keeps peers and scores until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { static: statics, clock, logger } = this.#parts
    const { node } = this.#opened()
    const keeping = {
      clock,
      isConnected: (id: string) => node.getConnections(peerIdFromString(id)).length > 0,
      dial: async (address: string, io: IoOptions) => {
        await node.dial(multiaddr(address), { ...io })
        logger.info({ address }, 'a static peer of block gossip is there')
      },
      onTrouble: (peer: string, error: unknown) =>
        logger.warn({ peer, error: errorMessage(error) }, 'a static peer of block gossip is not there'),
    }
    // Our own address may stand in a list that is the same for all.
    const others = statics.filter(({ id }) => id !== node.peerId.toString())
    await Promise.all([
      this.#signer.run(signal),
      keepStaticPeers(others, keeping, signal),
      this.#watchScores(signal),
      this.#decayScores(signal),
    ])
  }

  async close(): Promise<void> {
    this.#ended.abort()
    const node = this.#open?.node
    // Before the router ends its streams: it would wait for peers that read no more.
    await Promise.all((node?.getConnections() ?? []).map(endConnection))
    await node?.stop()
  }

  /**
   * Gossips a block. What peers would refuse is not sent; what was gossiped already is not sent again.
   * @param signature r ‖ s ‖ y parity, 65 bytes
   * @throws AppError PAYLOAD_UNENCODABLE, and what reading the L1's signer throws
   */
  async publish(payload: Payload, signature: Uint8Array, io: IoOptions): Promise<Published> {
    const { config, logger } = this.#parts
    const message = blockMessage(config.forks, payload, signature)
    const verdict = await this.#intake.own(message, io)
    if (verdict.tag === 'ignore' || verdict.tag === 'reject') return { tag: 'refused', reason: verdict.reason }
    this.#recent.add(payload)
    const { pubsub } = this.#opened().node.services
    const { recipients } = await pubsub.publish(blockTopic(config.l2ChainId, message.version), message.data)
    this.stats.published++
    const { hash, header } = payload
    if (verdict.tag === 'accept' && recipients.length === 0) {
      logger.warn({ number: header.number, hash }, 'a block was published, and no peer is there to hear of it')
    }
    return { tag: 'published', peers: recipients.length }
  }

  /**
   * Asks peers for what lies between a block that is there and one that is trusted.
   * @returns by rising number, without either
   * @throws AppError GAP_UNFILLED
   */
  async fetch(known: bigint, trusted: Payload, io: IoOptions): Promise<readonly Payload[]> {
    const { node, client } = this.#opened()
    const counted = {
      take: (peers: readonly string[]) => client.take(peers),
      request: async (peer: string, number: bigint, options: IoOptions) => {
        try {
          const payload = await client.request(peer, number, options)
          this.stats.fetched.success++
          return payload
        } catch (error) {
          this.stats.fetched.failure++
          throw error
        }
      },
    }
    const peers = (): readonly string[] => node.getPeers().map((peer) => peer.toString())
    return backFill(known, trusted, { client: counted, scores: this.#scores, peers, clock: this.#parts.clock }, io)
  }

  /** The execution layer says what is canonical; what it does not have yet may have been gossiped. */
  async #payload(number: bigint, io: IoOptions): Promise<Payload | undefined> {
    const recent = this.#recent.get(number)
    try {
      return (await this.#parts.source.payload(number, io)) ?? recent
    } catch (error) {
      if (recent !== undefined) return recent
      throw error
    }
  }

  #sendAway(peer: PeerId, ms: number): void {
    const { logger } = this.#parts
    const id = peer.toString()
    if (this.#bars.has(id)) return
    this.stats.barred++
    this.#bars.bar(id, ms)
    logger.warn({ peer: id, forMs: ms }, 'a peer of block gossip is sent away')
    this.#opened()
      .node.hangUp(peer)
      .catch((error: unknown) => logger.debug({ peer: id, error: errorMessage(error) }, 'hanging up failed'))
  }

  /** Static peers may stay whatever they do, as with op-node. */
  #watchScores(signal: AbortSignal): Promise<void> {
    const { static: statics } = this.#parts
    const { node } = this.#opened()
    return this.#repeat(LOOK_MS, signal, () => {
      for (const peer of node.getPeers()) {
        const id = peer.toString()
        const bad = node.services.pubsub.getScore(id) < BAN_SCORE
        if (bad && !statics.some((each) => each.id === id)) this.#sendAway(peer, BAN_MS)
      }
    })
  }

  #decayScores(signal: AbortSignal): Promise<void> {
    return this.#repeat(Number(this.#parts.config.blockTime) * 1000, signal, () => this.#scores.decay())
  }

  async #repeat(ms: number, signal: AbortSignal, work: () => void): Promise<void> {
    try {
      while (!signal.aborted) {
        await this.#parts.clock.sleep(ms, { signal })
        work()
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}
