import { AppError } from '../primitives/errors.ts'
import type { BatcherErrorCode } from './ports.ts'

/** Refuses what cannot be made. @throws AppError BATCH_INPUT_INVALID */
export function refuseInput(message: string): never {
  throw new AppError<BatcherErrorCode>('BATCH_INPUT_INVALID', { message })
}
