import { AppError, isAppError } from '../primitives/errors.ts'
import { type RpcOutcome, rpcErrorData, type TransportErrorCode } from './transport.ts'

/** What nodes say of a block that they do not have. @see op-node, MaybeAsNotFoundErr */
const NOT_FOUND = /block not found|header not found|unknown block/i

/** Whether a node says that it has no such block: geth's answer for a label that is not set is an error. */
export function isUnknownBlock(error: unknown): boolean {
  return NOT_FOUND.test(rpcErrorData(error)?.message ?? '')
}

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
