import { AppError } from '../primitives/errors.ts'
import { type Address, type Hash, ZERO_HASH } from '../primitives/hex.ts'
import { l1BlobBaseFee } from './blob-fee.ts'
import type { Header } from './header.ts'
import type { L1ChainConfig } from './l1-chain.ts'
import { createL1InfoDeposit } from './l1-info.ts'
import type { Receipt } from './receipt.ts'
import type { BlockId, L2BlockRef } from './refs.ts'
import type { RollupConfig } from './rollup-config.ts'
import type { SystemConfig } from './system-config.ts'
import { applyConfigUpdates, type SkippedConfigUpdate } from './system-config-updates.ts'
import type { DepositTransaction } from './transaction.ts'
import { upgradeTransactions } from './upgrade-txs.ts'
import { userDeposits } from './user-deposits.ts'
import type { Withdrawal } from './withdrawal.ts'

/** Codes of attributes preparation. */
export type AttributesErrorCode = 'ATTRIBUTES_ORIGIN_INVALID' | 'ATTRIBUTES_INPUT_INVALID'

/** The account that collects tips on OP-Stack chains. */
export const SEQUENCER_FEE_VAULT: Address = '0x4200000000000000000000000000000000000011'

/** What a block is to be built from. Fields that came with an upgrade are absent before it. */
export interface PayloadAttributes {
  /** Unix seconds. */
  readonly timestamp: bigint
  readonly prevRandao: Hash
  readonly suggestedFeeRecipient: Address
  /** EIP-2718 bytes, to stand first in the block. */
  readonly transactions: readonly Uint8Array[]
  readonly noTxPool: boolean
  readonly gasLimit: bigint
  /** Canyon. */
  readonly withdrawals?: readonly Withdrawal[]
  /** Ecotone. */
  readonly parentBeaconBlockRoot?: Hash
  /** 8 bytes; zeros mean the chain's constants. Holocene. */
  readonly eip1559Params?: Uint8Array
  /** wei. Jovian. */
  readonly minBaseFee?: bigint
}

/** Attributes as somebody asks for them: not checked; L1 blocks take no gas limit from here. */
export interface RequestedAttributes extends Omit<PayloadAttributes, 'gasLimit'> {
  readonly gasLimit?: bigint
}

/** The L1 block that becomes the origin. */
export interface L1OriginBlock {
  readonly hash: Hash
  readonly header: Pick<
    Header,
    'number' | 'parentHash' | 'timestamp' | 'mixHash' | 'baseFeePerGas' | 'excessBlobGas' | 'parentBeaconBlockRoot'
  >
  /** All of the block's; needed only where the origin advances. */
  readonly receipts?: readonly Pick<Receipt, 'status' | 'logs'>[]
}

/** What attributes follow from. */
export interface AttributesInput {
  readonly config: RollupConfig
  readonly l1Chain: L1ChainConfig
  readonly parent: L2BlockRef
  /** As it stands after the parent. @see systemConfigOfBlock in l2-block.ts */
  readonly systemConfig: SystemConfig
  readonly origin: L1OriginBlock
  /** Defaults to one block time after the parent. Unix seconds. */
  readonly timestamp?: bigint
  /** Do not ask that the block is not older than its origin: for blocks that are meant to be wrong. */
  readonly skipOriginCheck?: boolean
}

/** Attributes with their transactions still decoded. */
export interface PreparedAttributes {
  /** The transactions are {@link deposits}' bytes; `noTxPool` is true. */
  readonly attributes: PayloadAttributes
  /** The L1-attributes transaction, user deposits, upgrade transactions. */
  readonly deposits: readonly DepositTransaction[]
  /** With the origin's updates. */
  readonly systemConfig: SystemConfig
  readonly sequenceNumber: bigint
  /** Configuration events of the origin that were passed over. */
  readonly skippedUpdates: readonly SkippedConfigUpdate[]
}

function wrongOrigin(message: string): never {
  throw new AppError<AttributesErrorCode>('ATTRIBUTES_ORIGIN_INVALID', { message, severity: 'reset' })
}

function describe(block: BlockId): string {
  return `${block.hash}:${block.number}`
}

/** What the origin brings: nothing new while it stays, its events and deposits when it is a new one. */
function fromOrigin(
  input: AttributesInput,
): Pick<PreparedAttributes, 'deposits' | 'systemConfig' | 'sequenceNumber' | 'skippedUpdates'> {
  const { config, parent, origin, systemConfig } = input
  const id: BlockId = { hash: origin.hash, number: origin.header.number }
  if (parent.l1Origin.number === id.number) {
    if (parent.l1Origin.hash !== id.hash) {
      wrongOrigin(
        `cannot create new block with L1 origin ${describe(id)} in conflict with L1 origin ${describe(parent.l1Origin)}`,
      )
    }
    return { deposits: [], systemConfig, sequenceNumber: parent.sequenceNumber + 1n, skippedUpdates: [] }
  }
  if (origin.header.parentHash !== parent.l1Origin.hash) {
    wrongOrigin(
      `cannot create new block with L1 origin ${describe(id)} (parent ${origin.header.parentHash}) on top of L1 origin ${describe(parent.l1Origin)}`,
    )
  }
  if (origin.receipts === undefined) {
    throw new AppError<AttributesErrorCode>('ATTRIBUTES_INPUT_INVALID', {
      message: `the receipts of the new L1 origin ${describe(id)} are needed`,
      severity: 'critical',
    })
  }
  const deposits = userDeposits(origin.receipts, config.depositContractAddress, origin.hash)
  const ecotone = config.forks.isActive('ecotone', origin.header.timestamp)
  const update = applyConfigUpdates(systemConfig, origin.receipts, config.l1SystemConfigAddress, ecotone)
  return { deposits, systemConfig: update.systemConfig, sequenceNumber: 0n, skippedUpdates: update.skipped }
}

/**
 * The payload attributes of the block after `parent`, with deposits only: what every node derives from L1 for it. A
 * sequencer goes on by clearing `noTxPool` where it may, a verifier by appending the batch's transactions.
 * @throws AppError ATTRIBUTES_ORIGIN_INVALID (reset) when the blocks do not follow each other, DEPOSIT_INVALID,
 * SYSTEM_CONFIG_INVALID, BLOB_SCHEDULE_UNKNOWN, UPGRADE_UNKNOWN (critical)
 * @see OP specs: derivation, "Deriving Payload Attributes"
 */
export function prepareAttributes(input: AttributesInput): PreparedAttributes {
  const { config, parent, origin } = input
  const { forks, blockTime } = config
  const timestamp = input.timestamp ?? parent.timestamp + blockTime
  const { deposits, systemConfig, sequenceNumber, skippedUpdates } = fromOrigin(input)
  if (input.skipOriginCheck !== true && timestamp < origin.header.timestamp) {
    wrongOrigin(
      `cannot build L2 block on top ${describe(parent)} for time ${timestamp} before L1 origin ${origin.hash}:${origin.header.number} at time ${origin.header.timestamp}`,
    )
  }
  const upgrade = upgradeTransactions(forks, timestamp, blockTime)
  const blobBaseFee = l1BlobBaseFee(input.l1Chain, config.pectraBlobScheduleTime, origin.header)
  const l1Info = createL1InfoDeposit(
    {
      hash: origin.hash,
      number: origin.header.number,
      timestamp: origin.header.timestamp,
      baseFeePerGas: origin.header.baseFeePerGas ?? 0n,
      ...(blobBaseFee !== undefined && { blobBaseFee }),
    },
    { forks, blockTime, systemConfig, sequenceNumber, timestamp },
  )
  const all = [l1Info, ...deposits, ...upgrade.transactions]
  const attributes: PayloadAttributes = {
    timestamp,
    prevRandao: origin.header.mixHash,
    suggestedFeeRecipient: SEQUENCER_FEE_VAULT,
    transactions: all.map((deposit) => deposit.raw),
    noTxPool: true,
    gasLimit: systemConfig.gasLimit + upgrade.gas,
    ...(forks.isActive('canyon', timestamp) && { withdrawals: [] }),
    ...(forks.isActive('ecotone', timestamp) && {
      parentBeaconBlockRoot: origin.header.parentBeaconBlockRoot ?? ZERO_HASH,
    }),
    ...(forks.isActive('holocene', timestamp) && { eip1559Params: systemConfig.eip1559Params }),
    ...(forks.isActive('jovian', timestamp) && { minBaseFee: systemConfig.minBaseFee }),
  }
  return { attributes, deposits: all, systemConfig, sequenceNumber, skippedUpdates }
}
