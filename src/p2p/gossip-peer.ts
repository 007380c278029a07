import type { Hash } from '../primitives/hex.ts'

/** A peer of block gossip, or ourselves. */
export interface GossipPeer {
  /** libp2p's, in its usual text. */
  readonly id: string
  /** Of the same key, as discovery has it. */
  readonly nodeId: Hash
  readonly userAgent: string
  readonly protocolVersion: string
  /** Multiaddresses, with the id. */
  readonly addresses: readonly string[]
  readonly protocols: readonly string[]
  readonly connected: boolean
  /** Of the connection. */
  readonly direction: 'inbound' | 'outbound' | undefined
  /** Static peers, and those that were protected by hand. */
  readonly protected: boolean
  readonly latencyMs: number
  /** Whether it takes blocks of this chain. */
  readonly gossipBlocks: boolean
  readonly gossip: {
    readonly total: number
    /** Seconds. */
    readonly timeInMesh: number
    readonly firstMessageDeliveries: number
    readonly meshMessageDeliveries: number
    readonly invalidMessageDeliveries: number
    readonly behavioralPenalty: number
  }
  readonly requests: {
    readonly validResponses: number
    readonly errorResponses: number
    readonly rejectedPayloads: number
  }
}

/** How many peers there are. */
export interface GossipPeerCounts {
  readonly connected: number
  readonly known: number
  readonly blocked: number
  /** Subscribers of each topic, oldest first. */
  readonly topics: readonly number[]
}
