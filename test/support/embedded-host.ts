import type { L2Settings } from '../../src/config/config.ts'
import { genesisState } from '../../src/embedded/genesis-state.ts'
import { openDeliveries } from '../../src/hosts/block-delivery.ts'
import { hostL2 } from '../../src/hosts/l2.ts'
import { openL2 } from '../../src/hosts/open-layers.ts'
import { parseGenesis } from '../../src/protocol/genesis.ts'
import { NodeStore } from '../../src/state/node-store.ts'
import { silentLogger } from '../../src/telemetry/logger.ts'
import { EMBEDDED_GENESIS } from './embedded-world.ts'
import { localRpc } from './local-rpc.ts'
import { MemoryChain } from './memory-chain.ts'
import { NO_DERIVATION } from './no-derivation.ts'

/**
 * An L2 on an embedded execution layer, wired as the service does, with an L1 of one block.
 * @param more settings that are others
 * @param datadir for what outlives the process: nothing, where left out
 */
export async function embeddedHost(more: Partial<L2Settings> = {}, datadir?: string) {
  const genesis = parseGenesis(EMBEDDED_GENESIS)
  const { forks, eip1559 } = genesis.config.op as NonNullable<typeof genesis.config.op>
  const { l1, config: base } = new MemoryChain(new Map())
  const settings: L2Settings = {
    name: 'op-a',
    rollup: {
      ...base,
      forks,
      chainOpConfig: eip1559,
      genesis: { ...base.genesis, l2: { hash: genesisState(genesis).block.hash, number: 0n } },
    },
    genesis: { path: 'genesis.json', json: EMBEDDED_GENESIS, config: genesis.config },
    el: 'embedded',
    mode: 'test',
    insert: 'engine',
    conditional: true,
    jobs: { expiryMs: 60_000, maxOpen: 16 },
    ...more,
  }
  const parts = { store: new NodeStore(), debugReads: false }
  const { layer, sealedBlocks } = await openL2(settings, parts, undefined)
  const shared = {
    logger: silentLogger(),
    accounts: [],
    l1: {
      reader: l1,
      chain: { chainId: 900n, blockForks: {}, timeForks: {}, blobSchedule: {} },
      slot: async () => 0n,
      derivation: NO_DERIVATION,
    },
    engineJwtSecret: new Uint8Array(32),
    datadir,
  }
  const deliveries = await openDeliveries(settings, datadir)
  const host = hostL2(settings, layer, sealedBlocks, shared, undefined, deliveries)
  const ended = new AbortController()
  const work = host.run(ended.signal)
  const engine = localRpc(host.route.engine?.methods ?? [])
  return {
    ...localRpc(host.route.methods),
    engine,
    route: host.route,
    settings,
    layer,
    l1: shared.l1,
    daBudget: host.daBudget,
    async [Symbol.asyncDispose]() {
      await host.close()
      ended.abort()
      await work
    },
  }
}
