import { resolve } from 'node:path'
import type { Config } from '../config/config.ts'
import type { OpFork } from '../protocol/forks.ts'
import { DEVNET_L1_ID, DEVNET_L1_NAME, type DevnetShape, devnetChainName, devnetConfig } from './devnet-config.ts'
import { devnetShapeIn, engineSecretFileIn, readEngineSecret } from './devnet-folder.ts'
import type { DevnetL1Fork } from './l1-genesis.ts'

/** What a user says of a devnet. */
export interface DevnetChoices {
  /** Of L2 chains. */
  readonly chainIds: readonly number[]
  /** Seconds between L2 blocks; may be less than one, but their times are whole seconds. */
  readonly blockTime: number
  /** Seconds between L1 blocks, likewise. */
  readonly l1BlockTime: number
  readonly fork: OpFork
  readonly l1Fork: DevnetL1Fork
  /** Unix seconds; left out: now, or what the folder holds. */
  readonly genesisTime?: number | undefined
  /** No block but on demand. */
  readonly manual: boolean
  /** A block for each transaction, and no other but on demand. */
  readonly automine: boolean
  /** Whether L2 chains are derived from L1; left out: where blocks come by themselves. */
  readonly derive?: boolean | undefined
  /** Seconds for which messages between the chains may be executed; left out: a week. */
  readonly messageExpiry?: number | undefined
  /** L1 blocks in which the batches of an L1 origin's blocks have to come; left out: 3600. */
  readonly sequencingWindow?: number | undefined
  /** Left out: in memory. */
  readonly datadir?: string | undefined
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Of the secret of the Engine APIs; left out: the folder's own, and without a folder they are not served. */
  readonly engineJwtSecretFile?: string | undefined
}

/** A devnet's chains, and the configuration that hosts them. */
export interface DevnetSetup {
  readonly shape: DevnetShape
  readonly config: Config
  /** Absolute; where the Engine APIs' secret is. Absent: they are not served. */
  readonly secretFile: string | undefined
}

/** Where one chain of a devnet is served. */
export interface DevnetEndpoint {
  readonly name: string
  readonly chainId: number
  readonly url: string
  readonly ws: string
  /** Where its Engine API is served, and the secret for it. */
  readonly engine?: { readonly url: string; readonly jwtSecretFile: string }
}

function wholeSeconds(seconds: number): number {
  return Math.max(1, Math.round(seconds))
}

function shapeOf(choices: DevnetChoices): DevnetShape {
  const { chainIds, fork, l1Fork, genesisTime, datadir, sequencingWindow } = choices
  const blockTime = wholeSeconds(choices.blockTime)
  const wanted = {
    chainIds,
    blockTime,
    l1BlockTime: wholeSeconds(choices.l1BlockTime),
    fork,
    l1Fork,
    sequencingWindow,
  } as const
  const now = Math.floor(Date.now() / 1000)
  if (datadir === undefined) return { ...wanted, genesisTime: genesisTime ?? now }
  return devnetShapeIn(resolve(datadir), { ...wanted, genesisTime }, now)
}

/**
 * Makes a configuration of what a user said; the folder of its state gets its files.
 * @throws AppError CONFIG_INVALID where it contradicts itself, or what the folder holds
 */
export function devnetSetup(choices: DevnetChoices): DevnetSetup {
  const { manual, automine, blockTime, l1BlockTime, host, port, engineJwtSecretFile } = choices
  const datadir = choices.datadir && resolve(choices.datadir)
  const shape = shapeOf(choices)
  const secretFile =
    engineJwtSecretFile === undefined ? datadir && engineSecretFileIn(datadir) : resolve(engineJwtSecretFile)
  const config = devnetConfig({
    shape,
    automine,
    derive: choices.derive ?? (!manual && !automine),
    ...(!manual && !automine && { pace: { l1Ms: l1BlockTime * 1000, l2Ms: blockTime * 1000 } }),
    rpc: { host, port, ...(secretFile !== undefined && { engineJwtSecret: readEngineSecret(secretFile) }) },
    ...(datadir !== undefined && { datadir }),
    ...(choices.messageExpiry !== undefined && { messageExpiry: choices.messageExpiry }),
  })
  return { shape, config, secretFile }
}

/**
 * Where the chains of a devnet are served, the L1 first.
 * @param url of the devnet's server
 */
export function devnetEndpoints(
  { shape, secretFile: jwtSecretFile }: Pick<DevnetSetup, 'shape' | 'secretFile'>,
  url: string,
): readonly DevnetEndpoint[] {
  const { chainIds } = shape
  const chains = [[DEVNET_L1_NAME, DEVNET_L1_ID] as const, ...chainIds.map((id) => [devnetChainName(id), id] as const)]
  return chains.map(([name, chainId]) => {
    const chainUrl = `${url}/${name}`
    const engine = jwtSecretFile === undefined ? {} : { engine: { url: `${chainUrl}/engine`, jwtSecretFile } }
    return { name, chainId, url: chainUrl, ws: chainUrl.replace(/^http/, 'ws'), ...engine }
  })
}
