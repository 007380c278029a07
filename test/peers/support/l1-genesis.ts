import { type Hex, toQuantity } from '../../../src/primitives/hex.ts'
import { devAccounts, unsafeBlockSigner } from './dev-accounts.ts'
import {
  PORTAL,
  PORTAL_CODE,
  SYSTEM_CONFIG,
  SYSTEM_CONFIG_CODE,
  UNSAFE_BLOCK_SIGNER_SLOT,
} from './stand-in-contracts.ts'
import { L1_SYSTEM_CONTRACTS } from './system-contracts.ts'

/** The chain id of the test L1. */
export const L1_CHAIN_ID = 900
/** What every funded account holds: a million ether. */
export const FUNDS: Hex = toQuantity(10n ** 24n)

/** One account of a geth genesis file. */
export interface GenesisAccount {
  readonly balance?: Hex
  readonly nonce?: Hex
  readonly code?: Hex
  readonly storage?: Readonly<Record<Hex, Hex>>
}

/** Accounts of a geth genesis file, by 0x address. */
export type GenesisAlloc = Readonly<Record<Hex, GenesisAccount>>

/** A geth genesis file. */
export interface Genesis {
  readonly config: Readonly<Record<string, unknown>>
  readonly timestamp: Hex
  readonly gasLimit: Hex
  readonly extraData: Hex
  readonly alloc: Readonly<Record<string, GenesisAccount>>
  readonly [field: string]: unknown
}

const BLOCK_FORKS = [
  'homestead',
  'eip150',
  'eip155',
  'eip158',
  'byzantium',
  'constantinople',
  'petersburg',
  'istanbul',
  'muirGlacier',
  'berlin',
  'london',
  'arrowGlacier',
  'grayGlacier',
  'mergeNetsplit',
]

/** The chain configuration of the test L1: Prague from genesis. op-node wants the blob schedule spelled out. */
export const L1_CHAIN_CONFIG: Readonly<Record<string, unknown>> = {
  chainId: L1_CHAIN_ID,
  ...Object.fromEntries(BLOCK_FORKS.map((fork) => [`${fork}Block`, 0])),
  terminalTotalDifficulty: 0,
  shanghaiTime: 0,
  cancunTime: 0,
  pragueTime: 0,
  depositContractAddress: '0x00000000219ab540356cbb839cbe05303d7705fa',
  blobSchedule: {
    cancun: { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477 },
    prague: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 },
  },
}

/** What a test may change of the L1 genesis. */
export interface L1GenesisOptions {
  /** Unix seconds. */
  readonly timestamp: number
  /** Overrides fields of {@link L1_CHAIN_CONFIG}. */
  readonly config?: Readonly<Record<string, unknown>>
  /** More accounts. */
  readonly alloc?: GenesisAlloc
  readonly gasLimit?: bigint
}

/** The genesis of the test L1: funded development accounts, system contracts, stand-ins for portal and SystemConfig. */
export function l1Genesis(options: L1GenesisOptions): Genesis {
  const system = Object.entries(L1_SYSTEM_CONTRACTS).map(([address, code]) => [
    address,
    { balance: '0x0', nonce: '0x1', code },
  ])
  const config: Readonly<Record<string, unknown>> = { ...L1_CHAIN_CONFIG, ...options.config }
  return {
    config,
    timestamp: toQuantity(options.timestamp),
    gasLimit: toQuantity(options.gasLimit ?? 60_000_000n),
    difficulty: '0x0',
    nonce: '0x0',
    extraData: '0x',
    baseFeePerGas: toQuantity(10n ** 9n),
    // geth writes them into a header that has no place for them, and cannot read it back.
    ...(Number(config.cancunTime ?? Infinity) <= options.timestamp ? { excessBlobGas: '0x0', blobGasUsed: '0x0' } : {}),
    alloc: {
      ...Object.fromEntries(devAccounts.map(({ address }) => [address, { balance: FUNDS }])),
      ...Object.fromEntries(system),
      [PORTAL]: { balance: '0x1', code: PORTAL_CODE },
      [SYSTEM_CONFIG]: {
        balance: '0x1',
        code: SYSTEM_CONFIG_CODE,
        storage: { [UNSAFE_BLOCK_SIGNER_SLOT]: `0x${unsafeBlockSigner.address.slice(2).padStart(64, '0')}` },
      },
      ...options.alloc,
    },
  }
}
