import type { PayloadAttributes } from '../protocol/attributes.ts'
import { decodeExtraData, encodeEip1559Params } from '../protocol/extra-data.ts'
import type { Payload } from '../protocol/payload.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'

const DEPOSIT_TYPE = 0x7e

/**
 * The attributes of a block that exists, with its deposits alone: what takes its place where it turns out to be invalid.
 * @throws AppError EXTRA_DATA_INVALID
 * @see OP specs: interop, "Replacing Invalid Blocks"
 */
export function replacementAttributes(
  { forks }: RollupConfig,
  { header, transactions, withdrawals }: Payload,
): PayloadAttributes {
  const extra = decodeExtraData(forks, header.timestamp, header.extraData)
  return {
    timestamp: header.timestamp,
    prevRandao: header.mixHash,
    suggestedFeeRecipient: header.beneficiary,
    transactions: transactions.filter((raw) => raw[0] === DEPOSIT_TYPE),
    noTxPool: true,
    gasLimit: header.gasLimit,
    ...(withdrawals !== undefined && { withdrawals }),
    ...(header.parentBeaconBlockRoot !== undefined && { parentBeaconBlockRoot: header.parentBeaconBlockRoot }),
    ...(extra !== undefined && { eip1559Params: encodeEip1559Params(extra) }),
    ...(extra?.minBaseFee !== undefined && { minBaseFee: extra.minBaseFee }),
  }
}
