import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './free-port.ts'
import { JsonRpc } from './json-rpc.ts'
import type { Genesis } from './l1-genesis.ts'
import { PeerProcess } from './peer-process.ts'
import { peersFolder } from './peers-folder.ts'
import type { RpcBlock } from './rpc-types.ts'
import type { TempFolder } from './temp-folder.ts'

/** How the state lies on disk. `hash`: trie nodes by hash, so `debug_dbGet` finds them. */
export type StateScheme = 'hash' | 'path'
/** `archive` keeps every state, `full` the recent ones. */
export type GcMode = 'full' | 'archive'

/** What geth and op-geth have in common. */
export interface GethOptions {
  readonly folder: TempFolder
  /** Names the data folder and the log. */
  readonly name: string
  readonly program: 'geth' | 'op-geth'
  readonly genesis: Genesis
  /** `hash` when left out. */
  readonly scheme?: StateScheme
  /** `archive` when left out. */
  readonly gcmode?: GcMode
  /** Peers over devp2p that it takes; 0 when left out. */
  readonly maxPeers?: number
  readonly flags?: readonly string[]
}

/** A running geth or op-geth, alone on loopback. */
export class GethProcess implements AsyncDisposable {
  readonly process: PeerProcess
  readonly folder: TempFolder
  /** HTTP JSON-RPC; WebSocket too, at {@link wsUrl}. */
  readonly url: string
  readonly wsUrl: string
  /** Engine API. */
  readonly engineUrl: string
  readonly jwtSecretFile: string
  readonly genesisFile: string
  readonly genesisHash: `0x${string}`
  readonly rpc: JsonRpc
  /** Signs its tokens with the folder's secret. */
  readonly engine: JsonRpc

  constructor(parts: GethParts) {
    this.process = parts.process
    this.folder = parts.folder
    this.url = parts.rpc.url
    this.wsUrl = parts.rpc.url.replace('http', 'ws')
    this.engineUrl = parts.engine.url
    this.jwtSecretFile = parts.folder.jwt.file
    this.genesisFile = parts.genesisFile
    this.genesisHash = parts.genesisHash
    this.rpc = parts.rpc
    this.engine = parts.engine
  }

  /** A block without transaction bodies, by number, tag or hash. @throws Error when there is none */
  async block(which: string | number): Promise<RpcBlock> {
    const byHash = typeof which === 'string' && which.length === 66
    const at = typeof which === 'number' ? `0x${which.toString(16)}` : which
    const block = await this.rpc.call<RpcBlock | null>(byHash ? 'eth_getBlockByHash' : 'eth_getBlockByNumber', [
      at,
      false,
    ])
    if (block === null) throw new Error(`${this.process.name} has no block ${which}`)
    return block
  }

  /** The number of the head. */
  async blockNumber(): Promise<number> {
    return Number(await this.rpc.call<string>('eth_blockNumber'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop()
  }
}

/** What a {@link GethProcess} is made of. */
export interface GethParts {
  readonly process: PeerProcess
  readonly folder: TempFolder
  readonly rpc: JsonRpc
  readonly engine: JsonRpc
  readonly genesisFile: string
  readonly genesisHash: `0x${string}`
}

/** Initialises a data folder with the genesis and starts the program on it. */
export async function startGeth(options: GethOptions): Promise<GethProcess> {
  const { folder, name, program, scheme = 'hash', gcmode = 'archive', maxPeers = 0, flags = [] } = options
  const genesisFile = folder.write(`${name}-genesis.json`, JSON.stringify(options.genesis))
  const datadir = folder.path(name)
  const init = ['init', '--datadir', datadir, '--state.scheme', scheme, genesisFile]
  await promisify(execFile)(join(peersFolder(), program), init, { maxBuffer: 16 << 20 })
  const [http, auth, devp2p] = [await freePort(), await freePort(), await freePort()]
  // Only the TOML key takes an address: the flag --port listens on all interfaces.
  const toml = folder.write(
    `${name}.toml`,
    `[Node.P2P]\nListenAddr = "127.0.0.1:${devp2p}"\nNoDiscovery = true\nMaxPeers = ${maxPeers}\n`,
  )
  const api = 'eth,net,web3,debug,txpool,admin,miner'
  const args = [
    ...['--datadir', datadir, '--config', toml, '--ipcdisable', '--nodiscover', '--nat', 'none'],
    ...['--maxpeers', String(maxPeers), '--syncmode', 'full', '--gcmode', gcmode, '--state.scheme', scheme],
    ...['--http', '--http.addr', '127.0.0.1', '--http.port', String(http), '--http.api', api],
    ...['--ws', '--ws.addr', '127.0.0.1', '--ws.port', String(http), '--ws.api', api],
    ...['--authrpc.addr', '127.0.0.1', '--authrpc.port', String(auth), '--authrpc.jwtsecret', folder.jwt.file],
    ...flags,
  ]
  const rpc = new JsonRpc(`http://127.0.0.1:${http}`)
  const probe = async (): Promise<unknown> => rpc.call('eth_getBlockByNumber', ['0x0', false])
  const process = await PeerProcess.start({ name, program, args, folder, probe }, { timeout: 30_000 })
  const { hash } = await rpc.call<RpcBlock>('eth_getBlockByNumber', ['0x0', false])
  const engine = new JsonRpc(`http://127.0.0.1:${auth}`, folder.jwt.secret)
  return new GethProcess({ process, folder, rpc, engine, genesisFile, genesisHash: hash })
}
