import { fileURLToPath } from 'node:url'
import { genesisState } from '../../../src/embedded/genesis-state.ts'
import { toQuantity } from '../../../src/primitives/hex.ts'
import { parseGenesis } from '../../../src/protocol/genesis.ts'
import type { ForkSchedule } from './fork-schedule.ts'
import { freePort } from './free-port.ts'
import { type GethParts, GethProcess } from './geth-process.ts'
import { JsonRpc } from './json-rpc.ts'
import { L1_CHAIN_CONFIG } from './l1-genesis.ts'
import { PeerProcess } from './peer-process.ts'
import { type RollupOptions, rollupJson, type StartBlock } from './rollup-json.ts'
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
  /** Merged into the chain's section of the configuration. */
  readonly chain?: Readonly<Record<string, unknown>>
}

/** Starts the service with an L1 of its own: as a consensus layer sees it, an execution layer like geth. */
export function startEmbeddedL1(folder: TempFolder, genesis: unknown): Promise<GethProcess> {
  const genesisFile = folder.write('embedded-l1-genesis.json', JSON.stringify(genesis))
  const { hash } = genesisState(parseGenesis(genesis)).block
  const l1 = { mode: 'mock', el: 'embedded', genesis: genesisFile }
  return start(folder, { name: 'embedded-l1', route: 'l1', genesisFile, genesisHash: hash }, { l1 })
}

/** Starts the service with an L2 chain: as a consensus layer sees it, an execution layer like op-geth. */
export async function startEmbeddedEl(options: EmbeddedElOptions): Promise<GethProcess> {
  const { folder, name = 'embedded', genesis, forks, l1, blockTime = 2 } = options
  const { hash, header } = genesisState(parseGenesis(genesis)).block
  const l2Genesis: StartBlock = {
    hash,
    number: '0x0',
    timestamp: toQuantity(header.timestamp),
    gasLimit: toQuantity(header.gasLimit),
  }
  const rollup = rollupJson({ l1: l1.genesis, l2Genesis, forks, blockTime, ...options.rollup })
  const genesisFile = folder.write(`${name}-genesis.json`, JSON.stringify(genesis))
  const chain = {
    name: 'l2',
    rollup: folder.write(`${name}-rollup.json`, rollup),
    genesis: genesisFile,
    el: 'embedded',
    ...options.chain,
  }
  return start(
    folder,
    { name, route: 'l2', genesisFile, genesisHash: hash },
    {
      l1: { el: { rpc: l1.url }, genesis: folder.write(`${name}-l1.json`, { config: L1_CHAIN_CONFIG }) },
      chains: [chain],
    },
  )
}

async function start(
  folder: TempFolder,
  own: Pick<GethParts, 'genesisFile' | 'genesisHash'> & { readonly name: string; readonly route: string },
  config: object,
): Promise<GethProcess> {
  const { name, route, ...genesis } = own
  const port = await freePort()
  const rpcSection = { port, engineJwtSecretFile: folder.jwt.file, debugReads: true }
  const configFile = folder.write(`${name}.yaml`, { rpc: rpcSection, ...config })
  const rpc = new JsonRpc(`http://127.0.0.1:${port}/${route}`)
  const process_ = await PeerProcess.start({
    name,
    program: process.execPath,
    args: [MAIN, 'run', '--config', configFile],
    folder,
    probe: () => rpc.call('eth_chainId'),
  })
  const engine = new JsonRpc(`${rpc.url}/engine`, folder.jwt.secret)
  return new GethProcess({ process: process_, folder, rpc, engine, ...genesis })
}
