import { fileURLToPath } from 'node:url'
import { genesisState } from '../../../src/embedded/genesis-state.ts'
import { toQuantity } from '../../../src/primitives/hex.ts'
import { parseGenesis } from '../../../src/protocol/genesis.ts'
import type { ForkSchedule } from './fork-schedule.ts'
import { freePort } from './free-port.ts'
import { JsonRpc } from './json-rpc.ts'
import { L1_CHAIN_CONFIG } from './l1-genesis.ts'
import { PeerProcess } from './peer-process.ts'
import { type RollupOptions, rollupJson, type StartBlock } from './rollup-json.ts'
import type { RpcBlock } from './rpc-types.ts'
import type { TempFolder } from './temp-folder.ts'

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))

/** How to start the service with an L2 chain on its embedded execution layer. */
export interface EmbeddedElOptions {
  readonly folder: TempFolder
  /** Names its log and files; "embedded" when left out. */
  readonly name?: string
  /** As {@link l2Genesis} makes it. */
  readonly genesis: unknown
  readonly forks: ForkSchedule
  readonly l1: { readonly url: string; readonly genesis: StartBlock }
  readonly rollup?: Partial<RollupOptions>
  /** Seconds; 2 when left out. */
  readonly blockTime?: number
}

/** An L2 chain in the service, as a consensus layer sees it: an execution layer with an Engine API. */
export class EmbeddedEl implements AsyncDisposable {
  readonly process: PeerProcess
  /** The chain's route. */
  readonly url: string
  readonly engineUrl: string
  readonly jwtSecretFile: string
  readonly rpc: JsonRpc
  readonly engine: JsonRpc
  readonly rollupFile: string

  private constructor(process: PeerProcess, url: string, folder: TempFolder, rollupFile: string) {
    this.process = process
    this.url = url
    this.engineUrl = `${url}/engine`
    this.jwtSecretFile = folder.jwt.file
    this.rpc = new JsonRpc(url)
    this.engine = new JsonRpc(this.engineUrl, folder.jwt.secret)
    this.rollupFile = rollupFile
  }

  static async start(options: EmbeddedElOptions): Promise<EmbeddedEl> {
    const { folder, name = 'embedded', genesis, forks, l1, blockTime = 2 } = options
    const { hash, header } = genesisState(parseGenesis(genesis)).block
    const l2Genesis: StartBlock = {
      hash,
      number: '0x0',
      timestamp: toQuantity(header.timestamp),
      gasLimit: toQuantity(header.gasLimit),
    }
    const rollup = rollupJson({ l1: l1.genesis, l2Genesis, forks, blockTime, ...options.rollup })
    const rollupFile = folder.write(`${name}-rollup.json`, rollup)
    const port = await freePort()
    const config = folder.write(`${name}.yaml`, {
      rpc: { port, engineJwtSecretFile: folder.jwt.file },
      l1: { el: { rpc: l1.url }, genesis: folder.write(`${name}-l1.json`, { config: L1_CHAIN_CONFIG }) },
      chains: [
        {
          name: 'l2',
          rollup: rollupFile,
          genesis: folder.write(`${name}-genesis.json`, JSON.stringify(genesis)),
          el: 'embedded',
        },
      ],
    })
    const url = `http://127.0.0.1:${port}/l2`
    const process_ = await PeerProcess.start({
      name,
      program: process.execPath,
      args: [MAIN, 'run', '--config', config],
      folder,
      probe: () => new JsonRpc(url).call('eth_chainId'),
    })
    return new EmbeddedEl(process_, url, folder, rollupFile)
  }

  /** A block without transaction bodies, by number, tag or hash. @throws Error when there is none */
  async block(which: string | number): Promise<RpcBlock> {
    const byHash = typeof which === 'string' && which.length === 66
    const at = typeof which === 'number' ? toQuantity(which) : which
    const method = byHash ? 'eth_getBlockByHash' : 'eth_getBlockByNumber'
    const block = await this.rpc.call<RpcBlock | null>(method, [at, false])
    if (block === null) throw new Error(`the embedded chain has no block ${which}`)
    return block
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop()
  }
}
