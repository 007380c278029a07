import { fileURLToPath } from 'node:url'
import { freePort } from './free-port.ts'
import type { InteropDevnet } from './interop-devnet.ts'
import { JsonRpc } from './json-rpc.ts'
import type { ManagedOpNode } from './managed-op-node.ts'
import type { OpSupervisor, SupervisedStatus } from './op-supervisor.ts'
import { PeerProcess } from './peer-process.ts'

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))

/** Starts our service as nothing but the supervisor of a devnet's chains; it is ready when it has reached a node of each. */
export async function startOurSupervisor(
  { folder, url: devnet, jwtSecretFile, dependencySetFile }: InteropDevnet,
  nodes: readonly ManagedOpNode[],
): Promise<OpSupervisor> {
  const port = await freePort()
  const name = 'our-supervisor'
  const config = folder.write(`${name}.yaml`, {
    rpc: { port },
    datadir: folder.path(`${name}-data`),
    l1: { el: { rpc: `${devnet}/l1`, poll: '200ms' } },
    chains: nodes.map(({ chainId }) => ({ name: `op-${chainId}`, rollup: folder.path(`rollup-${chainId}.json`) })),
    supervisor: {
      dependencySet: dependencySetFile,
      nodes: nodes.map(({ wsUrl: url }) => ({ url, jwtSecretFile })),
    },
  })
  const url = `http://127.0.0.1:${port}`
  const process_ = await PeerProcess.start({
    name,
    program: process.execPath,
    args: [MAIN, 'run', '--config', config, '--log-level', 'debug'],
    folder,
    probe: async () => (await fetch(`${url}/readyz`)).status === 200,
  })
  // As op-geth would be given it.
  const rpc = new JsonRpc(`${url}/supervisor`)
  return {
    process: process_,
    rpc,
    async status(chainId) {
      const { chains } = await rpc.call<{ chains: Record<string, SupervisedStatus> }>('supervisor_syncStatus')
      const status = chains[String(chainId)]
      if (status === undefined) throw new Error(`nothing is known of chain ${chainId}`)
      return status
    },
    [Symbol.asyncDispose]: () => process_.stop(),
  }
}
