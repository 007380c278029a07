import { AppError } from '../../primitives/errors.ts'

/**
 * Codes of the supervisor's storage. `SUPERVISOR_DB_CORRUPT` (critical): what is stored is not what was written.
 * `SUPERVISOR_DB_OUT_OF_ORDER` (invalid): not the next record. `SUPERVISOR_DB_CONFLICT` (invalid): contradicts what is stored.
 * `SUPERVISOR_DB_BROKEN` (critical): a change failed halfway, or the storage is closed; opening it again puts it right.
 */
export type SupervisorDbErrorCode =
  | 'SUPERVISOR_DB_CORRUPT'
  | 'SUPERVISOR_DB_OUT_OF_ORDER'
  | 'SUPERVISOR_DB_CONFLICT'
  | 'SUPERVISOR_DB_BROKEN'

/**
 * Codes of opening the storage. `SUPERVISOR_DB_LOCKED`: another process has it. `SUPERVISOR_DB_MISMATCH`: it is of other
 * chains. Both `invalid`.
 */
export type SupervisorDbOpenErrorCode = 'SUPERVISOR_DB_LOCKED' | 'SUPERVISOR_DB_MISMATCH'

/** An error SUPERVISOR_DB_CORRUPT. */
export function corrupt(message: string, cause?: unknown): AppError<SupervisorDbErrorCode> {
  return new AppError<SupervisorDbErrorCode>('SUPERVISOR_DB_CORRUPT', { message, severity: 'critical', cause })
}

/** An error SUPERVISOR_DB_OUT_OF_ORDER. */
export function outOfOrder(message: string): AppError<SupervisorDbErrorCode> {
  return new AppError<SupervisorDbErrorCode>('SUPERVISOR_DB_OUT_OF_ORDER', { message })
}

/** An error SUPERVISOR_DB_CONFLICT. */
export function conflict(message: string): AppError<SupervisorDbErrorCode> {
  return new AppError<SupervisorDbErrorCode>('SUPERVISOR_DB_CONFLICT', { message })
}
