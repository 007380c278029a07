import { AppError, isAppError } from '../primitives/errors.ts'

/**
 * Codes of op-test-sequencer, and of the op-node calls whose errors it hands on.
 * - `STEP_FAILED`: what it has no code for; `data.reason` is the code of what went wrong, beside that error's own data
 * - `NEW_FAILED`: the same of `build_new`
 * - `INCLUSION_REFUSED`: a transaction that was to stand in the block cannot
 * - `BLOCK_REFUSED`: the node calls the block invalid
 * - `BUILD_NOT_OPEN`: there is nothing to seal
 */
export type EnsembleErrorCode =
  | 'STEP_FAILED'
  | 'NEW_FAILED'
  | 'BUILDER_UNKNOWN'
  | 'JOB_CONFLICT'
  | 'NOT_SEALED'
  | 'ALREADY_SEALED'
  | 'UNSIGNED'
  | 'ALREADY_SIGNED'
  | 'UNCOMMITTED'
  | 'ALREADY_COMMITTED'
  | 'INCLUSION_REFUSED'
  | 'BLOCK_REFUSED'
  | 'BUILD_NOT_OPEN'

/** op-test-sequencer's wording, to the letter. */
const MESSAGES = {
  BUILDER_UNKNOWN: 'unknown builder',
  JOB_UNKNOWN: 'unknown job',
  JOB_CONFLICT: 'conflicting job',
  NOT_SEALED: 'block not yet sealed',
  ALREADY_SEALED: 'block already sealed',
  UNSIGNED: 'block not yet signed',
  ALREADY_SIGNED: 'block already signed',
  UNCOMMITTED: 'block not yet committed',
  ALREADY_COMMITTED: 'block already committed',
  SEQUENCER_INACTIVE: 'sequencer inactive',
  SEQUENCER_ACTIVE: 'sequencer already active',
} as const

/** Codes that carry no more than their wording. */
export type PlainCode = keyof typeof MESSAGES

/** @returns the error of a code, in op-test-sequencer's words */
export function plainError(code: PlainCode): AppError {
  return new AppError(code, { message: MESSAGES[code] })
}

/** Something that op-test-sequencer has no code for. */
export function stepFailed(message: string, data: Readonly<Record<string, unknown>> = {}): AppError<EnsembleErrorCode> {
  return new AppError<EnsembleErrorCode>('STEP_FAILED', { message, data })
}

const FINAL: readonly string[] = [
  ...Object.keys(MESSAGES),
  'STEP_FAILED',
  'INCLUSION_REFUSED',
  'BLOCK_REFUSED',
  'BUILD_NOT_OPEN',
  'UPSTREAM_ERROR',
]
/** What says that a transaction cannot stand in a block, or is none. */
const TRANSACTION_FAULTS = [
  'TX_REFUSED',
  'TX_INVALID',
  'TX_TYPE_UNSUPPORTED',
  'RLP_INVALID',
  'SIGNATURE_INVALID',
] as const

/** The error that a node answered with, however deep it lies. */
function nodeAnswer(error: unknown): AppError | undefined {
  for (let at = error; isAppError(at); at = at.cause) if (at.code === 'RPC_ERROR') return at
  return undefined
}

/** @returns what the caller of a step is told of an error; what is no {@link AppError} unchanged */
function stepError(step: string, error: unknown): unknown {
  if (!isAppError(error) || FINAL.includes(error.code)) return error
  const { code, message, data, severity } = error
  if (TRANSACTION_FAULTS.some((fault) => fault === code)) {
    return new AppError<EnsembleErrorCode>('INCLUSION_REFUSED', {
      message: `invalid payload attributes: ${message}`,
      data: { code, ...data },
      cause: error,
    })
  }
  // An op-node's own answer to a commit or publication passes through, as with op-test-sequencer.
  const answer = code === 'COMMIT_REFUSED' || code === 'PUBLISH_REFUSED' ? nodeAnswer(error)?.data : undefined
  if (answer !== undefined) return new AppError('UPSTREAM_ERROR', { message: String(answer.message), data: answer })
  if (code === 'COMMIT_REFUSED' && data?.status === 'INVALID') {
    const why = String(data.validationError)
    return new AppError<EnsembleErrorCode>('BLOCK_REFUSED', {
      message: `execution invalid: ${why}`,
      data,
      cause: error,
    })
  }
  return new AppError<EnsembleErrorCode>('STEP_FAILED', {
    message: `${step}: ${message}`,
    severity,
    data: { reason: code, ...data },
    cause: error,
  })
}

/** Runs a step, and puts what goes wrong into the words of `stepError`. */
export async function inStep<T>(step: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw stepError(step, error)
  }
}
