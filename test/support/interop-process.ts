import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { batchActions } from '../../src/client/batch.ts'
import { JsonRpc } from '../peers/support/json-rpc.ts'
import { InteropWorld } from './interop-world.ts'

const PROGRAM = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

interface Endpoints {
  readonly url: string
  readonly l1: { readonly chainId: number; readonly url: string }
  readonly chains: readonly { readonly chainId: number; readonly url: string }[]
}

/** A devnet of two chains in a process of its own, that can be killed. */
export interface InteropProcess extends AsyncDisposable {
  readonly child: ChildProcess
  readonly world: InteropWorld
  /** Ends it at once; resolves when it is gone. */
  kill(): Promise<void>
}

/** @param genesisTime unix seconds: with the same one the same blocks come of the same calls */
export async function startInteropProcess(datadir: string, genesisTime: number): Promise<InteropProcess> {
  const options = ['--chains', '901,902', '--fork', 'interop', '--manual', '--derive', 'on', '--l1-block-time', '1']
  const where = ['--json', '--port', '0', '--datadir', datadir, '--genesis-time', String(genesisTime)]
  const child = spawn(process.execPath, [PROGRAM, 'devnet', ...options, ...where], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const failed = exited.then(([code]) => {
    throw new Error(`the devnet has ended with code ${code}`)
  })
  failed.catch(() => {
    // Told of by whoever calls it then.
  })
  const line = once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line')
  const [text] = (await Promise.race([line, failed])) as [string]
  const { url, l1, chains } = JSON.parse(text) as Endpoints
  const called = ({ chainId, url: at }: Endpoints['l1']) => {
    const rpc = new JsonRpc(at)
    return {
      chainId,
      request: <T>({ method, params = [] }: { method: string; params?: readonly unknown[] | undefined }) =>
        rpc.call<T>(method, [...params]),
    }
  }
  const l2 = chains.map((chain) => {
    const { chainId, request } = called(chain)
    return { chainId, request, rollup: {}, batcher: batchActions((method, ...params) => request({ method, params })) }
  })
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
  }
  return { child, world: new InteropWorld(called(l1), l2, url, kill), kill, [Symbol.asyncDispose]: kill }
}
