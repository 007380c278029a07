import { join } from 'node:path'
import type { SharedPool } from '../../txpool/devp2p/shared-pool.ts'
import type { TxPool } from '../../txpool/pool.ts'
import type { GenesisFile } from '../config/files.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { ExecutionLayer } from './execution-layer.ts'
import type { HostContext } from './hosted-chain.ts'
import type { JsonChainConfig, PoolSharingParts } from './pool-sharing.ts'

/** The pool of a chain as peers get to know it. */
export function sharedPool(
  pool: Pick<TxPool, 'get' | 'content' | 'onTransaction'>,
  { add, networkForm }: Pick<SharedPool, 'add' | 'networkForm'>,
): SharedPool {
  return {
    add,
    networkForm,
    get: (hash) => pool.get(hash),
    pending: async (io) => [...(await pool.content(io)).pending.values()].flat(),
    onTransaction: (listener) => pool.onTransaction(listener),
  }
}

/** What sharing asks of a chain, wherever that is. */
export function sharingParts(
  chain: { readonly name: string; readonly chainId: bigint },
  layer: Pick<ExecutionLayer, 'chain' | 'nodeInfo'>,
  { datadir }: HostContext,
): Pick<PoolSharingParts, 'keyFile' | 'chainId' | 'chain' | 'nodeInfo'> {
  return {
    keyFile: datadir && join(datadir, chain.name, 'nodekey'),
    chainId: chain.chainId,
    chain: layer.chain,
    nodeInfo: layer.nodeInfo,
  }
}

/** The upgrades of a chain out of its genesis, or of an L2 chain that began with no other chain's blocks, its rollup configuration. */
export function knownUpgrades(genesis: GenesisFile | undefined, rollup?: RollupConfig): PoolSharingParts['config'] {
  if (genesis !== undefined) {
    const json = genesis.json as JsonChainConfig
    return { json: (json.config ?? json) as JsonChainConfig, source: 'genesis' }
  }
  if (rollup?.genesis.l2.number !== 0n) return undefined
  const times = Object.entries(rollup.forks.times).filter(([fork]) => fork !== 'bedrock')
  return {
    json: Object.fromEntries(times.map(([fork, time]) => [`${fork}Time`, String(time)])),
    source: 'rollup',
  }
}
