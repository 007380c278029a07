import { l1EvmRules } from '../evm/chain.ts'
import type { PayloadAttributes } from '../protocol/attributes.ts'
import { nextL1BaseFee, nextOpBaseFee } from '../protocol/base-fee.ts'
import { nextExcessBlobGas } from '../protocol/blob-fee.ts'
import { type Eip1559Constants, extraDataFromAttributes } from '../protocol/extra-data.ts'
import type { OpForks } from '../protocol/forks.ts'
import type { L1ChainConfig } from '../protocol/l1-chain.ts'
import type { ChainBlock } from './ports.ts'
import type { Draft } from './rules.ts'

/** What an L2 block takes from its chain beside parent and attributes. */
export interface OpOpeningContext {
  readonly forks: OpForks
  readonly constants: Eip1559Constants
}

/**
 * What attributes make of an L2 block before its first transaction.
 * @throws AppError EIP1559_PARAMS_INVALID, and EXTRA_DATA_INVALID or BASE_FEE_UNKNOWN of the parent
 */
export function opOpening(
  { forks, constants }: OpOpeningContext,
  parent: ChainBlock,
  attributes: Omit<PayloadAttributes, 'transactions' | 'noTxPool'>,
): Pick<Draft, 'env' | 'extraData'> {
  const { timestamp, parentBeaconBlockRoot, eip1559Params, minBaseFee } = attributes
  return {
    env: {
      number: parent.header.number + 1n,
      timestamp,
      gasLimit: attributes.gasLimit,
      baseFeePerGas: nextOpBaseFee(forks, constants, parent.header, timestamp),
      prevRandao: attributes.prevRandao,
      feeRecipient: attributes.suggestedFeeRecipient,
      parentHash: parent.hash,
      ...(parentBeaconBlockRoot === undefined ? {} : { parentBeaconBlockRoot }),
    },
    extraData: extraDataFromAttributes(forks, constants, timestamp, eip1559Params, minBaseFee),
  }
}

/**
 * What attributes make of an L1 block before its first transaction; fields that its fork does not have are passed over.
 * @throws AppError BLOB_SCHEDULE_UNKNOWN, BASE_FEE_UNKNOWN
 */
export function l1Env(
  config: L1ChainConfig,
  { hash, header }: ChainBlock,
  attributes: Omit<PayloadAttributes, 'transactions' | 'noTxPool'>,
): Draft['env'] {
  const { timestamp, withdrawals = [], parentBeaconBlockRoot } = attributes
  const rules = l1EvmRules(config, timestamp)
  return {
    number: header.number + 1n,
    timestamp,
    gasLimit: attributes.gasLimit,
    baseFeePerGas: nextL1BaseFee(header),
    prevRandao: attributes.prevRandao,
    feeRecipient: attributes.suggestedFeeRecipient,
    parentHash: hash,
    ...(rules.shanghai && { withdrawals }),
    ...(rules.cancun && {
      ...(parentBeaconBlockRoot !== undefined && { parentBeaconBlockRoot }),
      excessBlobGas: nextExcessBlobGas(config, header, timestamp),
    }),
  }
}
