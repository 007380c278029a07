import { type Address, toWord, ZERO_HASH } from '../primitives/hex.ts'
import { OP_FORKS, type OpFork, OpForks } from '../protocol/forks.ts'
import { encodeEcotoneScalar, type SystemConfig } from '../protocol/system-config.ts'
import { DEV_ROLES } from './dev-accounts.ts'

/** What may be said of an L2 chain of the devnet. */
export interface DevnetChain {
  readonly chainId: bigint
  /** Seconds between blocks; 2 when left out. */
  readonly blockTime?: bigint
  /** This upgrade and all before it hold from genesis; `jovian` when left out. */
  readonly fork?: OpFork
  /** Upgrades that take effect later: seconds after genesis, more than 0. */
  readonly laterForks?: Readonly<Partial<Record<OpFork, bigint>>>
  /** L1 blocks in which the batches of an L1 origin's blocks have to come; 3600 when left out. */
  readonly sequencingWindow?: bigint
  /** What differs from the devnet's own settings. */
  readonly systemConfig?: Partial<SystemConfig>
}

/** Where the contracts of an L2 chain are on L1, and where its batches go. */
export interface DevnetL1Addresses {
  readonly optimismPortal: Address
  readonly systemConfig: Address
  readonly batchInbox: Address
}

/** The chain id of the devnet's L1. */
export const DEVNET_L1_CHAIN_ID = 900n
const DEFAULT_FORK: OpFork = 'jovian'
const GAS_LIMIT = 60_000_000n
const BEDROCK_OVERHEAD = 188n
const BEDROCK_SCALAR = 684_000n
const BASE_FEE_SCALAR = 1368n
const BLOB_BASE_FEE_SCALAR = 801_949n

/** Seconds between the blocks of a chain. */
export function blockTimeOf(chain: DevnetChain): bigint {
  return chain.blockTime ?? 2n
}

/**
 * When each upgrade of a chain takes effect. Those at genesis have time 0, as op-node and op-geth write it.
 * @param genesisTime of the chain, in unix seconds
 */
export function forksOf({ fork = DEFAULT_FORK, laterForks = {} }: DevnetChain, genesisTime: bigint): OpForks {
  const times: Partial<Record<OpFork, bigint>> = {}
  for (const name of OP_FORKS.slice(0, OP_FORKS.indexOf(fork) + 1)) times[name] = 0n
  for (const [name, offset] of Object.entries(laterForks)) times[name as OpFork] = genesisTime + offset
  return new OpForks(times)
}

/**
 * The settings that a chain starts with. Fee scalars are versioned from Ecotone on; where Ecotone comes later they are in
 * Bedrock's form, which both can read.
 */
export function systemConfigOf(chain: DevnetChain): SystemConfig {
  const ecotone = forksOf(chain, 1n).isActive('ecotone', 0n)
  return {
    batcherAddress: DEV_ROLES.batcher.address,
    overhead: ecotone ? ZERO_HASH : toWord(BEDROCK_OVERHEAD),
    scalar: ecotone
      ? encodeEcotoneScalar({ baseFeeScalar: BASE_FEE_SCALAR, blobBaseFeeScalar: BLOB_BASE_FEE_SCALAR })
      : toWord(BEDROCK_SCALAR),
    gasLimit: GAS_LIMIT,
    eip1559Params: new Uint8Array(8),
    operatorFeeParams: ZERO_HASH,
    minBaseFee: 0n,
    daFootprintGasScalar: 0,
    ...chain.systemConfig,
  }
}

/** Where an L2 chain's contracts are on L1: the digits of its chain id are the last ones of each address. */
export function devnetL1Addresses(chainId: bigint): DevnetL1Addresses {
  const at = (prefix: string): Address => `0x${prefix}${chainId.toString().padStart(40 - prefix.length, '0')}`
  return { optimismPortal: at('de01'), systemConfig: at('de02'), batchInbox: at('ff') }
}
