import { AppError, errorMessage, isAppError } from '../primitives/errors.ts'
import { l2BlockRef } from '../protocol/l2-block.ts'
import type { Payload } from '../protocol/payload.ts'
import type { L2BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import { decodeTransaction } from '../protocol/transaction.ts'
import type { DriverErrorCode } from './ports.ts'

/** The reference of a payload. @throws AppError UNSAFE_REFUSED where it is none of an OP-Stack block */
export function payloadRef(config: RollupConfig, { hash, header, transactions }: Payload): L2BlockRef {
  try {
    return l2BlockRef(config, {
      hash,
      header,
      transactions: transactions.slice(0, 1).map((raw) => decodeTransaction(raw)),
    })
  } catch (error) {
    if (!isAppError(error)) throw error
    throw new AppError<DriverErrorCode>('UNSAFE_REFUSED', {
      message: `block ${hash}: ${errorMessage(error)}`,
      data: { hash, reason: error.message },
      cause: error,
    })
  }
}
