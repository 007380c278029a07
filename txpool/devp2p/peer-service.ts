import type { NodeIdentity, PeerIdentity, PeerService } from '../../rpc/methods/peers.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import { keccakHash } from '../../src/primitives/keccak.ts'
import { type Enode, formatEnode, parseEnode } from '../../src/protocol/enode.ts'
import type { EthPeer } from './eth-peer.ts'
import type { ChainIdentity, SharedHead } from './shared-pool.ts'

const addressText = ({ host, port }: { readonly host: string; readonly port: number }): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

function identity({ connection, origin, version, range }: EthPeer): PeerIdentity {
  const { remote, remoteAddress, localAddress } = connection
  const inbound = origin.direction === 'in'
  const port = inbound ? remote.listenPort || remoteAddress.port : remoteAddress.port
  return {
    id: keccakHash(remote.id),
    name: remote.client,
    enode: formatEnode({ id: remote.id, host: remoteAddress.host, port }),
    capabilities: remote.capabilities.map(({ name, version: each }) => `${name}/${each}`),
    localAddress: addressText(localAddress),
    remoteAddress: addressText(remoteAddress),
    inbound,
    static: origin.named,
    version,
    range,
  }
}

/** A shared pool, as far as is told of its peers. */
export interface ToldSharing {
  readonly self: Enode
  /** Undefined before the chain could be read. */
  readonly identity: ChainIdentity | undefined
  readonly peers: Iterable<EthPeer>
  head(io: IoOptions): Promise<SharedHead>
  addPeer(enode: Enode): void
  removePeer(enode: Enode): void
}

/** Who a shared pool's peers are, as `admin_*` tells it. */
export function peerService(sharing: ToldSharing, client: string): PeerService {
  return {
    async self(io: IoOptions): Promise<NodeIdentity | undefined> {
      const { self, identity: chain } = sharing
      if (chain === undefined) return undefined
      const { networkId, genesisHash } = chain
      const { hash: head } = await sharing.head(io)
      const { host, port } = self
      return {
        id: keccakHash(self.id),
        name: client,
        enode: formatEnode(self),
        host,
        port,
        networkId,
        genesisHash,
        head,
      }
    },
    peers: () => Array.from(sharing.peers, identity),
    add: (enode) => sharing.addPeer(parseEnode(enode)),
    remove: (enode) => sharing.removePeer(parseEnode(enode)),
  }
}
