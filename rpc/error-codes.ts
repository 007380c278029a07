import type { BuilderErrorCode } from '../src/builder/service.ts'
import type { TransportErrorCode } from '../src/clients/transport.ts'
import type { ExecutionErrorCode } from '../src/evm/executor.ts'
import type { RlpErrorCode } from '../src/primitives/rlp.ts'
import type { SignatureErrorCode } from '../src/primitives/secp256k1.ts'
import type { HeaderErrorCode } from '../src/protocol/header.ts'
import type { TransactionErrorCode } from '../src/protocol/transaction.ts'

/** Codes of the JSON-RPC layer itself. `UPSTREAM_ERROR` carries a node's own `{code, message, data}` unchanged. */
export type RpcErrorCode =
  | 'PARSE_ERROR'
  | 'INVALID_REQUEST'
  | 'METHOD_NOT_FOUND'
  | 'INVALID_PARAMS'
  | 'INTERNAL_ERROR'
  | 'RESPONSE_TOO_LARGE'
  | 'TX_REJECTED'
  | 'UPSTREAM_ERROR'

/** Every code that may reach a caller. A folder that owns codes is joined here, or its errors are «internal». */
export type Code =
  | RpcErrorCode
  | TransportErrorCode
  | BuilderErrorCode
  | ExecutionErrorCode
  | RlpErrorCode
  | SignatureErrorCode
  | HeaderErrorCode
  | TransactionErrorCode

/** The JSON-RPC number of every code. Total: a new code without a number does not compile. */
export const ERROR_NUMBERS: Readonly<Record<Code, number>> = {
  PARSE_ERROR: -32700,
  INVALID_REQUEST: -32600,
  METHOD_NOT_FOUND: -32601,
  INVALID_PARAMS: -32602,
  INTERNAL_ERROR: -32603,
  RESPONSE_TOO_LARGE: -32003,
  // EIP-1474, "limit exceeded".
  TOO_MANY_JOBS: -32005,

  // What geth answers for any refused or undecodable transaction.
  TX_REJECTED: -32000,
  TX_INVALID: -32000,
  TX_TYPE_UNSUPPORTED: -32000,
  RLP_INVALID: -32000,
  HEADER_INVALID: -32000,
  SIGNATURE_INVALID: -32000,
  // Only for one whose data does not hold the node's own error.
  UPSTREAM_ERROR: -32000,

  JOB_UNKNOWN: -38510,
  JOB_STATE: -38511,
  TX_REFUSED: -38512,
  PARENT_UNUSABLE: -38513,
  COMMIT_REFUSED: -38530,
  PUBLISH_REFUSED: -38540,
  SEQUENCER_INACTIVE: -38550,
  SEQUENCER_ACTIVE: -38551,
  NODE_UNAVAILABLE: -38590,
  RPC_UNAVAILABLE: -38590,
  RPC_ERROR: -38590,
}

/** The number of a code; undefined for one that no folder has joined here. */
export function errorNumber(code: string): number | undefined {
  return Object.hasOwn(ERROR_NUMBERS, code) ? ERROR_NUMBERS[code as Code] : undefined
}
