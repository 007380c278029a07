import { InvalidArgumentError, Option } from 'commander'
import { LOG_LEVELS, type LogLevel } from '../telemetry/logger.ts'

/** An option that an environment variable may give, too: `--rpc-port` is `OP_SEQUENCER_RPC_PORT`. */
export function option(flags: string, description: string): Option {
  const created = new Option(flags, description)
  return created.env(`OP_SEQUENCER_${created.name().replaceAll(/[-.]/g, '_').toUpperCase()}`)
}

/** A TCP port. */
export function parsePort(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('expected a port, 0 to 65535')
  return port
}

/** Seconds, whole or not, more than none. */
export function parseSeconds(text: string): number {
  const seconds = Number(text)
  if (text.trim() === '' || !Number.isFinite(seconds) || seconds <= 0)
    throw new InvalidArgumentError('expected seconds')
  return seconds
}

/** Unix seconds. */
export function parseTime(text: string): number {
  const time = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(time)) throw new InvalidArgumentError('expected unix seconds')
  return time
}

/** Chain ids in decimal, divided by commas. */
export function parseChainIds(text: string): readonly bigint[] {
  const parts = text.split(',').map((part) => part.trim())
  if (parts.some((part) => !/^[1-9]\d*$/.test(part))) throw new InvalidArgumentError('expected chain ids like 901,902')
  const ids = parts.map(BigInt)
  if (new Set(ids).size !== ids.length) throw new InvalidArgumentError('a chain id stands twice')
  return ids
}

/** `--config` of every command that has one. */
export function configOption(): Option {
  return option('--config <file>', 'configuration, YAML or JSON').makeOptionMandatory()
}

/** `--log-level` of every command that logs. */
export function logLevelOption(level: LogLevel = 'info'): Option {
  return option('--log-level <level>', 'how much is logged to stderr').choices(LOG_LEVELS).default(level)
}
