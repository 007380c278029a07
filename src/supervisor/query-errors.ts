import { AppError } from '../primitives/errors.ts'

/**
 * Codes of what a supervisor is asked; the words are op-supervisor's. `SUPERVISOR_UNKNOWN_CHAIN`: not in the dependency set.
 * `SUPERVISOR_FUTURE` (temporary): not known yet. `SUPERVISOR_SKIPPED`: of before what it knows. `SUPERVISOR_CONFLICT`: contradicts what it
 * knows. `SUPERVISOR_OUT_OF_ORDER`: L1 blocks before it are missing. `SUPERVISOR_FAILSAFE`: nothing is to be executed now.
 * `SUPERVISOR_ACCESS_LIST_INVALID`: not the entries of messages. `SUPERVISOR_READ_INVALIDATED` (temporary): a reorg came between.
 * `SUPERVISOR_NO_NODE` (temporary): nobody can be asked about the chain. `SUPERVISOR_NOT_FOUND`: a block that nobody has.
 * `SUPERVISOR_NOT_READY` (temporary): nothing is known of any chain. `SUPERVISOR_RUNNING`, `SUPERVISOR_STOPPED`: it is so already.
 */
export type SupervisorQueryErrorCode =
  | 'SUPERVISOR_UNKNOWN_CHAIN'
  | 'SUPERVISOR_FUTURE'
  | 'SUPERVISOR_SKIPPED'
  | 'SUPERVISOR_CONFLICT'
  | 'SUPERVISOR_OUT_OF_ORDER'
  | 'SUPERVISOR_FAILSAFE'
  | 'SUPERVISOR_ACCESS_LIST_INVALID'
  | 'SUPERVISOR_READ_INVALIDATED'
  | 'SUPERVISOR_NO_NODE'
  | 'SUPERVISOR_NOT_FOUND'
  | 'SUPERVISOR_NOT_READY'
  | 'SUPERVISOR_RUNNING'
  | 'SUPERVISOR_STOPPED'

const WORDS: Readonly<Record<SupervisorQueryErrorCode, string>> = {
  SUPERVISOR_UNKNOWN_CHAIN: 'unknown chain',
  SUPERVISOR_FUTURE: 'future data',
  SUPERVISOR_SKIPPED: 'skipped data',
  SUPERVISOR_CONFLICT: 'conflicting data',
  SUPERVISOR_OUT_OF_ORDER: 'data out of order',
  SUPERVISOR_FAILSAFE: 'failsafe is enabled, rejecting all CheckAccessList requests',
  SUPERVISOR_ACCESS_LIST_INVALID: 'malformed entry',
  SUPERVISOR_READ_INVALIDATED: 'invalidated read',
  SUPERVISOR_NO_NODE: 'no RPC client configured',
  SUPERVISOR_NOT_FOUND: 'not found',
  SUPERVISOR_NOT_READY: 'supervisor status tracker not ready',
  SUPERVISOR_RUNNING: 'already started',
  SUPERVISOR_STOPPED: 'already stopped',
}

const TEMPORARY: readonly SupervisorQueryErrorCode[] = [
  'SUPERVISOR_FUTURE',
  'SUPERVISOR_READ_INVALIDATED',
  'SUPERVISOR_NO_NODE',
  'SUPERVISOR_NOT_READY',
]

/** An error in op-supervisor's words. @param what was asked for; it stands before them, as Go wraps errors */
export function queryError(
  code: SupervisorQueryErrorCode,
  what?: string,
  data?: Readonly<Record<string, unknown>>,
): AppError<SupervisorQueryErrorCode> {
  return new AppError(code, {
    message: what === undefined ? WORDS[code] : `${what}: ${WORDS[code]}`,
    severity: TEMPORARY.includes(code) ? 'temporary' : 'invalid',
    ...(data && { data }),
  })
}
