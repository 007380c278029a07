import { acrossFork } from '../../rpc/methods/across-fork.ts'
import type { L1Reader } from '../builder/ports.ts'
import { SealedBlocks } from '../builder/sealed-blocks.ts'
import { ForkNode } from '../clients/fork-node.ts'
import { OlderReads } from '../clients/older-reads.ts'
import { RpcTransport } from '../clients/transport.ts'
import type { ForkSettings, L1Settings } from '../config/config.ts'
import { ChainStore } from '../embedded/chain-store.ts'
import { forkedConfig, openFork } from '../embedded/fork/open-fork.ts'
import { L1ChainRules } from '../embedded/l1-chain-rules.ts'
import { AppError, isAppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { l1ChainFromEthConfig } from '../protocol/eth-config.ts'
import type { Header } from '../protocol/header.ts'
import type { L1ChainConfig } from '../protocol/l1-chain.ts'
import type { KeyValueStore } from '../storage/key-value-store.ts'
import { type EmbeddedLayer, openEmbeddedLayer } from './embedded-layer.ts'
import type { OpenedLayer } from './open-layers.ts'

/** An L1 that goes on from a block of a chain that is somebody else's. */
export interface ForkedL1 extends OpenedLayer<EmbeddedLayer> {
  readonly config: L1ChainConfig
  /** Also of blocks before the forked one, for the L2 chains on it. */
  readonly reader: L1Reader
}

function refuse(message: string, cause?: unknown): AppError {
  return new AppError('CONFIG_INVALID', { message, cause })
}

/** The upgrades: as a file states them, else as the node tells of them. */
async function scheduleOf(
  { genesis }: L1Settings,
  node: ForkNode,
  store: KeyValueStore,
  { timestamp }: Header,
  io: IoOptions,
): Promise<L1ChainConfig> {
  if (genesis !== undefined) return genesis.config.l1
  try {
    return l1ChainFromEthConfig(await forkedConfig(store, node, io), timestamp)
  } catch (error) {
    if (!isAppError(error, 'RPC_ERROR') && !isAppError(error, 'SCHEDULE_UNKNOWN')) throw error
    const needed = "l1.genesis: is required: it says the L1's upgrades and blob schedule"
    throw refuse(`${needed}, which the node does not tell by eth_config: ${error.message}`, error)
  }
}

/** A file of another chain is found out before anything is stored. */
async function checkChainId({ genesis }: L1Settings, node: ForkNode, io: IoOptions): Promise<void> {
  if (genesis === undefined) return
  const found = await node.chainId(io)
  const { chainId } = genesis.config
  if (found !== chainId) throw refuse(`l1.genesis: the chain id is ${chainId}, but ${found} at l1.forkFrom.rpc`)
}

/**
 * Opens the fork. What was stored of it once is enough to do so without the node.
 * @throws AppError CONFIG_INVALID; RPC_UNAVAILABLE and other temporary errors of the node, when trying again may help
 */
export async function openForkedL1(
  settings: L1Settings,
  { rpc, block }: ForkSettings,
  shared: { readonly debugReads: boolean },
  datadir: string | undefined,
  io: IoOptions,
): Promise<ForkedL1> {
  const { name, safeDistance: safe, finalizedDistance: finalized } = settings
  const transport = new RpcTransport({ endpoint: `${name}.fork`, url: rpc })
  const node = new ForkNode(transport)
  const sealedBlocks = new SealedBlocks()
  const open = async (store: KeyValueStore) => {
    if (ChainStore.first(store) === undefined) await checkChainId(settings, node, io)
    const chain = await openFork(store, node, block, io)
    const first = chain.header(chain.genesis) as Header
    const l1 = await scheduleOf(settings, node, store, first, io)
    return { chain, config: { chainId: l1.chainId, l1 }, rules: new L1ChainRules(l1) }
  }
  try {
    const labels = { safe, finalized }
    const layer = await openEmbeddedLayer({ name, open, labels, sealedBlocks, datadir })
    const { chain } = layer.engine
    const { genesis: hash, firstNumber: number } = chain
    const older = new OlderReads(transport, { hash, number })
    const { l1: config } = layer.config
    return {
      sealedBlocks,
      config,
      reader: {
        block: async (id, io) =>
          (await layer.chain.block(id)) ?? (id === 'latest' ? undefined : node.olderBlock(id, number, io)),
        receipts: async (id, io) => (await layer.chain.receipts(id)) ?? node.receipts(id, io),
      },
      layer: {
        ...layer,
        methods: (pool) => {
          const own = {
            first: number,
            block: (each: Hash) => chain.header(each)?.number,
            transaction: (each: Hash) => {
              const place = chain.transaction(each)
              return place && chain.header(place.blockHash)?.number
            },
            waits: (each: Hash) => pool.get(each) !== undefined,
          }
          return acrossFork(layer.methods(pool), own, older, shared.debugReads)
        },
        watched: [{ transport, chainId: config.chainId }],
        transports: [transport],
      },
    }
  } catch (error) {
    await transport.close()
    throw error
  }
}
