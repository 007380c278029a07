import { join } from 'node:path'
import type { Address, Hash } from '../primitives/hex.ts'
import type { DependencySet } from '../protocol/dependency-set.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { SafetyLevel } from '../protocol/safety-level.ts'
import { type BatcherSettings, batcherSettings } from './batcher.ts'
import { type BlockGossipSettings, blockGossipSettings } from './block-gossip.ts'
import { type DaBudgetSettings, daBudgetSettings } from './da-budget.ts'
import { type DriverSettings, driverSettings } from './driver.ts'
import type { EnsembleSettings } from './ensemble.ts'
import type { GenesisFile } from './files.ts'
import { type PoolSharingSettings, poolSharingSettings } from './pool-sharing.ts'
import { type PoolExchangeSettings, poolExchangeSettings } from './pool-sources.ts'
import type { ParsedConfig } from './schema.ts'
import { type SupervisorSettings, supervisorSettings } from './supervisor.ts'

/** An authenticated Engine API. */
export interface EngineSettings {
  readonly url: string
  /** 32 bytes. */
  readonly jwtSecret: Uint8Array
}

/** A remote execution layer. */
export interface ExecutionLayerSettings {
  readonly rpc: string
  /** Tells of new heads, over a WebSocket. */
  readonly ws?: string
  /** Milliseconds between two looks at its head. */
  readonly pollMs: number
  readonly engine?: EngineSettings
}

/** Who signs blocks: a key in this process, or a remote signer (op-signer's protocol). */
export type SignerSettings =
  | { readonly kind: 'key'; readonly key: Uint8Array }
  | {
      readonly kind: 'remote'
      readonly endpoint: string
      readonly address: Address
      /** Sent with each request. */
      readonly headers?: Readonly<Record<string, string>>
      /** Absolute paths of PEM files. */
      readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string }
    }

/** How sealed blocks become the node's head. */
export type InsertMode = 'engine' | 'op-node' | 'none'

/** The JSON-RPC server. */
export interface RpcSettings {
  readonly host: string
  readonly port: number
  /** 32 bytes. */
  readonly jwtSecret?: Uint8Array
  /** 32 bytes: of the Engine APIs of embedded chains; without it they are not served. */
  readonly engineJwtSecret?: Uint8Array
  readonly corsOrigins: readonly string[]
  readonly allowedHosts: readonly string[]
  /** Pass reading `debug_*` methods on to the execution layer. */
  readonly debugReads: boolean
  readonly limits: { readonly bodyBytes?: number; readonly batchItems?: number; readonly responseBytes?: number }
}

/** How much a pool holds and what it asks for, where that is not as geth's. */
export interface PoolLimitSettings {
  /** wei per gas */
  readonly priceLimit?: bigint
  /** Percent. */
  readonly priceBump?: bigint
  readonly accountSlots?: number
  readonly globalSlots?: number
  readonly accountQueue?: number
  readonly globalQueue?: number
  readonly lifetimeMs?: number
}

/** How many blob transactions an L1's pool holds and what it asks for, where that is not as geth's. */
export interface BlobLimitSettings {
  /** Bytes. */
  readonly datacap?: number
  /** Percent. */
  readonly priceBump?: bigint
  /** wei per gas */
  readonly priceLimit?: bigint
}

/** The chain that an L1 goes on from. */
export interface ForkSettings {
  readonly rpc: string
  /** The first block that is kept here; absent: the head when the fork was first opened. */
  readonly block?: bigint
}

/** The L1 chain. */
export interface L1Settings {
  readonly name: string
  /** `embedded`: in this process. */
  readonly el: ExecutionLayerSettings | 'embedded'
  /** Somebody else's chain, whose state this one builds on; `el` is `embedded` then. */
  readonly forkFrom?: ForkSettings
  /** Beacon APIs: the first tells how slots follow from time, the others may have blobs that it has not. */
  readonly beacon?: readonly string[]
  /** geth's genesis file, or its `config` part. Always there when the configuration has chains, but with `forkFrom`. */
  readonly genesis?: GenesisFile
  /** Who makes L1 blocks: somebody else, or this service. */
  readonly mode: 'follow' | 'mock'
  /** Seconds. */
  readonly blockTime: number
  /** How many blocks the safe one is behind the head, where this service makes them. */
  readonly safeDistance: number
  readonly finalizedDistance: number
  readonly poolLimits?: PoolLimitSettings
  readonly poolSharing?: PoolSharingSettings
  readonly blobLimits?: BlobLimitSettings
  /** Where the pool's transactions are written down, absolute; absent: nowhere. */
  readonly journalFile?: string
  /** With whom the pool exchanges transactions over JSON-RPC. */
  readonly poolExchange?: PoolExchangeSettings
  /** Milliseconds between blocks that come by themselves from the start; absent: on demand only. */
  readonly autoIntervalMs?: number
  /** Whether each transaction gets a block at once; only with an embedded execution layer. */
  readonly automine?: boolean
}

/** How a chain is sequenced without being told. */
export interface SequencerSettings {
  /** How many blocks have to stand on an L1 block before it becomes an origin. */
  readonly l1Confs: number
  /** How long before a block is due filling ends. */
  readonly sealLeadMs: number
  /** How many blocks the safe head may be behind; 0: any number. */
  readonly maxSafeLag: number
  /** Take each next L1 block as origin as soon as it is there, and nothing from the pool. */
  readonly recover: boolean
  /** Wait to be started. */
  readonly stopped: boolean
  /** How much of what blocks hold may go to L1; absent: any amount. */
  readonly daBudget?: DaBudgetSettings
}

/** What is asked of messages that pooled transactions execute. */
export interface InteropChecksSettings {
  /** A supervisor elsewhere; absent: the one in this process. */
  readonly rpc?: string
  /** How much must be known of a message before a block of ours executes it. */
  readonly minSafety: SafetyLevel
}

/** Managed mode, served to a supervisor. */
export interface InteropSettings {
  readonly host: string
  readonly port: number
  /** 32 bytes. */
  readonly jwtSecret: Uint8Array
  readonly dependencySet: DependencySet
}

/** One L2 chain. */
export interface L2Settings {
  readonly name: string
  readonly rollup: RollupConfig
  readonly genesis?: GenesisFile
  /** `embedded`: in this process; there is a whole genesis then. */
  readonly el: ExecutionLayerSettings | 'embedded'
  /** op-node's RPC. */
  readonly node?: { readonly rpc: string }
  readonly mode: 'test' | 'auto' | 'engine'
  /** Absent in mode `test`. */
  readonly sequencer?: SequencerSettings
  /** Left out in the file: through the Engine API where that is configured. */
  readonly insert: InsertMode
  /** What abandoned or careless clients can hold. */
  readonly jobs: {
    /** Milliseconds without a call after which an open job is cancelled. */
    readonly expiryMs: number
    /** Open jobs at once. */
    readonly maxOpen: number
  }
  /** Present where this process drives the chain: derives, consolidates, and says what is safe. */
  readonly driver?: DriverSettings
  /** Where a supervisor finds it, which says how safe its blocks are then; absent: none does. Only with a driver. */
  readonly interop?: InteropSettings
  readonly signer?: SignerSettings
  /** Who puts its blocks on L1 in this process; absent: somebody else, or nobody. */
  readonly batcher?: BatcherSettings
  /** Who says which of several sequencers leads (op-conductor). */
  readonly conductor?: { readonly rpc: string; readonly timeoutMs: number }
  /** Gossip of its blocks by this process. */
  readonly blockGossip?: BlockGossipSettings
  /** Where the pool's transactions are written down, absolute; absent: nowhere. */
  readonly journalFile?: string
  readonly poolLimits?: PoolLimitSettings
  /** About messages of other chains that pooled transactions execute; absent: the supervisor in this process is asked, if there is one. */
  readonly interopChecks?: InteropChecksSettings
  readonly poolSharing?: PoolSharingSettings
  /** With whom the pool exchanges transactions over JSON-RPC. */
  readonly poolExchange?: PoolExchangeSettings
  /** Whether transactions with conditions are taken. */
  readonly conditional: boolean
  /** Milliseconds between blocks that come by themselves from the start; absent: on demand only. */
  readonly autoIntervalMs?: number
  /** Whether each transaction gets a block at once; only with an embedded execution layer. */
  readonly automine?: boolean
}

/** A checked configuration: frozen, with its files read and its defaults filled in. */
export interface Config {
  readonly rpc: RpcSettings
  readonly metrics?: { readonly host: string; readonly port: number }
  /** Absolute. */
  readonly datadir?: string
  /** Where drivers write down each effect that they run, absolute; a file does not say it. */
  readonly traceFile?: string
  /** Bytes of memory for trie nodes and code of all chains together. */
  readonly stateCacheBytes: number
  /** Accounts that embedded chains sign for, with their keys; a file gives none. */
  readonly accounts?: readonly { readonly address: Address; readonly privateKey: Hash }[]
  readonly l1?: L1Settings
  readonly chains: readonly L2Settings[]
  readonly supervisor?: SupervisorSettings
  /** op-test-sequencer's builders, signers, committers, publishers and sequencers. */
  readonly ensemble?: EnsembleSettings
}

type ParsedL1 = NonNullable<ParsedConfig['l1']>
/** A chain that is hosted here. */
type ParsedChain = AnyChain & { readonly el: ParsedEl }
type AnyChain = ParsedConfig['chains'][number]
type ParsedEl = NonNullable<AnyChain['el']>

/** Drops fields that are undefined, as the result's types ask for. */
function present<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}

function executionLayer(el: ParsedEl): ExecutionLayerSettings | 'embedded' {
  if (el === 'embedded') return el
  const { rpc, ws, poll: pollMs, engine } = el
  return present({ rpc, ws, pollMs, engine: engine && { url: engine.url, jwtSecret: engine.jwtSecretFile } })
}

function signer(parsed: NonNullable<ParsedChain['signer']>): SignerSettings {
  if ('keyFile' in parsed) return { kind: 'key', key: parsed.keyFile }
  const { endpoint, address, headers, tls } = parsed
  return present({ kind: 'remote' as const, endpoint, address, headers, tls: tls && present(tls) })
}

function insertMode({ insert, el, mode, node }: ParsedChain): InsertMode {
  // Where an engine's builder makes the blocks, and an op-node leads the engine, both must hear of them from one place.
  if (insert === undefined && mode === 'engine' && node !== undefined) return 'op-node'
  return insert ?? (el === 'embedded' || el.engine !== undefined ? 'engine' : 'none')
}

function whole(value: number | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt(value)
}

function blobLimits(parsed: ParsedL1['txpool']): BlobLimitSettings | undefined {
  if (parsed === undefined) return undefined
  const { priceLimit, blobs } = parsed
  return present({ datacap: blobs?.datacap, priceBump: whole(blobs?.priceBump), priceLimit: whole(priceLimit) })
}

function poolLimits(parsed: ParsedL1['txpool'] | ParsedChain['txpool']): PoolLimitSettings | undefined {
  if (parsed === undefined) return undefined
  const { priceLimit, priceBump, accountSlots, globalSlots, accountQueue, globalQueue, lifetime } = parsed
  return present({
    priceLimit: whole(priceLimit),
    priceBump: whole(priceBump),
    accountSlots,
    globalSlots,
    accountQueue,
    globalQueue,
    lifetimeMs: lifetime,
  })
}

function journalFile(
  { name, txpool }: Pick<ParsedL1 | ParsedChain, 'name' | 'txpool'>,
  datadir: string | undefined,
): string | undefined {
  return txpool?.journal === true && datadir !== undefined ? join(datadir, name, 'transactions.rlp') : undefined
}

function l1Settings(l1: ParsedL1, datadir: string | undefined): L1Settings {
  const { name, beacon, genesis, mode, blockTime, safeDistance, finalizedDistance } = l1
  // Only a fork may leave it out.
  const el = executionLayer(l1.el ?? 'embedded')
  const block = l1.forkFrom?.block
  const forkFrom =
    l1.forkFrom && present({ rpc: l1.forkFrom.rpc, block: block === undefined ? undefined : BigInt(block) })
  return present({
    name,
    el,
    forkFrom,
    beacon: typeof beacon === 'string' ? [beacon] : beacon,
    genesis,
    mode,
    blockTime,
    safeDistance,
    finalizedDistance,
    poolLimits: poolLimits(l1.txpool),
    poolExchange: poolExchangeSettings(l1.txpool),
    poolSharing: l1.txpool?.devp2p && poolSharingSettings(l1.txpool.devp2p),
    blobLimits: blobLimits(l1.txpool),
    journalFile: journalFile(l1, datadir),
  })
}

function sequencerSettings({ mode, sequencer }: ParsedChain): SequencerSettings | undefined {
  const { sealLead: sealLeadMs, daBudget, ...rest } = sequencer
  if (mode === 'test') return undefined
  return { ...rest, sealLeadMs, ...(daBudget && { daBudget: daBudgetSettings(daBudget) }) }
}

function interopSettings({ jwtSecretFile: jwtSecret, ...rest }: NonNullable<ParsedChain['interop']>): InteropSettings {
  return { ...rest, jwtSecret }
}

function l2Settings(chain: ParsedChain, datadir: string | undefined): L2Settings {
  return present({
    name: chain.name,
    rollup: chain.rollup,
    genesis: chain.genesis,
    el: executionLayer(chain.el),
    node: chain.node,
    mode: chain.mode,
    sequencer: sequencerSettings(chain),
    insert: insertMode(chain),
    driver: driverSettings(chain.driver),
    interop: chain.interop && interopSettings(chain.interop),
    jobs: { expiryMs: chain.jobs.expiry, maxOpen: chain.jobs.maxOpen },
    signer: chain.signer === undefined ? undefined : signer(chain.signer),
    conductor: chain.conductor && { rpc: chain.conductor.rpc, timeoutMs: chain.conductor.timeout },
    batcher: chain.batcher && batcherSettings(chain.batcher),
    blockGossip: chain.p2p && blockGossipSettings(chain.p2p),
    interopChecks: chain.txpool?.interop && present(chain.txpool.interop),
    // A builder that is a node's would not look at the conditions.
    conditional: chain.txpool?.conditional ?? (chain.mode !== 'engine' || chain.el === 'embedded'),
    journalFile: journalFile(chain, datadir),
    poolLimits: poolLimits(chain.txpool),
    poolExchange: poolExchange(chain),
    poolSharing: chain.txpool?.devp2p && poolSharingSettings(chain.txpool.devp2p),
  })
}

/** As often as geth does it. */
const RESEND_MS = 60_000

/** Where an engine's builder makes the blocks, it is the one that has to have what users send. */
function poolExchange(chain: ParsedChain): PoolExchangeSettings | undefined {
  const settings = poolExchangeSettings(chain.txpool)
  if (chain.mode !== 'engine' || chain.el === 'embedded') return settings
  const { sources = [], relayTo = [] } = settings ?? {}
  const { rpc } = chain.el
  return { sources, relayTo: relayTo.includes(rpc) ? relayTo : [...relayTo, rpc], resendMs: RESEND_MS }
}

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  for (const field of Object.values(value)) freeze(field)
  return Object.freeze(value)
}

function isHosted(chain: AnyChain): chain is ParsedChain {
  return chain.el !== undefined
}

/** The typed form of a configuration that passed every check. */
export function configFrom(parsed: ParsedConfig): Config {
  const { jwtSecretFile: jwtSecret, engineJwtSecretFile, limits, ...rpc } = parsed.rpc
  const engineJwtSecret = engineJwtSecretFile ?? jwtSecret
  return freeze<Config>(
    present({
      rpc: present({ ...rpc, limits: present(limits), jwtSecret, engineJwtSecret }),
      metrics: parsed.metrics,
      datadir: parsed.datadir,
      stateCacheBytes: parsed.stateCache.megabytes * 1024 * 1024,
      l1: parsed.l1 && l1Settings(parsed.l1, parsed.datadir),
      chains: parsed.chains.filter(isHosted).map((chain) => l2Settings(chain, parsed.datadir)),
      supervisor:
        parsed.supervisor &&
        supervisorSettings(
          parsed.supervisor,
          parsed.chains.map(({ rollup }) => rollup),
        ),
    }),
  )
}
