import { resolve } from 'node:path'
import { Command, type Option } from 'commander'
import type { Config } from '../config/config.ts'
import type { ConfigOverrides } from '../config/load.ts'
import { errorMessage, isAppError } from '../primitives/errors.ts'
import { createLogger, LOG_LEVELS, type Logger, type LogLevel } from '../telemetry/logger.ts'
import { ensureSecret } from './ensure-secret.ts'
import { type CliIo, commandFailed } from './io.ts'
import { option, parsePort } from './options.ts'
import {
  type TestSequencerFlags,
  testSequencerOptions,
  upstreamLogLevel,
  upstreamSettings,
} from './test-sequencer-options.ts'

/** A node at work. */
export interface RunningNode {
  /** Base URL of its RPC. */
  readonly url: string
  /** Answers a JSON-RPC text of a caller in this process, as a POST to that path of {@link url} would be. */
  handle(path: string, text: string): Promise<string | undefined>
  /** Cancels jobs, flushes what is to be kept, and ends every connection. */
  close(): Promise<void>
}

/**
 * Starts everything that a configuration names. Nodes that cannot be reached yet do not keep it from resolving, but for the
 * one of a chain that is to be forked: without it nobody knows what the fork begins with. An
 * abort of the signal while it starts makes it clean up and reject.
 */
export type StartNode = (
  config: Config,
  options: { readonly logger: Logger; readonly signal: AbortSignal },
) => Promise<RunningNode>

/** Milliseconds in which a node must have closed. */
const CLOSE_DEADLINE = 4500

interface RunOptions extends TestSequencerFlags {
  readonly config?: string
  readonly logLevel?: LogLevel
  readonly rpcHost?: string
  readonly rpcPort?: number
  readonly rpcJwtSecretFile?: string
  readonly metricsPort?: number
  readonly datadir?: string
  readonly trace?: string
}

/** Loads a configuration; its problems end the command with exit code 2. */
export async function loadOrFail(path: string, overrides?: ConfigOverrides): Promise<Config> {
  // On demand: a devnet has no file, and needs nothing of what reads one.
  const { loadConfig } = await import('../config/load.ts')
  return loadable(() => loadConfig(path, overrides))
}

function loadable(load: () => Config): Config {
  try {
    return load()
  } catch (error) {
    if (!isAppError(error, 'CONFIG_INVALID')) throw error
    throw commandFailed(2, error.message.split('\n'))
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

async function closeInTime(node: RunningNode): Promise<void> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(commandFailed(1, ['shutting down took too long'])), CLOSE_DEADLINE)
  try {
    await Promise.race([node.close(), late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Serves a configuration until the process shall end.
 * @param ready told once, when it serves
 * @throws AppError COMMAND_FAILED
 */
export async function serve(
  config: Config,
  logLevel: LogLevel,
  io: CliIo,
  startNode: StartNode,
  ready: (node: RunningNode) => void = () => {},
): Promise<void> {
  const logger = createLogger({ level: logLevel, destination: { write: io.stderr } })
  let node: RunningNode
  try {
    node = await startNode(config, { logger, signal: io.signal })
  } catch (error) {
    if (io.signal.aborted) return
    logger.debug({ err: error }, 'cannot start')
    throw commandFailed(isAppError(error, 'CONFIG_INVALID') ? 2 : 1, [errorMessage(error)])
  }
  logger.info({ url: node.url }, 'serving')
  ready(node)
  await aborted(io.signal)
  logger.info('shutting down')
  await closeInTime(node)
}

/** Loads what files and options say; its problems end the command with exit code 2. */
async function loadRun({ config: path, ...options }: RunOptions): Promise<Config> {
  const { builders, overrides: upstream, admin } = upstreamSettings(options)
  const { rpcHost, rpcPort, rpcJwtSecretFile, metricsPort, datadir } = options
  const own = { rpcHost, rpcPort, rpcJwtSecretFile, metricsPort, datadir }
  const said = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)) as ConfigOverrides
  const overrides = { ...upstream, ...said }
  if (builders === undefined) {
    if (path === undefined) throw commandFailed(2, ['--config, or --builders.config, says what to run'])
    return loadOrFail(path, overrides)
  }
  if (overrides.rpcJwtSecretFile !== undefined) ensureSecret(overrides.rpcJwtSecretFile)
  const { loadEnsembleConfig } = await import('../config/load-ensemble.ts')
  return loadable(() => loadEnsembleConfig({ builders, admin }, path, overrides))
}

/** The option that says where drivers write down what they do. */
export function traceOption(): Option {
  return option('--trace <file>', 'where each effect that a driver runs is written down, a line of JSON each')
}

/** A configuration with the file of {@link traceOption}. */
export function traced(config: Config, trace: string | undefined): Config {
  return trace === undefined ? config : { ...config, traceFile: resolve(trace) }
}

async function run(options: RunOptions, io: CliIo, startNode: StartNode): Promise<void> {
  await serve(
    traced(await loadRun(options), options.trace),
    options.logLevel ?? upstreamLogLevel(options) ?? 'info',
    io,
    startNode,
  )
}

/** `op-sequencer run`. */
export function runCommand(io: CliIo, startNode: StartNode): Command {
  const command = new Command('run')
    .description('host every chain that a configuration names, against the nodes that it names')
    .addOption(option('--config <file>', 'configuration, YAML or JSON; or --builders.config, or both'))
    .addOption(option('--rpc-host <host>', 'where the RPC listens; instead of rpc.host'))
    .addOption(option('--rpc-port <port>', 'its port; instead of rpc.port').argParser(parsePort))
    .addOption(option('--rpc-jwt-secret-file <file>', 'its secret; instead of rpc.jwtSecretFile'))
    .addOption(
      option('--metrics-port <port>', 'where metrics are served; instead of metrics.port').argParser(parsePort),
    )
    .addOption(option('--datadir <folder>', 'journals and databases; instead of datadir'))
    .addOption(traceOption())
    .addOption(option('--log-level <level>', 'how much is logged to stderr; info').choices(LOG_LEVELS))
  for (const each of testSequencerOptions()) command.addOption(each)
  return command.action((options: RunOptions) => run(options, io, startNode))
}
