import { AppError, errorMessage, isAppError } from '../primitives/errors.ts'
import { l2BlockRef, payloadFacts } from '../protocol/l2-block.ts'
import type { Payload } from '../protocol/payload.ts'
import type { L2BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { DriverErrorCode } from './ports.ts'

/** The reference of a payload. @throws AppError UNSAFE_REFUSED where it is none of an OP-Stack block */
export function payloadRef(config: RollupConfig, payload: Payload): L2BlockRef {
  const { hash } = payload
  try {
    return l2BlockRef(config, payloadFacts(payload))
  } catch (error) {
    if (!isAppError(error)) throw error
    throw new AppError<DriverErrorCode>('UNSAFE_REFUSED', {
      message: `block ${hash}: ${errorMessage(error)}`,
      data: { hash, reason: error.message },
      cause: error,
    })
  }
}
