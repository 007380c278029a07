/**
 * How far an error reaches: `invalid` is the caller's fault, `temporary` may pass on its own, `reset` means that what
 * was assumed of the chain no longer holds, `critical` that an invariant of this process broke.
 */
export type Severity = 'invalid' | 'temporary' | 'reset' | 'critical'

/** What an {@link AppError} carries beside its code. */
export interface AppErrorOptions {
  /** A sentence for a person; defaults to the code. */
  readonly message?: string
  /** Structured detail; travels to JSON-RPC `error.data` unchanged, so hex strings and plain numbers only. */
  readonly data?: Readonly<Record<string, unknown>>
  /** Defaults to `invalid`. */
  readonly severity?: Severity
  readonly cause?: unknown
}

/**
 * The one error class of this project. Each folder declares its own union of codes; `rpc/error-codes.ts` maps all of
 * them to JSON-RPC numbers.
 */
export class AppError<Code extends string = string> extends Error {
  override readonly name = 'AppError'
  readonly code: Code
  readonly severity: Severity
  readonly data: Readonly<Record<string, unknown>> | undefined

  constructor(code: Code, options: AppErrorOptions = {}) {
    super(options.message ?? code, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.severity = options.severity ?? 'invalid'
    this.data = options.data
  }
}

/** Whether a value is an {@link AppError}, of any code or of one. */
export function isAppError(value: unknown, code?: string): value is AppError {
  return value instanceof AppError && (code === undefined || value.code === code)
}

/** The text of anything thrown. */
export function errorMessage(value: unknown): string {
  return value instanceof Error ? value.message : String(value)
}
