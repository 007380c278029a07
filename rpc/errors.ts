import { AppError, isAppError } from '../src/primitives/errors.ts'
import { bytesToHex } from '../src/primitives/hex.ts'
import { revertReason } from '../src/protocol/revert-reason.ts'
import { ERROR_NUMBERS, errorNumber, type RpcErrorCode } from './error-codes.ts'

/** A JSON-RPC error object. */
export interface ErrorObject {
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

/** An error of the JSON-RPC layer itself. */
export function rpcError(
  code: RpcErrorCode,
  message: string,
  data?: Readonly<Record<string, unknown>>,
): AppError<RpcErrorCode> {
  return new AppError<RpcErrorCode>(code, { message, ...(data && { data }) })
}

/**
 * A node's error that the caller shall see exactly as the node gave it.
 * @param cause what the client threw
 */
export function upstreamError(error: ErrorObject, cause?: unknown): AppError<RpcErrorCode> {
  return new AppError<RpcErrorCode>('UPSTREAM_ERROR', { message: error.message, data: { ...error }, cause })
}

/** What geth says of a call that reverted with data. */
export function revertMessage(data: Uint8Array): string {
  const reason = revertReason(data)
  return reason === undefined ? 'execution reverted' : `execution reverted: ${reason}`
}

/** What a call that reverted answers, as wallets know it from geth: the data is what it reverted with. */
export function revertError(data: Uint8Array): AppError<RpcErrorCode> {
  return new AppError('EXECUTION_REVERTED', { message: revertMessage(data), data: { returned: bytesToHex(data) } })
}

const INTERNAL: ErrorObject = { code: ERROR_NUMBERS.INTERNAL_ERROR, message: 'internal error' }

function dataOf({ code, data }: AppError, number: number): unknown {
  if (number === ERROR_NUMBERS.PARENT_UNUSABLE) return { rule: code, ...data }
  if (number === ERROR_NUMBERS.EXECUTION_REVERTED) return data?.returned
  // EIP-7966 has the hash itself.
  return number === ERROR_NUMBERS.TX_NOT_INCLUDED ? data?.hash : data
}

/**
 * What a caller is told about anything thrown. Errors without a code of ours become «internal error»: their text may
 * hold anything, so it goes to the log only. An unusable parent always names the rule that it breaks.
 * @returns the error object, and whether the error was unexpected and is to be logged
 */
export function toErrorObject(error: unknown): { readonly error: ErrorObject; readonly unexpected: boolean } {
  if (!isAppError(error)) return { error: INTERNAL, unexpected: true }
  if (error.code === 'UPSTREAM_ERROR') {
    const upstream = error.data
    if (typeof upstream?.code === 'number' && typeof upstream.message === 'string') {
      const { code, message, data } = upstream
      return { error: data === undefined ? { code, message } : { code, message, data }, unexpected: false }
    }
  }
  const code = errorNumber(error.code)
  if (code === undefined || error.code === 'INTERNAL_ERROR') return { error: INTERNAL, unexpected: true }
  const { message } = error
  const data = dataOf(error, code)
  return { error: data === undefined ? { code, message } : { code, message, data }, unexpected: false }
}
