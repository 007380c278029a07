import { AppError } from '../primitives/errors.ts'
import type { PayloadAttributes } from '../protocol/attributes.ts'
import { decodeExtraData, encodeEip1559Params } from '../protocol/extra-data.ts'
import { invalidatedBlockDeposit } from '../protocol/invalidated-block.ts'
import type { Payload } from '../protocol/payload.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { DriverErrorCode } from './ports.ts'

const DEPOSIT_TYPE = 0x7e

/**
 * What a block is made of that stands for an invalid one: its deposits alone (`plain`, as the specification has it since
 * specs#900), or a last one more that keeps the output of the invalid block (`marked`, as op-node 1.18.1 has it).
 */
export type ReplacementForm = 'plain' | 'marked'

function mark({ hash, header }: Payload): Uint8Array {
  const { stateRoot, withdrawalsRoot } = header
  if (withdrawalsRoot === undefined) {
    throw new AppError<DriverErrorCode>('CHAIN_MISMATCH', {
      message: `block ${hash} does not say the storage root of the message passer: it is from before Isthmus`,
      severity: 'critical',
    })
  }
  return invalidatedBlockDeposit({ stateRoot, messagePasserStorageRoot: withdrawalsRoot, blockHash: hash })
}

/**
 * The attributes of what takes the place of a block that exists, and turned out to be invalid.
 * @throws AppError EXTRA_DATA_INVALID; CHAIN_MISMATCH (critical) where the block cannot be marked
 * @see OP specs: interop, "Replacing Invalid Blocks"; op-node, AttributesToReplaceInvalidBlock
 */
export function replacementAttributes(
  { forks }: RollupConfig,
  payload: Payload,
  form: ReplacementForm = 'plain',
): PayloadAttributes {
  const { header, transactions, withdrawals } = payload
  const extra = decodeExtraData(forks, header.timestamp, header.extraData)
  const deposits = transactions.filter((raw) => raw[0] === DEPOSIT_TYPE)
  return {
    timestamp: header.timestamp,
    prevRandao: header.mixHash,
    suggestedFeeRecipient: header.beneficiary,
    transactions: form === 'marked' ? [...deposits, mark(payload)] : deposits,
    noTxPool: true,
    gasLimit: header.gasLimit,
    ...(withdrawals !== undefined && { withdrawals }),
    ...(header.parentBeaconBlockRoot !== undefined && { parentBeaconBlockRoot: header.parentBeaconBlockRoot }),
    ...(extra !== undefined && { eip1559Params: encodeEip1559Params(extra) }),
    ...(extra?.minBaseFee !== undefined && { minBaseFee: extra.minBaseFee }),
  }
}
