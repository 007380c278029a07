import { devAccounts, unsafeBlockSigner } from './dev-accounts.ts'
import { freePort } from './free-port.ts'
import type { GethProcess } from './geth-process.ts'
import { JsonRpc } from './json-rpc.ts'
import { enode, peerId } from './p2p-identity.ts'
import { PeerProcess } from './peer-process.ts'
import type { TempFolder } from './temp-folder.ts'

/** Block gossip of an op-node. */
export interface OpNodeP2p {
  /** Its libp2p identity, 32 bytes of hex. */
  readonly privateKey: `0x${string}`
  /** The port that it listens on; any when left out. */
  readonly listen?: number
  /** Multiaddresses that it dials. */
  readonly static?: readonly string[]
}

/** The L1 as op-node reads it. */
export interface L1ForNode {
  readonly el: { readonly url: string }
  readonly beacon: { readonly url: string }
  /** Its chain configuration. */
  readonly configFile: string
}

/** How to start op-node. */
export interface OpNodeOptions {
  readonly folder: TempFolder
  /** Names its log; "op-node" when left out. */
  readonly name?: string
  /** `op-node` when left out. */
  readonly program?: 'op-node' | 'op-node-managed'
  readonly l1: L1ForNode
  readonly el: Pick<GethProcess, 'engineUrl' | 'jwtSecretFile'>
  readonly rollupFile: string
  /** Sequences from the start, sequences when told (`admin_startSequencer`), or only follows; follows when left out. */
  readonly sequencer?: 'active' | 'stopped'
  /** L1 blocks that the sequencer stays behind; 0 when left out. */
  readonly l1Confs?: number
  /** Off when left out. */
  readonly p2p?: OpNodeP2p
  readonly flags?: readonly string[]
}

/** A reference to an L2 block in `optimism_syncStatus`. */
export interface L2Ref {
  readonly hash: `0x${string}`
  readonly number: number
  readonly timestamp: number
  readonly l1origin: { readonly hash: `0x${string}`; readonly number: number }
}

/** The part of `optimism_syncStatus` that tests look at. */
export interface SyncStatus {
  readonly head_l1: { readonly hash: `0x${string}`; readonly number: number }
  readonly current_l1: { readonly hash: `0x${string}`; readonly number: number }
  readonly safe_l1: { readonly number: number }
  readonly finalized_l1: { readonly number: number }
  readonly unsafe_l2: L2Ref
  readonly safe_l2: L2Ref
  readonly finalized_l2: L2Ref
}

/** A running op-node. */
export class OpNode implements AsyncDisposable {
  readonly process: PeerProcess
  readonly url: string
  readonly rpc: JsonRpc
  /** Its address for other nodes' static peers; empty with P2P off. */
  readonly multiaddr: string

  constructor(process: PeerProcess, rpc: JsonRpc, multiaddr: string) {
    this.process = process
    this.rpc = rpc
    this.url = rpc.url
    this.multiaddr = multiaddr
  }

  /** `optimism_syncStatus` */
  syncStatus(): Promise<SyncStatus> {
    return this.rpc.call('optimism_syncStatus')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop()
  }
}

function p2pFlags(options: OpNodeOptions, p2p: OpNodeP2p, port: number): string[] {
  const { folder, name = 'op-node' } = options
  const bootnode = enode((devAccounts[9] as (typeof devAccounts)[number]).privateKey, port)
  return [
    ...['--p2p.listen.ip', '127.0.0.1', '--p2p.listen.tcp', String(port), '--p2p.listen.udp', String(port)],
    ...['--p2p.advertise.ip', '127.0.0.1', '--p2p.advertise.tcp', String(port), '--p2p.no-discovery'],
    // Without one the default boot nodes are looked up by DNS, discovery or not.
    ...['--p2p.bootnodes', bootnode],
    ...['--p2p.priv.path', folder.write(`${name}.p2p`, p2p.privateKey.slice(2))],
    ...['--p2p.peerstore.path', 'memory', '--p2p.discovery.path', 'memory'],
    ...['--p2p.scoring', 'none', '--p2p.ban.peers=false', '--p2p.sync.req-resp=true'],
    ...(p2p.static?.length ? ['--p2p.static', p2p.static.join(',')] : []),
  ]
}

/** Starts op-node and waits until it serves its RPC. */
export async function startOpNode(options: OpNodeOptions): Promise<OpNode> {
  const { folder, name = 'op-node', program = 'op-node', l1, el, sequencer, p2p } = options
  const port = await freePort()
  const p2pPort = p2p?.listen ?? (await freePort())
  const args = [
    ...['--l1', l1.el.url, '--l1.trustrpc', '--l1.beacon', l1.beacon.url, '--l1.http-poll-interval', '500ms'],
    // Left at its default of 6m24s, the finalized head would look frozen.
    ...['--l1.epoch-poll-interval', '1s', '--l1.runtime-config-reload-interval', '10s'],
    ...['--l2', el.engineUrl, '--l2.jwt-secret', el.jwtSecretFile, '--l2.enginekind', 'geth'],
    ...['--rollup.config', options.rollupFile, '--rollup.l1-chain-config', l1.configFile],
    ...['--verifier.l1-confs', '0', '--syncmode', 'consensus-layer'],
    ...['--rpc.addr', '127.0.0.1', '--rpc.port', String(port), '--rpc.enable-admin', '--experimental.sequencer-api'],
    ...['--metrics.enabled=false', '--log.color=false'],
    ...(p2p === undefined ? ['--p2p.disable'] : p2pFlags(options, p2p, p2pPort)),
    ...(sequencer === undefined ? [] : ['--sequencer.enabled', '--sequencer.l1-confs', String(options.l1Confs ?? 0)]),
    ...(sequencer === 'stopped' ? ['--sequencer.stopped'] : []),
    ...(sequencer !== undefined ? ['--p2p.sequencer.key', unsafeBlockSigner.privateKey.slice(2)] : []),
    ...(options.flags ?? []),
  ]
  const rpc = new JsonRpc(`http://127.0.0.1:${port}`)
  const probe = (): Promise<unknown> => rpc.call('optimism_rollupConfig')
  const process = await PeerProcess.start({ name, program, args, folder, probe })
  const multiaddr = p2p === undefined ? '' : `/ip4/127.0.0.1/tcp/${p2pPort}/p2p/${peerId(p2p.privateKey)}`
  return new OpNode(process, rpc, multiaddr)
}
