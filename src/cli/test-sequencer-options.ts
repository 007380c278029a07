import { InvalidArgumentError, Option } from 'commander'
import type { ConfigOverrides } from '../config/load.ts'
import { LOG_LEVELS, type LogLevel } from '../telemetry/logger.ts'
import { commandFailed } from './io.ts'
import { parsePort } from './options.ts'

/** What op-test-sequencer's options say, by commander's names for them. */
export interface TestSequencerFlags {
  readonly 'builders.config'?: string
  readonly 'rpc.jwtSecret'?: string
  readonly 'rpc.addr'?: string
  readonly 'rpc.port'?: number
  readonly 'rpc.enableAdmin'?: boolean
  readonly 'log.level'?: LogLevel
  readonly 'log.format'?: string
  readonly 'log.color'?: boolean
  readonly 'log.pid'?: boolean
  readonly 'metrics.enabled'?: boolean
  readonly 'metrics.addr'?: string
  readonly 'metrics.port'?: number
  readonly 'pprof.enabled'?: boolean
  readonly mockRun?: boolean
}

/** As op-test-sequencer has it. */
const METRICS = { host: '0.0.0.0', port: 7300 }

/** Go's names for levels, where they are others. */
const GO_LEVELS: Readonly<Record<string, LogLevel>> = { crit: 'fatal', eror: 'error', dbug: 'debug', trce: 'trace' }

function parseLevel(text: string): LogLevel {
  const name = text.toLowerCase()
  const level = GO_LEVELS[name] ?? LOG_LEVELS.find((each) => each === name)
  if (level === undefined) throw new InvalidArgumentError(`expected one of ${LOG_LEVELS.join(', ')}`)
  return level
}

/** As Go reads it. */
function parseFlag(text: string): boolean {
  if (['1', 't', 'true'].includes(text.toLowerCase())) return true
  if (['0', 'f', 'false', ''].includes(text.toLowerCase())) return false
  throw new InvalidArgumentError('expected true or false')
}

function option(flags: string, description: string): Option {
  const created = new Option(flags, description)
  return created.env(`OP_TEST_SEQUENCER_${created.name().replaceAll(/[-.]/g, '_').toUpperCase()}`)
}

function flag(name: string, description: string): Option {
  return option(`--${name} [flag]`, description).argParser(parseFlag).preset('true')
}

/** op-test-sequencer's options, each with its environment variable: `--rpc.port` is `OP_TEST_SEQUENCER_RPC_PORT`. */
export function testSequencerOptions(): readonly Option[] {
  const shown = [
    option('--builders.config <file>', "op-test-sequencer's configuration, alone or beside --config"),
    option('--rpc.jwt-secret <file>', 'secret of the RPC, made where the file is missing; as --rpc-jwt-secret-file'),
    option('--rpc.addr <host>', 'as --rpc-host'),
    option('--rpc.port <port>', 'as --rpc-port').argParser(parsePort),
    flag('rpc.enable-admin', 'serve admin_hello'),
    option('--log.level <level>', 'as --log-level').argParser(parseLevel),
    flag('metrics.enabled', 'serve metrics, at port 7300 unless told otherwise'),
    option('--metrics.addr <host>', 'where metrics are served'),
    option('--metrics.port <port>', 'as --metrics-port').argParser(parsePort),
  ]
  const others = [
    option('--log.format <format>', 'json only'),
    flag('log.color', 'no effect'),
    flag('log.pid', 'no effect: each line has it'),
    flag('pprof.enabled', 'not served'),
    flag('mock-run', 'not served'),
  ]
  return [...shown, ...others.map((each) => each.hideHelp())]
}

/** The level to log at, where op-test-sequencer's option says one. */
export function upstreamLogLevel(flags: TestSequencerFlags): LogLevel | undefined {
  return flags['log.level']
}

function refuse(flags: TestSequencerFlags): void {
  const refused: string[] = []
  const format = flags['log.format']
  if (format !== undefined && !['json', 'jsonms'].includes(format))
    refused.push(`--log.format: ${format} is not supported: lines are JSON`)
  if (flags['pprof.enabled'] === true) refused.push('--pprof.enabled: there is no Go program to profile')
  if (flags.mockRun === true) refused.push('--mock-run: is not supported')
  if (refused.length > 0) throw commandFailed(2, refused)
}

/**
 * What op-test-sequencer's options say in the terms of this service.
 * @throws AppError COMMAND_FAILED for those that cannot be followed
 */
export function upstreamSettings(flags: TestSequencerFlags): {
  readonly builders: string | undefined
  readonly overrides: ConfigOverrides
  readonly admin: boolean
} {
  refuse(flags)
  const metrics = flags['metrics.enabled'] === true ? METRICS : undefined
  const { 'rpc.addr': rpcHost, 'rpc.port': rpcPort, 'rpc.jwtSecret': rpcJwtSecretFile } = flags
  const overrides = {
    rpcHost,
    rpcPort,
    rpcJwtSecretFile,
    metricsHost: metrics && (flags['metrics.addr'] ?? metrics.host),
    metricsPort: metrics && (flags['metrics.port'] ?? metrics.port),
  }
  return {
    builders: flags['builders.config'],
    overrides: Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined)),
    admin: flags['rpc.enableAdmin'] === true,
  }
}
