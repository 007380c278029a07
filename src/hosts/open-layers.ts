import { SealedBlocks } from '../builder/sealed-blocks.ts'
import { l1NewPayload, opNewPayload } from '../clients/engine.ts'
import { RpcTransport } from '../clients/transport.ts'
import type { L1Settings, L2Settings } from '../config/config.ts'
import type { GenesisFile } from '../config/files.ts'
import type { ChainRules } from '../embedded/chain-rules.ts'
import { ChainStore } from '../embedded/chain-store.ts'
import { genesisState } from '../embedded/genesis-state.ts'
import { L1ChainRules } from '../embedded/l1-chain-rules.ts'
import { OpChainRules } from '../embedded/op-chain-rules.ts'
import { AppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import { type Genesis, parseGenesis } from '../protocol/genesis.ts'
import type { L1ChainConfig } from '../protocol/l1-chain.ts'
import type { NodeStore } from '../state/node-store.ts'
import type { KeyValueStore } from '../storage/key-value-store.ts'
import { type EmbeddedLayer, type OpenedChain, openEmbeddedLayer } from './embedded-layer.ts'
import type { ExecutionLayer } from './execution-layer.ts'
import { l1BlockTime } from './l1.ts'
import { opConstants } from './l2.ts'

/** A layer, and the blocks that are sealed for it. */
export interface OpenedLayer<Layer extends ExecutionLayer = ExecutionLayer> {
  readonly layer: Layer
  readonly sealedBlocks: SealedBlocks
}

/** How far an L2 chain's labels are behind its head, where no driver moves them. */
const L2_LABELS = { safe: 10, finalized: 20 }

function wholeGenesis(path: string, file: GenesisFile | undefined): Genesis {
  if (file === undefined) throw new AppError('CONFIG_INVALID', { message: `${path}: is required with el: embedded` })
  return file.genesis ?? parseGenesis(file.json)
}

/** Opens a chain that begins with a genesis of its own. */
function fromGenesis(genesis: Genesis, rules: ChainRules): (store: KeyValueStore) => Promise<OpenedChain> {
  return async (store) => ({
    chain: await ChainStore.open(store, genesisState(genesis), {}),
    config: genesis.config,
    rules,
  })
}

/** Opens the L1 in this process. @throws AppError CONFIG_INVALID */
export async function openEmbeddedL1(
  settings: L1Settings,
  config: L1ChainConfig,
  datadir: string | undefined,
): Promise<OpenedLayer<EmbeddedLayer>> {
  const { name, safeDistance: safe, finalizedDistance: finalized } = settings
  const sealedBlocks = new SealedBlocks()
  const open = fromGenesis(wholeGenesis('l1.genesis', settings.genesis), new L1ChainRules(config))
  const layer = await openEmbeddedLayer({ name, open, labels: { safe, finalized }, sealedBlocks, datadir })
  return { layer, sealedBlocks }
}

/** The L1 on a node whose Engine API is free. @throws AppError CONFIG_INVALID */
export async function remoteL1(
  settings: L1Settings,
  config: L1ChainConfig,
  reads: RpcTransport,
  shared: { readonly store: NodeStore; readonly debugReads: boolean },
): Promise<OpenedLayer> {
  const { name, el, safeDistance: safe, finalizedDistance: finalized } = settings
  if (el === 'embedded' || el.engine === undefined) {
    throw new AppError('CONFIG_INVALID', { message: 'l1.el.engine: is required with mode: mock' })
  }
  const sealedBlocks = new SealedBlocks()
  const { remoteLayer } = await import('./remote-layer.ts')
  const layer = remoteLayer({
    ...shared,
    name,
    chainId: config.chainId,
    blockTime: l1BlockTime(settings),
    reads,
    heads: el,
    ownsReads: false,
    engine: el.engine,
    newPayload: l1NewPayload(config),
    inserts: true,
    labels: { safe, finalized },
    sealedBlocks,
  })
  return { layer, sealedBlocks }
}

/** The two must be the same chain: a block on another genesis would be nobody's. */
function checkL2Genesis({ name, rollup }: L2Settings, genesis: Hash): void {
  const { l2 } = rollup.genesis
  if (l2.number !== 0n || l2.hash === genesis) return
  throw new AppError('CONFIG_INVALID', {
    message: `chains.${name}: the rollup begins with block ${l2.hash}, the genesis makes ${genesis}`,
  })
}

/** Opens an L2 chain's execution layer. @throws AppError CONFIG_INVALID */
export async function openL2(
  settings: L2Settings,
  shared: { readonly store: NodeStore; readonly debugReads: boolean },
  datadir: string | undefined,
): Promise<OpenedLayer> {
  const { name, rollup, el } = settings
  const { l2ChainId: chainId, forks, blockTime } = rollup
  const sealedBlocks = new SealedBlocks()
  if (el === 'embedded') {
    const genesis = wholeGenesis(`chains.${name}.genesis`, settings.genesis)
    const rules = new OpChainRules({ chainId, forks, constants: opConstants(settings) })
    const open = fromGenesis(genesis, rules)
    const layer = await openEmbeddedLayer({ name, open, labels: L2_LABELS, sealedBlocks, datadir })
    checkL2Genesis(settings, layer.engine.chain.genesis)
    return { layer, sealedBlocks }
  }
  const { remoteLayer } = await import('./remote-layer.ts')
  const layer = remoteLayer({
    ...shared,
    name,
    chainId,
    blockTime,
    reads: new RpcTransport({ endpoint: `${name}.el`, url: el.rpc }),
    heads: el,
    ownsReads: true,
    engine: el.engine,
    singleCalls: settings.mode === 'engine',
    newPayload: opNewPayload(forks),
    inserts: settings.insert === 'engine',
    sealedBlocks,
  })
  return { layer, sealedBlocks }
}
