import create2Deployer from '../evm/create2-deployer.json' with { type: 'json' }
import { CREATE2_DEPLOYER_ADDRESS } from '../evm/create2-deployer.ts'
import type { Hex } from '../primitives/hex.ts'
import { type Eip1559Constants, extraDataFromAttributes } from '../protocol/extra-data.ts'
import { OP_FORKS, type OpForks } from '../protocol/forks.ts'
import { type L1InfoSource, l1InfoOf } from '../protocol/l1-info.ts'
import { blockTimeOf, type DevnetChain, forksOf, systemConfigOf } from './devnet-chain.ts'
import { contractAccount, type GenesisFile, genesisFile, MERGED } from './genesis-file.ts'
import { predeployAccounts } from './predeploys.ts'
import {
  BEACON_ROOTS,
  DETERMINISTIC_DEPLOYER,
  HISTORY_STORAGE,
  MULTICALL3,
  type WellKnownContract,
} from './well-known-contracts.ts'

/** What the genesis of an L2 chain is made of. */
export interface DevnetL2Options {
  readonly chain: DevnetChain
  /** Unix seconds; not before the L1 block. */
  readonly timestamp: bigint
  /** The L1 block that the chain starts from. */
  readonly l1: L1InfoSource
}

/** EIP-1559 constants of the devnet: those of OP Mainnet and OP Sepolia. */
export const DEVNET_EIP1559: Eip1559Constants = { elasticity: 6n, denominator: 50n, denominatorCanyon: 250n }

/** The upgrades of L1 that come with those of L2. */
const L1_FORKS = [
  ['shanghai', 'canyon'],
  ['cancun', 'ecotone'],
  ['prague', 'isthmus'],
  ['osaka', 'karst'],
] as const

function chainConfig(chainId: bigint, forks: OpForks): Readonly<Record<string, unknown>> {
  const times: Record<string, number> = {}
  for (const fork of OP_FORKS) {
    const at = forks.times[fork]
    // Bedrock goes by number; Delta changes derivation only, and the execution layer does not know of it.
    if (at === undefined || fork === 'bedrock' || fork === 'delta') continue
    times[`${fork}Time`] = Number(at)
    // Its name in op-geth since it got one.
    if (fork === 'interop') times.lagoonTime = Number(at)
  }
  for (const [l1Fork, fork] of L1_FORKS) {
    const at = forks.times[fork]
    if (at !== undefined) times[`${l1Fork}Time`] = Number(at)
  }
  const { elasticity, denominator, denominatorCanyon } = DEVNET_EIP1559
  return {
    chainId: Number(chainId),
    ...MERGED,
    bedrockBlock: 0,
    ...times,
    optimism: {
      eip1559Elasticity: Number(elasticity),
      eip1559Denominator: Number(denominator),
      eip1559DenominatorCanyon: Number(denominatorCanyon),
    },
  }
}

/** What upgrades set by themselves in their first block, which an upgrade at genesis does not have. */
function upgradeContracts(forks: OpForks): readonly WellKnownContract[] {
  const deployer = { address: CREATE2_DEPLOYER_ADDRESS, code: create2Deployer.code as Hex }
  return [
    ...(forks.isActive('canyon', 0n) ? [deployer] : []),
    ...(forks.isActive('ecotone', 0n) ? [BEACON_ROOTS] : []),
    ...(forks.isActive('isthmus', 0n) ? [HISTORY_STORAGE] : []),
  ]
}

/**
 * The genesis of an L2 chain: development accounts, predeploys, and what the upgrades at genesis would have set.
 *
 * ```ts
 * const chain = { chainId: 901n }
 * const { hash, header } = l1Block
 * const source = { hash, number: header.number, timestamp: header.timestamp, baseFeePerGas: header.baseFeePerGas, blobBaseFee }
 * const l2File = devnetL2Genesis({ chain, timestamp: header.timestamp, l1: source })
 * const l2 = genesisState(parseGenesis(l2File)).block
 * ```
 * @throws AppError EIP1559_PARAMS_INVALID, SYSTEM_CONFIG_INVALID where the chain's own settings contradict themselves
 */
export function devnetL2Genesis({ chain, timestamp, l1 }: DevnetL2Options): GenesisFile {
  const forks = forksOf(chain, timestamp)
  const systemConfig = systemConfigOf(chain)
  const l1Info = l1InfoOf(l1, { forks, blockTime: blockTimeOf(chain), systemConfig, sequenceNumber: 0n, timestamp })
  const contracts = [MULTICALL3, DETERMINISTIC_DEPLOYER, ...upgradeContracts(forks)].map(
    ({ address, code }) => [address, contractAccount(code)] as const,
  )
  return genesisFile({
    config: chainConfig(chain.chainId, forks),
    timestamp,
    gasLimit: systemConfig.gasLimit,
    extraData: extraDataFromAttributes(
      forks,
      DEVNET_EIP1559,
      timestamp,
      forks.isActive('holocene', timestamp) ? systemConfig.eip1559Params : undefined,
      systemConfig.minBaseFee,
    ),
    cancun: forks.isActive('ecotone', timestamp),
    alloc: Object.fromEntries([...predeployAccounts(l1Info, forks), ...contracts]),
  })
}
