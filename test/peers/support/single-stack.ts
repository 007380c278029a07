import type { ForkSchedule } from './fork-schedule.ts'
import type { GcMode, GethProcess, StateScheme } from './geth-process.ts'
import { L1Chain, type L1Options } from './l1-chain.ts'
import type { Genesis, GenesisAlloc } from './l1-genesis.ts'
import { L2_CHAIN_ID, l2Genesis } from './l2-genesis.ts'
import { startOpGeth } from './op-geth.ts'
import { type OpNode, type OpNodeP2p, startOpNode } from './op-node.ts'
import { type RollupOptions, rollupJson } from './rollup-json.ts'
import { TempFolder } from './temp-folder.ts'

/** How to start one chain with its L1. */
export interface SingleStackOptions {
  /** Given the L2 genesis time (unix seconds). */
  readonly forks: (genesisTime: number) => ForkSchedule
  readonly chainId?: number
  /** Seconds between L2 blocks; 1 when left out. */
  readonly blockTime?: number
  /** Seconds that L2 genesis lies in the past: a sequencer catches up at once. 2 when left out. */
  readonly back?: number
  readonly alloc?: GenesisAlloc
  /** Of L2 blocks; 60 million when left out. */
  readonly gasLimit?: bigint
  readonly scheme?: StateScheme
  readonly gcmode?: GcMode
  readonly l1?: Omit<L1Options, 'folder'>
  /** Makes L1 blocks of the time before now; behind it they come by the clock. */
  readonly l1Past?: (l1: L1Chain, genesisTime: number) => Promise<void>
  readonly rollup?: Partial<RollupOptions>
  /** `active` when left out. */
  readonly sequencer?: 'active' | 'stopped'
  readonly p2p?: OpNodeP2p
  readonly opGethFlags?: readonly string[]
  /** Starts the execution layer; op-geth when left out. */
  readonly startEl?: (parts: ElParts) => Promise<GethProcess>
  readonly opNodeFlags?: readonly string[]
}

/** What an execution layer is started with. */
export interface ElParts {
  readonly folder: TempFolder
  readonly genesis: Genesis
  readonly forks: ForkSchedule
  readonly blockTime: number
  readonly l1: L1Chain
}

/** L1 geth by the clock, op-geth, and op-node as its sequencer. */
export interface SingleStack extends AsyncDisposable {
  readonly folder: TempFolder
  readonly l1: L1Chain
  readonly el: GethProcess
  readonly node: OpNode
  readonly forks: ForkSchedule
  readonly rollupFile: string
  /** Seconds between L2 blocks. */
  readonly blockTime: number
  /** Unix seconds. */
  readonly genesisTime: number
}

/** Starts the stack; all of it goes when it is disposed, or when starting fails. */
export async function startSingleStack(options: SingleStackOptions): Promise<SingleStack> {
  const { chainId = L2_CHAIN_ID, blockTime = 1, back = 2, alloc = {}, p2p } = options
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(new TempFolder())
  const genesisTime = Math.floor(Date.now() / 1000) - back
  const l1 = stack.use(await L1Chain.start({ folder, timestamp: genesisTime - 2, ...options.l1 }))
  await l1.mine()
  await options.l1Past?.(l1, genesisTime)
  l1.run()
  const forks = options.forks(genesisTime)
  const { gasLimit } = options
  const genesis = await l2Genesis({ chainId, timestamp: genesisTime, forks, alloc, ...(gasLimit ? { gasLimit } : {}) })
  const { scheme, gcmode, opGethFlags: flags } = options
  const startEl =
    options.startEl ??
    (() =>
      startOpGeth({
        folder,
        genesis,
        ...(scheme ? { scheme } : {}),
        ...(gcmode ? { gcmode } : {}),
        ...(flags ? { flags } : {}),
      }))
  const el = stack.use(await startEl({ folder, genesis, forks, blockTime, l1 }))
  const [l1Start, l2Start] = [await l1.el.block(0), await el.block(0)]
  const rollup = rollupJson({ chainId, l1: l1Start, l2Genesis: l2Start, forks, blockTime, ...options.rollup })
  const rollupFile = folder.write('rollup.json', rollup)
  const node = stack.use(
    await startOpNode({
      folder,
      l1,
      el,
      rollupFile,
      sequencer: options.sequencer ?? 'active',
      ...(p2p ? { p2p } : {}),
      ...(options.opNodeFlags ? { flags: options.opNodeFlags } : {}),
    }),
  )
  const owned = stack.move()
  return {
    folder,
    l1,
    el,
    node,
    forks,
    rollupFile,
    blockTime,
    genesisTime,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
