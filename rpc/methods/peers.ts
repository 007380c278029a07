import { z } from 'zod'
import type { Hash, Hex } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import { defineMethod, described, type Method } from '../method.ts'

/** Who we are to peers. */
export interface NodeIdentity {
  /** keccak of the public key. */
  readonly id: Hash
  readonly name: string
  readonly enode: string
  readonly host: string
  /** 0: nobody can dial us. */
  readonly port: number
  readonly networkId: bigint
  readonly genesisHash: Hash
  readonly head: Hash
}

/** A peer that is connected. */
export interface PeerIdentity {
  readonly id: Hash
  readonly name: string
  readonly enode: string
  readonly capabilities: readonly string[]
  readonly localAddress: string
  readonly remoteAddress: string
  readonly inbound: boolean
  readonly static: boolean
  readonly version: number
  readonly range: { readonly earliest: bigint; readonly latest: bigint; readonly latestHash: Hex } | undefined
}

/** The peers of a chain's pool. */
export interface PeerService {
  /** Undefined before the chain can be read. @throws AppError temporary where it cannot be read now */
  self(io: IoOptions): Promise<NodeIdentity | undefined>
  peers(): Iterable<PeerIdentity>
  /** @throws AppError ENODE_INVALID */
  add(enode: string): void
  /** @throws AppError ENODE_INVALID */
  remove(enode: string): void
}

function peerJson(peer: PeerIdentity) {
  const { id, name, enode, capabilities, localAddress, remoteAddress, inbound, range, version } = peer
  const blocks = range && {
    earliestBlock: Number(range.earliest),
    latestBlock: Number(range.latest),
    latestBlockHash: range.latestHash,
  }
  return {
    enode,
    id: id.slice(2),
    name,
    caps: [...capabilities],
    network: { localAddress, remoteAddress, inbound, trusted: false, static: peer.static },
    protocols: { eth: { version, ...blocks } },
  }
}

/** `admin_*` of geth about peers, on a chain whose pool is shared. */
export function peerMethods(service: PeerService): readonly Method[] {
  return [
    defineMethod({
      name: 'admin_nodeInfo',
      summary: 'Who this chain is to peers of its pool',
      params: z.tuple([]),
      paramNames: [],
      result: described('as geth, without what belongs to discovery; null before the chain could be read'),
      async handler(_params, io) {
        const self = await service.self(io)
        if (self === undefined) return null
        const { id, name, enode, host, port, networkId, genesisHash, head } = self
        return {
          id: id.slice(2),
          name,
          enode,
          ip: host,
          ports: { discovery: 0, listener: port },
          listenAddr: port === 0 ? '' : `${host}:${port}`,
          protocols: { eth: { network: Number(networkId), genesis: genesisHash, head } },
        }
      },
    }),
    defineMethod({
      name: 'admin_peers',
      summary: "Peers that the chain's pool is shared with",
      params: z.tuple([]),
      paramNames: [],
      result: described('as geth'),
      handler: () => Array.from(service.peers(), peerJson),
    }),
    defineMethod({
      name: 'admin_addPeer',
      summary: "Shares the chain's pool with a peer from now on: it is dialled whenever it is not there",
      params: z.tuple([z.string()]),
      paramNames: ['enode'],
      result: z.boolean().meta({ description: 'always true' }),
      handler([enode]) {
        service.add(enode)
        return true
      },
    }),
    defineMethod({
      name: 'admin_removePeer',
      summary: "Ends the connection to a peer of the chain's pool, and dials it no more",
      params: z.tuple([z.string()]),
      paramNames: ['enode'],
      result: z.boolean().meta({ description: 'always true' }),
      handler([enode]) {
        service.remove(enode)
        return true
      },
    }),
  ]
}
