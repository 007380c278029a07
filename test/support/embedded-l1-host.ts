import type { L1Settings } from '../../src/config/config.ts'
import type { OpenedJournal } from '../../src/hosts/journaled.ts'
import { hostL1 } from '../../src/hosts/l1.ts'
import { openEmbeddedL1 } from '../../src/hosts/open-layers.ts'
import { parseGenesis } from '../../src/protocol/genesis.ts'
import { silentLogger } from '../../src/telemetry/logger.ts'
import { l1Genesis } from '../peers/support/l1-genesis.ts'
import { localRpc } from './local-rpc.ts'
import { NO_DERIVATION } from './no-derivation.ts'

/** An L1 on an embedded execution layer, wired as the service does. @param options as to {@link l1Genesis} */
export async function embeddedL1Host(options: Parameters<typeof l1Genesis>[0], journal?: OpenedJournal) {
  const json = JSON.parse(JSON.stringify(l1Genesis(options)))
  const genesis = parseGenesis(json)
  const settings: L1Settings = {
    name: 'l1',
    genesis: { path: 'genesis.json', json, config: genesis.config, genesis },
    el: 'embedded',
    mode: 'mock',
    blockTime: 12,
    safeDistance: 1,
    finalizedDistance: 2,
  }
  const config = genesis.config.l1
  const { layer, sealedBlocks } = await openEmbeddedL1(settings, config, undefined)
  const shared = {
    logger: silentLogger(),
    accounts: [],
    l1: { reader: layer.chain, chain: config, slot: async () => 0n, derivation: NO_DERIVATION },
    engineJwtSecret: new Uint8Array(32),
  }
  const host = hostL1(settings, layer, sealedBlocks, shared, journal)
  const stop = new AbortController()
  const running = host.run(stop.signal).catch(() => undefined)
  return {
    ...localRpc(host.route.methods),
    async [Symbol.asyncDispose]() {
      await host.close()
      stop.abort()
      await running
    },
  }
}
