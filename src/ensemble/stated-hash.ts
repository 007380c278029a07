import type { DeliverableBlock } from '../builder/service.ts'
import { AppError } from '../primitives/errors.ts'
import { hashHeader } from '../protocol/header.ts'
import type { EnsembleErrorCode } from './errors.ts'

/**
 * Whoever hands in a block says what its hash is.
 * @throws AppError BLOCK_REFUSED in geth's words, when its header says otherwise
 */
export function checkStatedHash({ hash, header }: DeliverableBlock): void {
  const actual = hashHeader(header)
  if (actual === hash) return
  const validationError = `blockhash mismatch, want ${hash.slice(2)}, got ${actual.slice(2)}`
  throw new AppError<EnsembleErrorCode>('BLOCK_REFUSED', {
    message: `execution invalid: ${validationError}`,
    data: { status: 'INVALID', validationError },
  })
}
