import { type Address, type Hash, type Hex, toWord } from '../primitives/hex.ts'
import { keccakHash } from '../primitives/keccak.ts'
import type { OpForks } from '../protocol/forks.ts'
import { L1_BLOCK_ADDRESS } from '../protocol/l1-fee.ts'
import type { L1Info } from '../protocol/l1-info.ts'
import { MESSAGE_PASSER_ADDRESS } from '../protocol/message-passer.ts'
import contracts from './contracts.json' with { type: 'json' }
import { DEV_ROLES } from './dev-accounts.ts'
import { contractAccount, type GenesisFileAccount, packedSlot } from './genesis-file.ts'

/** The predeploys of the devnet. @see OP specs: Predeploys */
export const PREDEPLOYS = {
  weth: '0x4200000000000000000000000000000000000006',
  gasPriceOracle: '0x420000000000000000000000000000000000000f',
  sequencerFeeVault: '0x4200000000000000000000000000000000000011',
  l1Block: L1_BLOCK_ADDRESS,
  l2ToL1MessagePasser: MESSAGE_PASSER_ADDRESS,
  baseFeeVault: '0x4200000000000000000000000000000000000019',
  l1FeeVault: '0x420000000000000000000000000000000000001a',
  operatorFeeVault: '0x420000000000000000000000000000000000001b',
  crossL2Inbox: '0x4200000000000000000000000000000000000022',
  l2ToL2CrossDomainMessenger: '0x4200000000000000000000000000000000000023',
} as const satisfies Readonly<Record<string, Address>>

type Storage = Readonly<Record<Hash, bigint>>
type Account = readonly [Address, GenesisFileAccount]

/** EIP-1967: one less than the hash of the slot's name. */
const proxySlot = (name: string): Hash =>
  toWord(BigInt(keccakHash(new TextEncoder().encode(`eip1967.proxy.${name}`))) - 1n)
const IMPLEMENTATION_SLOT = proxySlot('implementation')
const ADMIN_SLOT = proxySlot('admin')

/** Where the code behind a predeploy is. @see OP specs: Predeploys, "code namespace" */
function implementationAddress(predeploy: Address): Address {
  return `0xc0d3c0d3c0d3c0d3c0d3c0d3c0d3c0d3c0d3${predeploy.slice(-4)}`
}

/** A predeploy that later upgrades may give other code: a proxy, and what it leads to. */
function proxied(address: Address, code: string, storage: Storage = {}): Account[] {
  const implementation = implementationAddress(address)
  return [
    [implementation, contractAccount(code as Hex)],
    [
      address,
      contractAccount(contracts.Proxy as Hex, {
        [IMPLEMENTATION_SLOT]: BigInt(implementation),
        [ADMIN_SLOT]: BigInt(DEV_ROLES.owner.address),
        ...storage,
      }),
    ],
  ]
}

/** What {@link PREDEPLOYS.l1Block} would hold, had there been an L1-attributes transaction. @see contracts/l2/L1Block.sol */
function l1BlockStorage(info: L1Info): Storage {
  const shared = {
    [toWord(0n)]: packedSlot([info.number, 8], [info.timestamp, 8]),
    [toWord(1n)]: info.baseFeePerGas,
    [toWord(2n)]: BigInt(info.hash),
    [toWord(4n)]: BigInt(info.batcherAddress),
  }
  if (info.format === 'bedrock') {
    return {
      ...shared,
      [toWord(3n)]: packedSlot([info.sequenceNumber, 8]),
      [toWord(5n)]: BigInt(info.overhead),
      [toWord(6n)]: BigInt(info.scalar),
    }
  }
  return {
    ...shared,
    [toWord(3n)]: packedSlot([info.sequenceNumber, 8], [info.blobBaseFeeScalar, 4], [info.baseFeeScalar, 4]),
    [toWord(7n)]: info.blobBaseFee,
    [toWord(8n)]: packedSlot(
      [info.operatorFeeConstant, 8],
      [info.operatorFeeScalar, 4],
      [info.daFootprintGasScalar, 2],
    ),
  }
}

/** Which rules the gas price oracle goes by. @see contracts/l2/GasPriceOracle.sol */
function gasPriceOracleStorage(forks: OpForks): Storage {
  const flags = (['ecotone', 'fjord', 'isthmus', 'jovian'] as const).map(
    (fork) => [forks.isActive(fork, 0n) ? 1n : 0n, 1] as const,
  )
  return { [toWord(0n)]: packedSlot(...flags) }
}

/**
 * The accounts of all predeploys. Those of an upgrade that is not active at genesis are there, too, but for Interop's: an
 * upgrade's transactions put code behind the proxies that they find.
 * @param l1Info of the L1 block that the chain starts from
 * @param forks those active at genesis have time 0
 */
export function predeployAccounts(l1Info: L1Info, forks: OpForks): readonly Account[] {
  const { sequencerFeeVault, baseFeeVault, l1FeeVault, operatorFeeVault } = PREDEPLOYS
  const vault = { [toWord(1n)]: BigInt(DEV_ROLES.owner.address) }
  return [
    // Not behind a proxy: nobody can change it.
    [PREDEPLOYS.weth, contractAccount(contracts.WETH as Hex)],
    ...proxied(PREDEPLOYS.gasPriceOracle, contracts.GasPriceOracle, gasPriceOracleStorage(forks)),
    ...proxied(PREDEPLOYS.l1Block, contracts.L1Block, l1BlockStorage(l1Info)),
    ...proxied(PREDEPLOYS.l2ToL1MessagePasser, contracts.L2ToL1MessagePasser),
    ...[sequencerFeeVault, baseFeeVault, l1FeeVault, operatorFeeVault].flatMap((address) =>
      proxied(address, contracts.FeeVault, vault),
    ),
    ...(forks.isActive('interop', 0n)
      ? [
          ...proxied(PREDEPLOYS.crossL2Inbox, contracts.CrossL2Inbox),
          ...proxied(PREDEPLOYS.l2ToL2CrossDomainMessenger, contracts.L2ToL2CrossDomainMessenger),
        ]
      : []),
  ]
}
