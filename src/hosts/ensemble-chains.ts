import { OpNodeClient } from '../clients/op-node.ts'
import { RpcTransport } from '../clients/transport.ts'
import type {
  Config,
  ExecutionLayerSettings,
  L1Settings,
  L2Settings,
  SequencerSettings,
  SignerSettings,
} from '../config/config.ts'
import type { EnsembleSettings, FullSequencerSettings, StandardBuilderSettings } from '../config/ensemble.ts'
import { AppError, errorMessage, isAppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { ChainConfig } from '../protocol/chain-config.ts'
import { l1ChainFromEthConfig } from '../protocol/eth-config.ts'
import { parseRollupConfig, type RollupConfig } from '../protocol/rollup-config.ts'

/** A configuration whose builders' chains are all among its chains. */
export interface CompletedConfig {
  readonly config: Config
  /** The chain that each builder builds, by the builder's id; an L1 builder's is the L1. */
  readonly builderChains: ReadonlyMap<string, bigint>
}

const POLL_MS = 500
const SEAL_LEAD_MS = 50
const JOBS = { expiryMs: 600_000, maxOpen: 1000 }

function refuse(message: string, cause?: unknown): AppError {
  return new AppError('CONFIG_INVALID', { message, cause })
}

function sameUrl(a: string, b: string): boolean {
  return new URL(a).href === new URL(b).href
}

async function asking<T>(endpoint: string, url: string, ask: (transport: RpcTransport) => Promise<T>): Promise<T> {
  const transport = new RpcTransport({ endpoint, url })
  try {
    return await ask(transport)
  } finally {
    await transport.close()
  }
}

/** The rollup configuration, which op-test-sequencer has from op-node, too. */
async function rollupOf(id: string, { l2Cl }: StandardBuilderSettings, io: IoOptions): Promise<RollupConfig> {
  const json = await asking(`builders.${id}.l2CL`, l2Cl, (transport) => new OpNodeClient(transport).rollupConfig(io))
  try {
    return parseRollupConfig(json)
  } catch (error) {
    throw refuse(`builders.${id}.standard.l2CL: its rollup configuration is of no use: ${errorMessage(error)}`, error)
  }
}

async function l1ChainOf(
  id: string,
  { l1El, l1ChainConfig }: StandardBuilderSettings,
  io: IoOptions,
): Promise<ChainConfig> {
  if (l1ChainConfig !== undefined) return l1ChainConfig
  try {
    const json = await asking(`builders.${id}.l1EL`, l1El, (transport) =>
      transport.call('eth_config', [], { ...io, idempotent: true }),
    )
    // What held before the newest upgrade is not told, and not needed: the head is past it.
    const l1 = l1ChainFromEthConfig(json, BigInt(Math.floor(Date.now() / 1000)))
    return { chainId: l1.chainId, l1 }
  } catch (error) {
    if (!isAppError(error, 'RPC_ERROR') && !isAppError(error, 'SCHEDULE_UNKNOWN')) throw error
    const needed = `builders.${id}.standard.l1chainconfig: is required: it says the L1's upgrades and blob schedule`
    throw refuse(`${needed}, which the node does not tell by eth_config: ${error.message}`, error)
  }
}

function l1Settings(rpc: string, config: ChainConfig): L1Settings {
  const genesis = { path: 'l1chainconfig', json: {}, config }
  const distances = { safeDistance: 10, finalizedDistance: 20 }
  return { name: 'l1', el: { rpc, pollMs: POLL_MS }, genesis, mode: 'follow', blockTime: 12, ...distances }
}

/** How the chain is sequenced once that is asked for: as the first of its sequencers says. */
function sequencerOf({ sequencers }: EnsembleSettings, chainId: bigint): SequencerSettings {
  const full = [...sequencers.values()].flatMap((entry) => (entry.kind === 'full' ? entry : []))
  const own = full.filter((entry) => entry.chainId === chainId)
  return {
    l1Confs: own[0]?.confDepth ?? 0,
    sealLeadMs: SEAL_LEAD_MS,
    maxSafeLag: own[0]?.maxSafeLag ?? 0,
    recover: false,
    stopped: !own.some(({ active }) => active),
  }
}

/** The key of the chain's sequencers, if they agree on one. */
function signerOf({ sequencers, signers }: EnsembleSettings, chainId: bigint): SignerSettings | undefined {
  const full = [...sequencers.values()].filter((entry) => entry.kind === 'full' && entry.chainId === chainId)
  const [signer, ...others] = new Set(full.map((entry) => (entry as FullSequencerSettings).signer))
  const entry = signer === undefined || others.length > 0 ? undefined : signers.get(signer)
  return entry?.kind === 'local-key' ? { kind: 'key', key: entry.key } : undefined
}

function l2Settings(builder: StandardBuilderSettings, rollup: RollupConfig, ensemble: EnsembleSettings): L2Settings {
  const signer = signerOf(ensemble, rollup.l2ChainId)
  return {
    name: String(rollup.l2ChainId),
    rollup,
    el: { rpc: builder.l2El, pollMs: POLL_MS },
    node: { rpc: builder.l2Cl },
    mode: 'auto',
    sequencer: sequencerOf(ensemble, rollup.l2ChainId),
    insert: 'op-node',
    jobs: JOBS,
    conditional: true,
    ...(signer && { signer }),
  }
}

function elUrl(el: ExecutionLayerSettings | 'embedded'): string | undefined {
  return el === 'embedded' ? undefined : el.rpc
}

/** The configured chain that a builder names by one of its nodes. */
function configured(chains: readonly L2Settings[], { l2El, l2Cl }: StandardBuilderSettings): L2Settings | undefined {
  return chains.find(({ el, node }) => {
    const url = elUrl(el)
    return (url !== undefined && sameUrl(url, l2El)) || (node !== undefined && sameUrl(node.rpc, l2Cl))
  })
}

/** An L1 builder builds what the configuration mocks. */
function checkL1Builder(
  id: string,
  l1: L1Settings | undefined,
  expected: Readonly<Record<string, number | undefined>>,
): void {
  if (l1?.mode !== 'mock') throw refuse(`builders.${id}.l1: needs a configuration beside it with l1.mode: mock`)
  for (const [key, value] of Object.entries(expected)) {
    const own = (l1 as unknown as Readonly<Record<string, unknown>>)[key]
    if (value !== own)
      throw refuse(`builders.${id}.l1.${key.toLowerCase()}: is ${value}, but l1.${key} is ${String(own)}`)
  }
}

function checkSequencers(
  { sequencers }: EnsembleSettings,
  builderChains: ReadonlyMap<string, bigint>,
  { chains }: Config,
): void {
  for (const [id, entry] of sequencers) {
    if (entry.kind === 'noop') continue
    const built = builderChains.get(entry.builder)
    if (built !== undefined && built !== entry.chainId)
      throw refuse(`sequencers.${id}.full.chainID: is ${entry.chainId}, but ${entry.builder} builds chain ${built}`)
    const says = entry.active || entry.confDepth !== undefined || entry.maxSafeLag !== undefined
    if (says && chains.some(({ rollup }) => rollup.l2ChainId === entry.chainId))
      throw refuse(
        `sequencers.${id}.full: how chain ${entry.chainId} is sequenced is said by its own configuration (chains[].sequencer)`,
      )
  }
}

/**
 * Adds the chains that builders name by their nodes and the configuration does not have.
 * @throws AppError CONFIG_INVALID; temporary errors of nodes, when trying again may help
 */
export async function withBuilderChains(
  config: Config,
  ensemble: EnsembleSettings,
  io: IoOptions,
): Promise<CompletedConfig> {
  const builderChains = new Map<string, bigint>()
  const chains = [...config.chains]
  let { l1 } = config
  for (const [id, builder] of ensemble.builders) {
    if (builder.kind === 'noop') continue
    if (builder.kind === 'l1') {
      checkL1Builder(id, l1, builder.expected)
      continue
    }
    const known = configured(chains, builder)
    const rollup = known?.rollup ?? (await rollupOf(id, builder, io))
    builderChains.set(id, rollup.l2ChainId)
    if (chains.some((chain) => chain.rollup.l2ChainId === rollup.l2ChainId)) continue
    const l1Url = l1 && elUrl(l1.el)
    if (config.l1 === undefined && l1Url !== undefined && !sameUrl(l1Url, builder.l1El))
      throw refuse(
        `builders.${id}.standard.l1EL: is ${builder.l1El}, but another builder's is ${l1Url}: there is one L1`,
      )
    l1 ??= l1Settings(builder.l1El, await l1ChainOf(id, builder, io))
    chains.push(l2Settings(builder, rollup, ensemble))
  }
  checkSequencers(ensemble, builderChains, config)
  if (l1 === undefined) throw refuse('builders: none names a chain, and there is no configuration beside them')
  return { config: { ...config, l1, chains }, builderChains }
}
