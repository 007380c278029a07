import { type DestinationStream, destination, type LoggerOptions, type Logger as PinoLogger, pino } from 'pino'

/** The process's log. Fields, not prose: `log.info({ jobId, number }, 'block sealed')`. */
export type Logger = PinoLogger

/** How much is logged, most to least. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** One of {@link LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number]

const SECRET_FIELDS = ['jwt', 'jwtSecret', 'secret', 'key', 'privateKey', 'token', 'authorization', 'password']

/** Paths that never reach a log, two levels deep: what a config, an error's data or a request's headers could hold. */
const REDACTED = SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`])

/** How {@link createLogger} logs. */
export interface LoggerSettings {
  /** Defaults to `info`. */
  readonly level?: LogLevel
  /** Where lines go; defaults to stderr, because stdout carries results only. */
  readonly destination?: DestinationStream
}

/**
 * Creates the root logger: one JSON object a line. Each folder takes a child, `logger.child({ module: 'rpc' })`.
 * Lines are written synchronously, so that none is lost when the process ends.
 */
export function createLogger(settings: LoggerSettings = {}): Logger {
  const options: LoggerOptions = {
    level: settings.level ?? 'info',
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: REDACTED, censor: '[redacted]' },
  }
  return pino(options, settings.destination ?? destination({ fd: 2, sync: true }))
}

/** A logger that writes nothing, for tests and embedding. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' })
}
