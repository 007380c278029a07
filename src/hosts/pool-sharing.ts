import { PoolSharing } from '../../txpool/devp2p/pool-sharing.ts'
import type { ChainIdentity, SharedPool } from '../../txpool/devp2p/shared-pool.ts'
import type { ChainReader } from '../builder/ports.ts'
import { VERSION } from '../cli/version.ts'
import type { PoolSharingSettings } from '../config/pool-sharing.ts'
import { systemClock } from '../primitives/clock.ts'
import { AppError, errorMessage } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import { forkSchedule } from '../protocol/fork-schedule.ts'
import type { Logger } from '../telemetry/logger.ts'
import { keptKey } from './kept-key.ts'

/** A chain configuration as JSON. */
export type JsonChainConfig = Readonly<Record<string, unknown>>

/** What sharing a chain's pool takes. */
export interface PoolSharingParts {
  readonly settings: PoolSharingSettings
  /** Where a key is kept that the configuration does not name; absent: nowhere. */
  readonly keyFile: string | undefined
  readonly chainId: bigint
  readonly chain: ChainReader
  /** geth's `admin_nodeInfo`, where there is a node that answers it. */
  readonly nodeInfo: ((io: IoOptions) => Promise<unknown>) | undefined
  /** What is known without a node. */
  readonly config: { readonly json: JsonChainConfig; readonly source: string } | undefined
  readonly pool: SharedPool
  readonly logger: Logger
}

/** Shares a pool by devp2p; nothing happens before {@link PoolSharing.listen}. */
export type SharePool = (parts: PoolSharingParts) => PoolSharing

interface NodeChain {
  readonly network: unknown
  readonly config: JsonChainConfig
}

function isObject(value: unknown): value is JsonChainConfig {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The chain as a geth tells of it. */
function nodeChain(answer: unknown): NodeChain | undefined {
  const protocols = isObject(answer) ? answer.protocols : undefined
  const eth = isObject(protocols) ? protocols.eth : undefined
  if (!isObject(eth) || !isObject(eth.config)) return undefined
  return { network: eth.network, config: eth.config }
}

function unreadable(what: string): AppError {
  return new AppError('NODE_UNAVAILABLE', { message: `${what} cannot be read`, severity: 'temporary' })
}

async function identify(parts: PoolSharingParts, io: IoOptions): Promise<ChainIdentity> {
  const { chain, chainId, settings, nodeInfo, config } = parts
  const genesis = await chain.block(0n, io)
  if (genesis === undefined) throw unreadable('the genesis block')
  // The node counts what it was started with, which a file may not say.
  const node = nodeChain(await nodeInfo?.(io))
  const json = node?.config ?? config?.json
  if (json === undefined) {
    const message = 'the upgrades of the chain are not known: give its genesis, or a node that serves admin_nodeInfo'
    throw new AppError('CONFIG_INVALID', { message })
  }
  const told = typeof node?.network === 'number' ? BigInt(node.network) : undefined
  return {
    networkId: settings.networkId ?? told ?? chainId,
    genesisHash: genesis.hash,
    forks: forkSchedule(json, genesis.header.timestamp),
    source: node === undefined ? (config?.source ?? '') : 'admin_nodeInfo',
  }
}

/** Shares the pool of a chain. @throws AppError CONFIG_INVALID where its key cannot be read or kept */
export const sharePool: SharePool = (parts) => {
  const { settings, chain, pool, logger } = parts
  let key: Uint8Array
  try {
    key = settings.key ?? keptKey(parts.keyFile)
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', { message: `txpool.devp2p: ${errorMessage(cause)}`, cause })
  }
  return new PoolSharing({
    ...settings,
    key,
    pool,
    logger,
    clock: systemClock,
    client: `op-sequencer/v${VERSION}/${process.platform}-${process.arch}/node${process.versions.node}`,
    chain: {
      identity: (io) => identify(parts, io),
      async head(io) {
        const block = await chain.block('latest', io)
        if (block === undefined) throw unreadable('the head')
        const { hash, header } = block
        return { hash, number: header.number, timestamp: header.timestamp }
      },
    },
  })
}
