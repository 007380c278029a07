import { fileURLToPath } from 'node:url'
import type { Hash, Hex } from '../../../src/primitives/hex.ts'
import { freePort } from './free-port.ts'
import { type GethProcess, startGeth } from './geth-process.ts'
import { JsonRpc } from './json-rpc.ts'
import { type GenesisAlloc, L1_CHAIN_ID, l1Genesis } from './l1-genesis.ts'
import type { Sealed, TxResult } from './op-sequencer.ts'
import { PeerProcess } from './peer-process.ts'
import { TempFolder } from './temp-folder.ts'

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))

/** How to start an L1 whose blocks the service makes. */
export interface MockL1Options {
  /** Unix seconds of genesis. */
  readonly timestamp: number
  /** Overrides fields of the chain configuration. */
  readonly config?: Readonly<Record<string, unknown>>
  readonly alloc?: GenesisAlloc
  /** More flags for geth; of a flag that is given twice, the last counts. */
  readonly flags?: readonly string[]
  /** Devp2p peers that geth takes; 0 when left out. */
  readonly maxPeers?: number
  /** Merged into the configuration's `l1`. */
  readonly l1?: Readonly<Record<string, unknown>> | ((l1: GethProcess) => Promise<Readonly<Record<string, unknown>>>)
  /** Sections of L2 chains that the same service hosts. */
  readonly chains?: (l1: GethProcess) => Promise<readonly unknown[]>
}

/** As geth 1.16 shows it: only later versions have the block's time in its transactions. */
export function asGethShows(sealed: Sealed): Sealed {
  const transactions = sealed.block.transactions.map(({ blockTimestamp: _, ...transaction }) => transaction)
  return { ...sealed, block: { ...sealed.block, transactions } }
}

/** geth without a beacon node, and the service that makes its blocks. */
export class MockL1 implements AsyncDisposable {
  readonly folder: TempFolder
  readonly el: GethProcess
  /** The service. */
  readonly url: string
  /** The L1's route. */
  readonly rpc: JsonRpc
  /** The service's beacon API. */
  readonly beacon: { readonly url: string }
  readonly configFile: string
  readonly #owned: AsyncDisposable

  private constructor(folder: TempFolder, el: GethProcess, url: string, owned: AsyncDisposable) {
    this.folder = folder
    this.el = el
    this.url = url
    this.rpc = new JsonRpc(`${url}/l1`)
    this.beacon = { url: this.rpc.url }
    this.configFile = el.genesisFile
    this.#owned = owned
  }

  static async start(options: MockL1Options): Promise<MockL1> {
    await using stack = new AsyncDisposableStack()
    const folder = stack.use(new TempFolder())
    const genesis = l1Genesis(options)
    const flags = ['--networkid', String(L1_CHAIN_ID), ...(options.flags ?? [])]
    const { maxPeers = 0 } = options
    const el = stack.use(await startGeth({ folder, name: 'l1', program: 'geth', genesis, maxPeers, flags }))
    const port = await freePort()
    const engine = { url: el.engineUrl, jwtSecretFile: el.jwtSecretFile }
    const chains = await options.chains?.(el)
    const l1 = typeof options.l1 === 'function' ? await options.l1(el) : options.l1
    const config = folder.write('op-sequencer.yaml', {
      rpc: { port },
      ...(chains === undefined ? {} : { chains }),
      l1: { mode: 'mock', el: { rpc: el.url, engine }, genesis: el.genesisFile, ...l1 },
    })
    const url = `http://127.0.0.1:${port}`
    stack.use(
      await PeerProcess.start({
        name: 'op-sequencer',
        program: process.execPath,
        args: [MAIN, 'run', '--config', config],
        folder,
        probe: async () => (await fetch(`${url}/readyz`)).status === 200,
      }),
    )
    return new MockL1(folder, el, url, stack.move())
  }

  open(options: Readonly<Record<string, unknown>> = {}): Promise<string> {
    return this.rpc.call('test_open', [options])
  }

  include(job: string, raw: Hex): Promise<TxResult & Readonly<Record<string, unknown>>> {
    return this.rpc.call('test_includeRaw', [job, raw])
  }

  seal(job: string, options: Readonly<Record<string, unknown>> = {}): Promise<Sealed> {
    return this.rpc.call('test_seal', [job, options])
  }

  /** Opens, includes and seals. */
  async block(transactions: readonly Hex[] = [], options: Readonly<Record<string, unknown>> = {}): Promise<Sealed> {
    const job = await this.open(options)
    for (const raw of transactions) await this.include(job, raw)
    return this.seal(job)
  }

  /** The hash of a block by number or tag, as geth has it. */
  async hashOf(which: string | number): Promise<Hash> {
    return (await this.el.block(which)).hash
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned[Symbol.asyncDispose]()
  }
}
