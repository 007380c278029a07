import { createLogger, type Logger, type LogLevel } from '../telemetry/logger.ts'

/** A logger that holds nothing open: many may come and go in one process. */
export function stderrLogger(level: LogLevel): Logger {
  return createLogger({ level, destination: { write: (line) => void process.stderr.write(line) } })
}
