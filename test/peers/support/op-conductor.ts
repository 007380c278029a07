import { mkdirSync } from 'node:fs'
import { JsonRpc } from './json-rpc.ts'
import { PeerProcess } from './peer-process.ts'
import type { TempFolder } from './temp-folder.ts'

/** How to start op-conductor. */
export interface OpConductorOptions {
  readonly folder: TempFolder
  /** Names its log and its data; also its raft server id. */
  readonly name: string
  /** Of its RPC, on loopback: its sequencer has to know it before. */
  readonly port: number
  /** Where raft listens, and where the others reach it. */
  readonly raft: { readonly port: number; readonly advertised: string }
  /** Begins a cluster of one, paused; the others are added to it. */
  readonly bootstrap: boolean
  /** The sequencer as it takes op-node to be. */
  readonly sequencer: { readonly url: string }
  readonly el: { readonly url: string }
  readonly rollupFile: string
  /** Seconds that the sequencer's head may be old. */
  readonly unsafeInterval?: number
  readonly minPeers?: number
  readonly flags?: readonly string[]
}

/** A running op-conductor. */
export interface OpConductor extends AsyncDisposable {
  readonly process: PeerProcess
  readonly rpc: JsonRpc
  readonly url: string
}

/** Starts op-conductor and waits until it serves. Its sequencer must serve before: it looks every five seconds. */
export async function startOpConductor(options: OpConductorOptions): Promise<OpConductor> {
  const { folder, name, port, raft, bootstrap, sequencer, el, unsafeInterval = 10, minPeers = 1 } = options
  const storage = folder.path(`raft-${name}`)
  mkdirSync(storage, { recursive: true })
  const args = [
    ...[
      '--consensus.addr',
      '127.0.0.1',
      '--consensus.port',
      String(raft.port),
      '--consensus.advertised',
      raft.advertised,
    ],
    ...['--raft.server.id', name, '--raft.storage.dir', storage, `--raft.bootstrap=${bootstrap}`],
    `--paused=${!bootstrap}`,
    ...['--node.rpc', sequencer.url, '--execution.rpc', el.url, '--rollup.config', options.rollupFile],
    ...['--healthcheck.interval', '1', '--healthcheck.unsafe-interval', String(unsafeInterval)],
    ...['--healthcheck.min-peer-count', String(minPeers)],
    ...['--rpc.addr', '127.0.0.1', '--rpc.port', String(port), '--log.color=false'],
    ...(options.flags ?? []),
  ]
  const url = `http://127.0.0.1:${port}`
  const rpc = new JsonRpc(url)
  const probe = (): Promise<unknown> => rpc.call('conductor_active').then((active) => typeof active === 'boolean')
  const process = await PeerProcess.start({ name, program: 'op-conductor', args, folder, probe })
  return { process, rpc, url, [Symbol.asyncDispose]: () => process.stop() }
}
