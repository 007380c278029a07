import { readFileSync } from 'node:fs'
import { freePort } from './free-port.ts'
import type { GethProcess } from './geth-process.ts'
import type { InteropChain, InteropDevnet } from './interop-devnet.ts'
import type { Genesis } from './l1-genesis.ts'
import { startOpGeth } from './op-geth.ts'
import { type OpNode, startOpNode } from './op-node.ts'
import { FAST } from './sequenced-l1.ts'

/** op-node in managed mode and the op-geth that it drives: they follow a chain of a devnet that others make. */
export interface ManagedOpNode extends AsyncDisposable {
  readonly chainId: number
  readonly el: GethProcess
  readonly node: OpNode
  /** Where a supervisor finds it. */
  readonly wsUrl: string
}

/** @param name tells those of one chain from each other */
export async function startManagedOpNode(
  { folder, url, jwtSecretFile, dependencySetFile }: InteropDevnet,
  { chainId }: InteropChain,
  name: string,
): Promise<ManagedOpNode> {
  await using stack = new AsyncDisposableStack()
  const read = (file: string): Genesis => JSON.parse(readFileSync(folder.path(file), 'utf8')) as Genesis
  const genesis = read(`genesis-${chainId}.json`)
  const el = stack.use(await startOpGeth({ folder, genesis, name: `${name}-geth-${chainId}` }))
  const port = await freePort()
  const configFile = folder.write('config-l1.json', { ...read('genesis-l1.json').config })
  const l1 = { el: { url: `${url}/l1` }, beacon: { url: `${url}/l1` }, configFile }
  const node = stack.use(
    await startOpNode({
      ...{ folder, l1, el, name: `${name}-node-${chainId}`, program: 'op-node-managed' },
      rollupFile: folder.path(`rollup-${chainId}.json`),
      flags: [
        ...FAST,
        ...['--interop.rpc.addr', '127.0.0.1', '--interop.rpc.port', String(port)],
        ...['--interop.jwt-secret', jwtSecretFile, '--interop.dependency-set', dependencySetFile],
      ],
    }),
  )
  const owned = stack.move()
  return {
    chainId,
    el,
    node,
    wsUrl: `ws://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
