import { bytesToBigInt, type Hash, type Hex, toWord } from '../primitives/hex.ts'
import { keccakHash } from '../primitives/keccak.ts'
import { decodeOperatorFeeParams } from '../protocol/system-config.ts'
import contracts from './contracts.json' with { type: 'json' }
import { DEV_ROLES } from './dev-accounts.ts'
import { type DevnetChain, devnetL1Addresses, systemConfigOf } from './devnet-chain.ts'
import { contractAccount, type GenesisFileAccount, type GenesisFileAlloc, packedSlot } from './genesis-file.ts'

/** The slot from which op-node reads who may sign unsafe blocks. */
const UNSAFE_BLOCK_SIGNER_SLOT: Hash = keccakHash(new TextEncoder().encode('systemconfig.unsafeblocksigner'))

/** @see contracts/l1/SystemConfig.sol */
function systemConfigAccount(chain: DevnetChain): GenesisFileAccount {
  const config = systemConfigOf(chain)
  const operatorFee = decodeOperatorFeeParams(config.operatorFeeParams)
  return contractAccount(contracts.SystemConfig as Hex, {
    [toWord(0n)]: BigInt(DEV_ROLES.owner.address),
    [toWord(1n)]: BigInt(config.batcherAddress),
    [toWord(2n)]: BigInt(config.overhead),
    [toWord(3n)]: BigInt(config.scalar),
    [toWord(4n)]: packedSlot(
      [config.gasLimit, 8],
      [bytesToBigInt(config.eip1559Params.subarray(0, 4)), 4],
      [bytesToBigInt(config.eip1559Params.subarray(4)), 4],
      [operatorFee.scalar, 4],
      [operatorFee.constant, 8],
    ),
    [toWord(5n)]: packedSlot(
      [config.minBaseFee, 8],
      [BigInt(config.daFootprintGasScalar), 2],
      [BigInt(devnetL1Addresses(chain.chainId).optimismPortal), 20],
    ),
    [UNSAFE_BLOCK_SIGNER_SLOT]: BigInt(DEV_ROLES.unsafeBlockSigner.address),
  })
}

/** What an L2 chain has on L1. */
export function l1ContractsOf(chain: DevnetChain): GenesisFileAlloc {
  const { optimismPortal, systemConfig } = devnetL1Addresses(chain.chainId)
  return {
    [optimismPortal]: contractAccount(contracts.OptimismPortal as Hex, { [toWord(0n)]: BigInt(systemConfig) }),
    [systemConfig]: systemConfigAccount(chain),
  }
}
