import { AppError } from '../primitives/errors.ts'
import type { EmbeddedErrorCode } from './chain-store.ts'

/**
 * Codes of the Engine API's own errors. The message is the specification's, `data.err` says in geth's words what is wrong.
 * - `PAYLOAD_UNKNOWN`: no such payload is being built
 * - `ATTRIBUTES_INVALID`: there is no block with these attributes
 * - `REQUEST_TOO_LARGE`, `FORK_UNSUPPORTED`: the method is not for blocks of this time
 * - `ENGINE_PARAMS_INVALID`: parameters that the version does not take
 */
export type EngineErrorCode =
  | 'PAYLOAD_UNKNOWN'
  | 'ATTRIBUTES_INVALID'
  | 'REQUEST_TOO_LARGE'
  | 'FORK_UNSUPPORTED'
  | 'ENGINE_PARAMS_INVALID'

const MESSAGES: Readonly<Record<EngineErrorCode | Extract<EmbeddedErrorCode, 'FORKCHOICE_INVALID'>, string>> = {
  PAYLOAD_UNKNOWN: 'Unknown payload',
  FORKCHOICE_INVALID: 'Invalid forkchoice state',
  ATTRIBUTES_INVALID: 'Invalid payload attributes',
  REQUEST_TOO_LARGE: 'Too large request',
  FORK_UNSUPPORTED: 'Unsupported fork',
  ENGINE_PARAMS_INVALID: 'Invalid parameters',
}

/** An error of the Engine API. @param err what is wrong, in geth's words */
export function engineError(code: keyof typeof MESSAGES, err?: string, cause?: unknown): AppError {
  return new AppError(code, { message: MESSAGES[code], ...(err !== undefined && { data: { err } }), cause })
}
