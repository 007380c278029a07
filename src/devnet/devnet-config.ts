import type { Config, L1Settings, L2Settings } from '../config/config.ts'
import type { GenesisFile as LoadedGenesis } from '../config/files.ts'
import { genesisState } from '../embedded/genesis-state.ts'
import type { Block } from '../protocol/block.ts'
import { type DependencySet, MESSAGE_EXPIRY_WINDOW } from '../protocol/dependency-set.ts'
import type { OpFork } from '../protocol/forks.ts'
import { parseGenesis } from '../protocol/genesis.ts'
import { DEV_ACCOUNTS, DEV_ROLES } from './dev-accounts.ts'
import { DEVNET_L1_CHAIN_ID, type DevnetChain } from './devnet-chain.ts'
import type { GenesisFile } from './genesis-file.ts'
import { type DevnetL1Fork, devnetL1Genesis } from './l1-genesis.ts'
import { devnetL2Genesis } from './l2-genesis.ts'
import { devnetRollupConfig } from './rollup-config.ts'

/** What a devnet's chains are made of: with the same of it, the same genesis blocks. */
export interface DevnetShape {
  /** Unix seconds. */
  readonly genesisTime: number
  /** Of L2 chains. */
  readonly chainIds: readonly number[]
  /** Seconds between L2 blocks, whole ones. */
  readonly blockTime: number
  /** Seconds between L1 blocks, whole ones. */
  readonly l1BlockTime: number
  /** Upgrades of the L2 chains up to this one hold from genesis. */
  readonly fork: OpFork
  readonly l1Fork: DevnetL1Fork
  /** L1 blocks in which the batches of an L1 origin's blocks have to come; 3600 when left out. */
  readonly sequencingWindow?: number | undefined
}

/** How a devnet runs. */
export interface DevnetSettings {
  readonly shape: DevnetShape
  /** Milliseconds between blocks that come by themselves; absent: blocks come on demand only. */
  readonly pace?: { readonly l1Ms: number; readonly l2Ms: number }
  /** Whether each transaction gets a block at once. */
  readonly automine: boolean
  /** Whether L2 chains are derived from L1: only what L1 holds is safe then; they are not when left out. */
  readonly derive?: boolean
  /** Seconds for which messages between the chains may be executed; absent: a week. */
  readonly messageExpiry?: number
  readonly rpc: {
    readonly host: string
    readonly port: number
    /** 32 bytes. Absent: the Engine APIs are not served. */
    readonly engineJwtSecret?: Uint8Array
  }
  /** Absolute. Absent: in memory. */
  readonly datadir?: string
}

/** The name of an L2 chain, and its route. */
export function devnetChainName(chainId: number): string {
  return `op-${chainId}`
}

/** Name and route of the L1. */
export const DEVNET_L1_NAME = 'l1'

const STATE_CACHE_BYTES = 64 * 1024 * 1024
/** wei per blob gas in a block without excess: EIP-4844's minimum. */
const FIRST_BLOB_BASE_FEE = 1n

function loaded(file: GenesisFile): { readonly genesis: LoadedGenesis; readonly block: Block } {
  const genesis = parseGenesis(file)
  return {
    genesis: { path: 'built in', json: file, config: genesis.config, genesis },
    block: genesisState(genesis).block,
  }
}

function l2Settings(
  { pace, automine, derive = false }: DevnetSettings,
  chain: DevnetChain,
  l1: Block,
  dependencySet: DependencySet | undefined,
): L2Settings {
  const { header } = l1
  const source = {
    hash: l1.hash,
    number: header.number,
    timestamp: header.timestamp,
    baseFeePerGas: header.baseFeePerGas ?? 0n,
    blobBaseFee: FIRST_BLOB_BASE_FEE,
  }
  const timestamp = header.timestamp
  const { genesis, block } = loaded(devnetL2Genesis({ chain, timestamp, l1: source }))
  const rollup = devnetRollupConfig({
    chain,
    l1: { hash: l1.hash, number: header.number },
    l2: { hash: block.hash, number: block.header.number, timestamp },
  })
  return {
    name: devnetChainName(Number(chain.chainId)),
    rollup,
    genesis,
    el: 'embedded',
    mode: 'test',
    insert: 'engine',
    conditional: true,
    batcher: {
      account: { address: DEV_ROLES.batcher.address, key: DEV_ROLES.batcher.privateKey },
      da: 'calldata',
      // Where blocks come on demand, so do batches.
      ...(derive && pace !== undefined && { auto: {} }),
    },
    ...(derive && { driver: { engineSync: false, ...(dependencySet && { managed: dependencySet }) } }),
    jobs: { expiryMs: 600_000, maxOpen: 1000 },
    automine,
    ...(pace !== undefined && { autoIntervalMs: pace.l2Ms }),
  }
}

/** The chains that execute messages of each other, where they do and somebody derives them; undefined: none. */
function supervised({ shape, derive = false, messageExpiry }: DevnetSettings): DependencySet | undefined {
  if (!derive || shape.fork !== 'interop') return undefined
  return {
    chainIds: shape.chainIds.map(BigInt).sort((a, b) => (a < b ? -1 : 1)),
    messageExpiryWindow: messageExpiry === undefined ? MESSAGE_EXPIRY_WINDOW : BigInt(messageExpiry),
  }
}

/** The chains of a devnet, as any configuration says them. @throws AppError where its shape contradicts itself */
export function devnetConfig(settings: DevnetSettings): Config {
  const { shape, pace, automine, rpc, datadir } = settings
  const { fork, l1Fork, chainIds, blockTime, sequencingWindow } = shape
  const chains = chainIds.map((id) => ({
    chainId: BigInt(id),
    blockTime: BigInt(blockTime),
    fork,
    ...(sequencingWindow !== undefined && { sequencingWindow: BigInt(sequencingWindow) }),
  }))
  const { genesis, block } = loaded(devnetL1Genesis({ timestamp: BigInt(shape.genesisTime), fork: l1Fork, chains }))
  const l1: L1Settings = {
    name: DEVNET_L1_NAME,
    el: 'embedded',
    genesis,
    mode: 'mock',
    blockTime: shape.l1BlockTime,
    safeDistance: 10,
    finalizedDistance: 20,
    automine,
    ...(pace !== undefined && { autoIntervalMs: pace.l1Ms }),
  }
  const dependencySet = supervised(settings)
  const hosted = chains.map((chain) => l2Settings(settings, chain, block, dependencySet))
  return {
    rpc: { ...rpc, corsOrigins: [], allowedHosts: [], debugReads: true, limits: {} },
    ...(datadir !== undefined && { datadir }),
    stateCacheBytes: STATE_CACHE_BYTES,
    accounts: DEV_ACCOUNTS,
    l1,
    chains: hosted,
    ...(dependencySet && {
      supervisor: {
        dependencySet,
        rollups: dependencySet.chainIds.flatMap(
          (id) => hosted.find(({ rollup }) => rollup.l2ChainId === id)?.rollup ?? [],
        ),
        nodes: [],
      },
    }),
  }
}

/** The L1's chain id. */
export const DEVNET_L1_ID: number = Number(DEVNET_L1_CHAIN_ID)
