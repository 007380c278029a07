import { fileURLToPath } from 'node:url'
import type { Hash, Hex } from '../../../src/primitives/hex.ts'
import type { ForkSchedule } from './fork-schedule.ts'
import { freePort } from './free-port.ts'
import type { GcMode, GethProcess, StateScheme } from './geth-process.ts'
import { JsonRpc } from './json-rpc.ts'
import { L1Chain } from './l1-chain.ts'
import type { GenesisAlloc } from './l1-genesis.ts'
import { L2_CHAIN_ID, l2Genesis } from './l2-genesis.ts'
import { startOpGeth } from './op-geth.ts'
import { PeerProcess } from './peer-process.ts'
import { type RollupOptions, rollupJson } from './rollup-json.ts'
import { TempFolder } from './temp-folder.ts'

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))

/** How to start this project's own service against running nodes. */
export interface OpSequencerOptions {
  readonly folder: TempFolder
  readonly name?: string
  readonly l1: {
    readonly url: string
    readonly configFile: string
    readonly beacon?: string
    /** How often it is asked for its head, as the configuration has it. */
    readonly poll?: string
  }
  readonly el: { readonly url: string; readonly engineUrl: string; readonly jwtSecretFile: string }
  readonly rollupFile: string
  /** Merged into the chain's section of the configuration. */
  readonly chain?: Readonly<Record<string, unknown>>
  /** Merged into the top of the configuration. */
  readonly root?: Readonly<Record<string, unknown>>
  /** `info` when left out. */
  readonly logLevel?: 'debug' | 'trace'
}

/** The service under test, as a process of its own. */
export interface OpSequencer extends AsyncDisposable {
  readonly process: PeerProcess
  readonly url: string
  readonly rpc: JsonRpc
  readonly configFile: string
}

/** Starts `op-sequencer run`, from its sources, and waits until it is ready. */
export async function startOpSequencer(options: OpSequencerOptions): Promise<OpSequencer> {
  const { folder, name = 'op-sequencer', l1, el } = options
  const port = await freePort()
  const configFile = folder.write(`${name}.yaml`, {
    rpc: { port },
    ...options.root,
    l1: {
      name: 'l1',
      el: { rpc: l1.url, ...(l1.poll !== undefined && { poll: l1.poll }) },
      genesis: l1.configFile,
      ...(l1.beacon !== undefined && { beacon: l1.beacon }),
    },
    chains: [
      {
        name: 'op-a',
        rollup: options.rollupFile,
        el: { rpc: el.url, engine: { url: el.engineUrl, jwtSecretFile: el.jwtSecretFile } },
        mode: 'test',
        insert: 'engine',
        ...options.chain,
      },
    ],
  })
  const url = `http://127.0.0.1:${port}`
  const process_ = await PeerProcess.start({
    name,
    program: process.execPath,
    args: [MAIN, 'run', '--config', configFile, '--log-level', options.logLevel ?? 'info'],
    folder,
    probe: async () => {
      const response = await fetch(`${url}/readyz`)
      if (response.status !== 200) throw new Error(await response.text())
      return true
    },
  })
  return {
    process: process_,
    url,
    rpc: new JsonRpc(`${url}/op-a`),
    configFile,
    [Symbol.asyncDispose]: () => process_[Symbol.asyncDispose](),
  }
}

/** What a chain for the service is made of. */
export interface SequencedChainOptions {
  readonly forks: (genesisTime: number) => ForkSchedule
  /** Of the L2, unix seconds; some time of 2025 when left out. */
  readonly genesisTime?: number
  readonly alloc?: GenesisAlloc
  readonly scheme?: StateScheme
  readonly gcmode?: GcMode
  readonly blockTime?: number
  /** L1 blocks to begin with, beside genesis. */
  readonly l1Blocks?: number
  readonly rollup?: Partial<RollupOptions>
  /** Merged into the chain's section of the configuration, given its op-geth. */
  readonly chain?:
    | Readonly<Record<string, unknown>>
    | ((el: GethProcess) => Promise<Readonly<Record<string, unknown>>> | Readonly<Record<string, unknown>>)
  /** Devp2p peers that op-geth takes; 0, and no sharing of its pool, when left out. */
  readonly elPeers?: number
  readonly l1Alloc?: GenesisAlloc
  /** More flags for op-geth; of a flag that is given twice, the last counts. */
  readonly elFlags?: readonly string[]
}

/** An L1, an op-geth without a consensus node, and the service that builds its blocks. */
export interface SequencedChain extends AsyncDisposable {
  readonly folder: TempFolder
  readonly l1: L1Chain
  readonly el: GethProcess
  readonly sequencer: OpSequencer
  /** What the service has asked of its nodes so far, by its own count. */
  traffic(): Promise<Traffic>
  /** All the figures of the service. */
  metrics(): Promise<string>
  readonly genesisTime: number
  readonly chainId: number
  readonly blockTime: number
  readonly forks: ForkSchedule
  readonly rollupFile: string
}

/** Figures of one endpoint, or of all, since the service started. */
export interface Traffic {
  readonly roundTrips: number
  readonly calls: number
  readonly bytesIn: number
}

async function readMetrics(port: number): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
}

async function readTraffic(port: number): Promise<Traffic> {
  const text = await readMetrics(port)
  const sum = (name: string): number =>
    [...text.matchAll(new RegExp(`^op_sequencer_clients_${name}\\{[^}]*\\} ([0-9.e+]+)$`, 'gm'))].reduce(
      (total, [, value]) => total + Number(value),
      0,
    )
  return { roundTrips: sum('round_trips_total'), calls: sum('calls_total'), bytesIn: sum('received_bytes') }
}

/** Starts a chain whose only builder is the service. L1 blocks come when the test asks. */
export async function startSequencedChain(options: SequencedChainOptions): Promise<SequencedChain> {
  const { blockTime = 2, alloc = {}, scheme = 'hash', gcmode = 'archive', genesisTime = 1_750_000_000 } = options
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(new TempFolder())
  const l1 = stack.use(
    await L1Chain.start({
      folder,
      timestamp: genesisTime - 12,
      blockTime: 12,
      ...(options.l1Alloc === undefined ? {} : { alloc: options.l1Alloc }),
    }),
  )
  await l1.mineMany(options.l1Blocks ?? 1)
  const forks = options.forks(genesisTime)
  const genesis = await l2Genesis({ timestamp: genesisTime, forks, alloc })
  const { elPeers: maxPeers = 0, elFlags: flags = [] } = options
  const el = stack.use(await startOpGeth({ folder, genesis, scheme, gcmode, maxPeers, flags }))
  const [l1Start, l2Start] = [await l1.el.block(0), await el.block(0)]
  const rollupFile = folder.write(
    'rollup.json',
    rollupJson({ l1: l1Start, l2Genesis: l2Start, forks, blockTime, ...options.rollup }),
  )
  const metricsPort = await freePort()
  const section = typeof options.chain === 'function' ? await options.chain(el) : options.chain
  const sequencer = stack.use(
    await startOpSequencer({
      folder,
      root: { metrics: { port: metricsPort } },
      l1: { url: l1.el.url, configFile: l1.configFile },
      el,
      rollupFile,
      ...(section === undefined ? {} : { chain: section }),
    }),
  )
  const owned = stack.move()
  return {
    folder,
    l1,
    el,
    sequencer,
    traffic: () => readTraffic(metricsPort),
    metrics: () => readMetrics(metricsPort),
    genesisTime,
    chainId: L2_CHAIN_ID,
    blockTime,
    forks,
    rollupFile,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** `TxResult` as far as tests look at it. */
export interface TxResult {
  readonly transactionHash: Hash
  readonly status: Hex
  readonly gasUsed: Hex
  readonly revertData?: Hex
}

/** `Sealed` as far as tests look at it. */
export interface Sealed {
  readonly hash: Hash
  readonly number: Hex
  readonly block: Readonly<Record<string, unknown>> & { readonly transactions: readonly Record<string, unknown>[] }
  readonly receipts: readonly Readonly<Record<string, unknown>>[]
  readonly payload: Readonly<Record<string, unknown>>
  readonly committed: boolean
  readonly published: boolean
}
