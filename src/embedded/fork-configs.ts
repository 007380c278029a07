import { type Address, type Hex, ZERO_ADDRESS } from '../primitives/hex.ts'
import { forkHash } from '../protocol/fork-id.ts'
import {
  type BlobParams,
  isL1ForkActive,
  L1_TIME_FORKS,
  type L1ChainConfig,
  type L1TimeFork,
} from '../protocol/l1-chain.ts'
import { type ChainStore, unknownBlock } from './chain-store.ts'

/** What one upgrade of L1 makes of the chain. @see EIP-7910 */
export interface ForkConfig {
  /** Unix seconds; 0 for what holds from genesis. */
  readonly activationTime: bigint
  /** Undefined where the upgrade states none of its own. */
  readonly blobs: BlobParams | undefined
  readonly forkId: Hex
  /** By name. */
  readonly precompiles: Readonly<Record<string, Address>>
  readonly systemContracts: Readonly<Record<string, Address>>
}

/** The configuration that holds, the one that comes next, and the last that is known. */
export interface ForkConfigs {
  readonly current: ForkConfig | undefined
  readonly next: ForkConfig | undefined
  /** Undefined when nothing comes next. */
  readonly last: ForkConfig | undefined
}

/** In the order of their addresses, from 1 on, with the upgrade that brings them; the first nine are older than all. */
const PRECOMPILES: readonly (readonly [name: string, since: L1TimeFork | undefined])[] = [
  ...['ECREC', 'SHA256', 'RIPEMD160', 'ID', 'MODEXP', 'BN254_ADD', 'BN254_MUL', 'BN254_PAIRING', 'BLAKE2F'].map(
    (name) => [name, undefined] as const,
  ),
  ['KZG_POINT_EVALUATION', 'cancun'],
  ['BLS12_G1ADD', 'prague'],
  ['BLS12_G1MSM', 'prague'],
  ['BLS12_G2ADD', 'prague'],
  ['BLS12_G2MSM', 'prague'],
  ['BLS12_PAIRING_CHECK', 'prague'],
  ['BLS12_MAP_FP_TO_G1', 'prague'],
  ['BLS12_MAP_FP2_TO_G2', 'prague'],
]
const P256_VERIFY = 0x100

const BEACON_ROOTS: Address = '0x000f3df6d732807ef1319fb7b8bb8522d0beac02'
const HISTORY_STORAGE: Address = '0x0000f90827f1c53a10cb7a02335b175320002935'
const WITHDRAWAL_QUEUE: Address = '0x00000961ef480eb55e80d19ad83579a64c007002'
const CONSOLIDATION_QUEUE: Address = '0x0000bbddc7ce488642fb579f8b00f3a590007251'

function toAddress(number: number): Address {
  return `0x${number.toString(16).padStart(40, '0')}`
}

function precompiles(config: L1ChainConfig, time: bigint): Record<string, Address> {
  const holds = (since: L1TimeFork | undefined): boolean => since === undefined || isL1ForkActive(config, since, time)
  const named = PRECOMPILES.flatMap(([name, since], index): [string, Address][] =>
    holds(since) ? [[name, toAddress(index + 1)]] : [],
  )
  return Object.fromEntries(holds('osaka') ? [...named, ['P256VERIFY', toAddress(P256_VERIFY)]] : named)
}

function systemContracts(config: L1ChainConfig, time: bigint): Record<string, Address> {
  return {
    ...(isL1ForkActive(config, 'cancun', time) && { BEACON_ROOTS_ADDRESS: BEACON_ROOTS }),
    ...(isL1ForkActive(config, 'prague', time) && {
      CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS: CONSOLIDATION_QUEUE,
      DEPOSIT_CONTRACT_ADDRESS: config.depositContractAddress ?? ZERO_ADDRESS,
      HISTORY_STORAGE_ADDRESS: HISTORY_STORAGE,
      WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS: WITHDRAWAL_QUEUE,
    }),
  }
}

/** The upgrades of an L1 chain, seen from its head. @see EIP-7910, geth's eth_config */
export function forkConfigs(chain: ChainStore, config: L1ChainConfig): ForkConfigs {
  const { head: headHash } = chain.labels
  const [head, first] = [chain.header(headHash), chain.header(chain.genesis)]
  if (head === undefined || first === undefined) throw unknownBlock(headHash)
  const genesis = { hash: chain.genesis, timestamp: first.timestamp }

  const assemble = (fork: L1TimeFork | undefined): ForkConfig | undefined => {
    const time = fork && config.timeForks[fork]
    if (fork === undefined || time === undefined) return undefined
    // Upgrades at one time are one; the newest of them says how many blobs there are.
    const newest = L1_TIME_FORKS.findLast((each) => isL1ForkActive(config, each, time)) as L1TimeFork
    return {
      activationTime: genesis.timestamp >= time ? 0n : time,
      blobs: config.blobSchedule[newest],
      forkId: forkHash(config, genesis, time),
      precompiles: precompiles(config, time),
      systemContracts: systemContracts(config, time),
    }
  }
  const at = L1_TIME_FORKS.findLastIndex((fork) => isL1ForkActive(config, fork, head.timestamp))
  const next = assemble(L1_TIME_FORKS[at + 1])
  const last = L1_TIME_FORKS.findLast((fork) => config.timeForks[fork] !== undefined)
  return { current: assemble(L1_TIME_FORKS[at]), next, last: next && assemble(last) }
}
