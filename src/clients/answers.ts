import { AppError, isAppError } from '../primitives/errors.ts'
import type { RpcOutcome, TransportErrorCode } from './transport.ts'

/** The outcome's value. @throws the outcome's error */
export function outcomeValue(outcome: RpcOutcome | undefined): unknown {
  if (outcome === undefined) return undefined
  if (!outcome.ok) throw outcome.error
  return outcome.value
}

/**
 * Reads what a node answered.
 * @throws AppError RPC_UNAVAILABLE when it is not of the shape, or does not hash to what it says: a node that answers so is
 * no better than one that does not answer
 */
export function parseAnswer<T>(endpoint: string, method: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!isAppError(error)) throw error
    throw new AppError<TransportErrorCode>('RPC_UNAVAILABLE', {
      message: `${endpoint}: ${method}: malformed answer: ${error.message}`,
      severity: 'temporary',
      data: { method, endpoint },
      cause: error,
    })
  }
}
