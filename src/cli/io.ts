import { AppError } from '../primitives/errors.ts'

/** What a command has of the outside world. */
export interface CliIo {
  /** Results, and nothing else. */
  readonly stdout: (text: string) => void
  /** What a person should read: errors, and the log. */
  readonly stderr: (text: string) => void
  /** Aborted when the process shall end. */
  readonly signal: AbortSignal
}

/** How a command ends: done; a difference or failure that it found; wrong usage or configuration. */
export type ExitCode = 0 | 1 | 2

/** Codes of the command line. */
export type CliErrorCode = 'COMMAND_FAILED'

/** Ends a command with an exit code and lines on stderr. */
export function commandFailed(exitCode: ExitCode, lines: readonly string[]): AppError<CliErrorCode> {
  return new AppError<CliErrorCode>('COMMAND_FAILED', { message: lines.join('\n'), data: { exitCode } })
}
