import { EMPTY_BYTES } from '../primitives/hex.ts'
import type { BlobParams, L1_TIME_FORKS } from '../protocol/l1-chain.ts'
import { DEVNET_L1_CHAIN_ID, type DevnetChain } from './devnet-chain.ts'
import { contractAccount, type GenesisFile, genesisFile, MERGED } from './genesis-file.ts'
import { l1ContractsOf } from './l1-contracts.ts'
import {
  BEACON_ROOTS,
  CONSOLIDATION_REQUESTS,
  DEPOSIT_CONTRACT,
  DETERMINISTIC_DEPLOYER,
  HISTORY_STORAGE,
  MULTICALL3,
  WITHDRAWAL_REQUESTS,
} from './well-known-contracts.ts'

/** The upgrades that the devnet's L1 may have, oldest first; everything before is there from genesis. */
export const DEVNET_L1_FORKS = [
  'shanghai',
  'cancun',
  'prague',
  'osaka',
  'bpo1',
  'bpo2',
] as const satisfies readonly (typeof L1_TIME_FORKS)[number][]

/** An upgrade of the devnet's L1. */
export type DevnetL1Fork = (typeof DEVNET_L1_FORKS)[number]

/** What may be said of the devnet's L1. */
export interface DevnetL1Options {
  /** 900 when left out. */
  readonly chainId?: bigint
  /** Unix seconds. */
  readonly timestamp: bigint
  /** This upgrade and all before it hold from genesis; `prague` when left out. */
  readonly fork?: DevnetL1Fork
  /** Upgrades that take effect later: seconds after genesis, more than 0. */
  readonly laterForks?: Readonly<Partial<Record<DevnetL1Fork, bigint>>>
  /** The L2 chains whose contracts are on it. */
  readonly chains: readonly DevnetChain[]
}

const GAS_LIMIT = 60_000_000n
const DEFAULT_FORK: DevnetL1Fork = 'prague'

/** Blobs of each upgrade that says something of them, as on mainnet. @see EIP-7840, EIP-7892 */
const BLOB_SCHEDULE: Readonly<Partial<Record<DevnetL1Fork, BlobParams>>> = {
  cancun: { target: 3, max: 6, updateFraction: 3_338_477n },
  prague: { target: 6, max: 9, updateFraction: 5_007_716n },
  osaka: { target: 6, max: 9, updateFraction: 5_007_716n },
  bpo1: { target: 10, max: 15, updateFraction: 8_346_193n },
  bpo2: { target: 14, max: 21, updateFraction: 11_684_671n },
}

/** Time and name of each upgrade that the chain ever has. */
function schedule({
  fork = DEFAULT_FORK,
  laterForks = {},
  timestamp,
}: DevnetL1Options): readonly [DevnetL1Fork, bigint][] {
  const last = DEVNET_L1_FORKS.indexOf(fork)
  return DEVNET_L1_FORKS.flatMap((name, index): [DevnetL1Fork, bigint][] => {
    const offset = laterForks[name]
    if (offset !== undefined) return [[name, timestamp + offset]]
    return index <= last ? [[name, 0n]] : []
  })
}

function blobSchedule(forks: readonly (readonly [DevnetL1Fork, bigint])[]): Readonly<Record<string, unknown>> {
  const entries = forks.flatMap(([fork]) => {
    const params = BLOB_SCHEDULE[fork]
    if (params === undefined) return []
    const { target, max, updateFraction } = params
    return [[fork, { target, max, baseFeeUpdateFraction: Number(updateFraction) }] as const]
  })
  return Object.fromEntries(entries)
}

/**
 * The genesis of the devnet's L1: development accounts, the contracts of every L2 chain, and what the chain's own rules
 * name. It knows nothing of the L2 genesis blocks, which know of it.
 *
 * ```ts
 * const chains = [{ chainId: 901n }, { chainId: 902n }]
 * const l1File = devnetL1Genesis({ timestamp, chains })
 * const l1 = genesisState(parseGenesis(l1File)).block
 * ```
 */
export function devnetL1Genesis(options: DevnetL1Options): GenesisFile {
  const forks = schedule(options)
  const accounts = [
    BEACON_ROOTS,
    HISTORY_STORAGE,
    WITHDRAWAL_REQUESTS,
    CONSOLIDATION_REQUESTS,
    MULTICALL3,
    DETERMINISTIC_DEPLOYER,
    DEPOSIT_CONTRACT,
  ].map(({ address, code }) => [address, contractAccount(code)])
  return genesisFile({
    config: {
      chainId: Number(options.chainId ?? DEVNET_L1_CHAIN_ID),
      ...MERGED,
      ...Object.fromEntries(forks.map(([fork, time]) => [`${fork}Time`, Number(time)])),
      depositContractAddress: DEPOSIT_CONTRACT.address,
      blobSchedule: blobSchedule(forks),
    },
    timestamp: options.timestamp,
    gasLimit: GAS_LIMIT,
    extraData: EMPTY_BYTES,
    cancun: forks.some(([fork, time]) => fork === 'cancun' && time === 0n),
    alloc: Object.assign({}, Object.fromEntries(accounts), ...options.chains.map(l1ContractsOf)),
  })
}
