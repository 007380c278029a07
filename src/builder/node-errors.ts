import { AppError, isAppError } from '../primitives/errors.ts'
import type { BuilderErrorCode } from './service.ts'

/** Errors of reading the node that mean: nothing is lost, ask again. */
const TEMPORARY = ['RPC_UNAVAILABLE', 'RPC_ERROR', 'STATE_UNAVAILABLE', 'STATE_MISMATCH', 'ROOT_UNAVAILABLE']

/**
 * What a caller of the builder gets when the node behind it failed; any other error unchanged. The work that was interrupted
 * left everything as it was, so the call can be repeated.
 */
export function nodeError(error: unknown): unknown {
  if (!isAppError(error) || !TEMPORARY.includes(error.code)) return error
  const { method, endpoint } = error.data ?? {}
  return new AppError<BuilderErrorCode>('NODE_UNAVAILABLE', {
    message: error.message,
    severity: 'temporary',
    data: { ...(method === undefined ? {} : { method }), ...(endpoint === undefined ? {} : { endpoint }) },
    cause: error,
  })
}
