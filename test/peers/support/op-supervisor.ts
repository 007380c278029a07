import { mkdirSync } from 'node:fs'
import type { Hash } from '../../../src/primitives/hex.ts'
import { freePort } from './free-port.ts'
import { JsonRpc } from './json-rpc.ts'
import { PeerProcess } from './peer-process.ts'
import type { TempFolder } from './temp-folder.ts'

/** How to start op-supervisor. */
export interface OpSupervisorOptions {
  readonly folder: TempFolder
  readonly l1Url: string
  /** Where its nodes are: WebSockets, with one secret. */
  readonly nodes: readonly string[]
  readonly jwtSecretFile: string
  readonly dependencySetFile: string
  /** A glob, or one file. */
  readonly rollupFiles: string
}

/** A block in its answers. */
export interface SupervisedBlock {
  readonly hash: Hash
  readonly number: number
}

/** How far one chain is, as `supervisor_syncStatus` has it. */
export interface SupervisedStatus {
  readonly localUnsafe: SupervisedBlock
  readonly localSafe: SupervisedBlock
  readonly crossUnsafe: SupervisedBlock
  readonly safe: SupervisedBlock
  readonly finalized: SupervisedBlock
}

/** How far a supervisor says that a chain is. */
export async function supervisedStatus(rpc: JsonRpc, chainId: number): Promise<SupervisedStatus> {
  const { chains } = await rpc.call<{ chains: Record<string, SupervisedStatus> }>('supervisor_syncStatus')
  const status = chains[String(chainId)]
  if (status === undefined) throw new Error(`nothing is known of chain ${chainId}`)
  return status
}

/** A running op-supervisor. */
export interface OpSupervisor extends AsyncDisposable {
  readonly process: PeerProcess
  readonly rpc: JsonRpc
  status(chainId: number): Promise<SupervisedStatus>
}

/** Starts op-supervisor; it serves once it has reached all of its nodes. */
export async function startOpSupervisor(options: OpSupervisorOptions): Promise<OpSupervisor> {
  const { folder, l1Url, nodes, jwtSecretFile, dependencySetFile, rollupFiles } = options
  const name = 'op-supervisor'
  const port = await freePort()
  const datadir = folder.path(`${name}-data`)
  mkdirSync(datadir)
  const args = [
    ...['--l1-rpc', l1Url, '--datadir', datadir, '--l2-consensus.nodes', nodes.join(',')],
    ...['--l2-consensus.jwt-secret', jwtSecretFile, '--dependency-set', dependencySetFile],
    ...['--rollup-config-paths', rollupFiles, '--rpc.addr', '127.0.0.1', '--rpc.port', String(port)],
    ...['--rpc.enable-admin', '--log.color=false', '--log.level', 'debug'],
  ]
  const rpc = new JsonRpc(`http://127.0.0.1:${port}`)
  const probe = async (): Promise<boolean> => typeof (await rpc.call('admin_getFailsafeEnabled')) === 'boolean'
  const process = await PeerProcess.start({ name, program: name, args, folder, probe })
  return {
    process,
    rpc,
    status: (chainId) => supervisedStatus(rpc, chainId),
    [Symbol.asyncDispose]: () => process.stop(),
  }
}
