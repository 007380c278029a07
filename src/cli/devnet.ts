import { resolve } from 'node:path'
import { Command } from 'commander'
import { DEV_ACCOUNTS, DEV_MNEMONIC } from '../devnet/dev-accounts.ts'
import {
  DEVNET_L1_ID,
  DEVNET_L1_NAME,
  type DevnetShape,
  devnetChainName,
  devnetConfig,
} from '../devnet/devnet-config.ts'
import { devnetShapeIn, engineSecretFileIn, readEngineSecret } from '../devnet/devnet-folder.ts'
import { DEVNET_L1_FORKS, type DevnetL1Fork } from '../devnet/l1-genesis.ts'
import { isAppError } from '../primitives/errors.ts'
import { OP_FORKS, type OpFork } from '../protocol/forks.ts'
import type { LogLevel } from '../telemetry/logger.ts'
import { type CliIo, commandFailed } from './io.ts'
import { logLevelOption, option, parseChainIds, parsePort, parseSeconds, parseTime } from './options.ts'
import { type StartNode, serve } from './run.ts'

interface DevnetOptions {
  readonly chains: readonly bigint[]
  readonly blockTime: number
  readonly l1BlockTime: number
  readonly interop: boolean
  readonly manual: boolean
  readonly automine: boolean
  readonly datadir?: string
  readonly host: string
  readonly port: number
  readonly engineJwtSecretFile?: string
  readonly fork: OpFork
  readonly l1Fork: DevnetL1Fork
  readonly genesisTime?: number
  readonly json: boolean
  readonly logLevel: LogLevel
}

/** One chain as it is announced. */
interface Announced {
  readonly name: string
  readonly chainId: number
  readonly url: string
  readonly ws: string
  /** Where it is served. */
  readonly engine?: { readonly url: string; readonly jwtSecretFile: string }
}

/** Blocks may come faster than once a second; their times are whole seconds. */
function wholeSeconds(seconds: number): number {
  return Math.max(1, Math.round(seconds))
}

function shapeOf(options: DevnetOptions): DevnetShape {
  const wanted = {
    chainIds: options.chains.map(Number),
    blockTime: wholeSeconds(options.blockTime),
    l1BlockTime: wholeSeconds(options.l1BlockTime),
    fork: options.interop ? 'interop' : options.fork,
    l1Fork: options.l1Fork,
  } as const
  const now = Math.floor(Date.now() / 1000)
  if (options.datadir === undefined) return { ...wanted, genesisTime: options.genesisTime ?? now }
  return devnetShapeIn(resolve(options.datadir), { ...wanted, genesisTime: options.genesisTime }, now)
}

function announce({ chainIds }: DevnetShape, url: string, jwtSecretFile: string | undefined): readonly Announced[] {
  const names = [[DEVNET_L1_NAME, DEVNET_L1_ID] as const, ...chainIds.map((id) => [devnetChainName(id), id] as const)]
  return names.map(([name, chainId]) => {
    const chainUrl = `${url}/${name}`
    const engine = jwtSecretFile === undefined ? {} : { engine: { url: `${chainUrl}/engine`, jwtSecretFile } }
    return { name, chainId, url: chainUrl, ws: chainUrl.replace(/^http/, 'ws'), ...engine }
  })
}

function table(chains: readonly Announced[], readyMs: number, options: DevnetOptions): string {
  const secretFile = chains[0]?.engine?.jwtSecretFile
  const width = Math.max(...chains.map(({ name }) => name.length), 'chain'.length)
  const rows = chains.map(({ name, chainId, url }) => `${name.padEnd(width)}  ${String(chainId).padEnd(10)}  ${url}`)
  const accounts = DEV_ACCOUNTS.map(({ address, privateKey }, index) => `(${index}) ${address}  ${privateKey}`)
  const pace = options.manual
    ? 'blocks on demand only: test_open and test_seal, or test_mine'
    : options.automine
      ? 'a block for each transaction'
      : `an L2 block every ${options.blockTime} s, an L1 block every ${options.l1BlockTime} s`
  return [
    `op-sequencer devnet, ready in ${readyMs} ms; ${pace}`,
    '',
    `${'chain'.padEnd(width)}  ${'chain id'.padEnd(10)}  HTTP and WebSocket`,
    ...rows,
    ...(secretFile === undefined ? [] : ['', `Engine APIs: the same with /engine behind it; secret in ${secretFile}`]),
    '',
    `accounts with 10000 ETH on every chain, and their keys (mnemonic: ${DEV_MNEMONIC}):`,
    ...accounts,
    '',
  ].join('\n')
}

async function run(options: DevnetOptions, io: CliIo, startNode: StartNode): Promise<void> {
  const { json, port, host } = options
  const datadir = options.datadir && resolve(options.datadir)
  const onDemand = options.manual || options.automine
  const prepare = () => {
    const shape = shapeOf(options)
    const secretFile =
      options.engineJwtSecretFile === undefined
        ? datadir && engineSecretFileIn(datadir)
        : resolve(options.engineJwtSecretFile)
    const config = devnetConfig({
      shape,
      automine: options.automine,
      ...(!onDemand && { pace: { l1Ms: options.l1BlockTime * 1000, l2Ms: options.blockTime * 1000 } }),
      rpc: { host, port, ...(secretFile !== undefined && { engineJwtSecret: readEngineSecret(secretFile) }) },
      ...(datadir !== undefined && { datadir }),
    })
    return { shape, config, secretFile }
  }
  let prepared: ReturnType<typeof prepare>
  try {
    prepared = prepare()
  } catch (error) {
    throw isAppError(error) ? commandFailed(2, error.message.split('\n')) : error
  }
  await serve(prepared.config, options.logLevel, io, startNode, ({ url }) => {
    const readyMs = Math.round(performance.now())
    const chains = announce(prepared.shape, url, prepared.secretFile)
    const [l1, ...l2] = chains
    io.stdout(
      json
        ? `${JSON.stringify({ readyMs, url, l1, chains: l2, mnemonic: DEV_MNEMONIC, accounts: DEV_ACCOUNTS })}\n`
        : table(chains, readyMs, options),
    )
  })
}

/** `op-sequencer devnet`. */
export function devnetCommand(io: CliIo, startNode: StartNode): Command {
  return new Command('devnet')
    .description('an L1 and L2 chains in one process, with nothing else installed')
    .addOption(option('--chains <ids>', 'L2 chain ids').argParser(parseChainIds).default([901n], '901'))
    .addOption(option('--block-time <seconds>', 'seconds between L2 blocks').argParser(parseSeconds).default(2))
    .addOption(option('--l1-block-time <seconds>', 'seconds between L1 blocks').argParser(parseSeconds).default(6))
    .addOption(option('--interop', 'the interop upgrade from genesis').default(false))
    .addOption(option('--manual', 'no block but on demand').default(false))
    .addOption(option('--automine', 'a block for each transaction, and no other but on demand').default(false))
    .addOption(option('--datadir <folder>', 'where the state is kept; without it, in memory'))
    .addOption(option('--host <host>', 'where the RPC listens: loopback only').default('127.0.0.1'))
    .addOption(option('--port <port>', 'its port').argParser(parsePort).default(8645))
    .addOption(
      option(
        '--engine-jwt-secret-file <file>',
        'secret of the Engine APIs; jwt.hex in the datadir, else they are not served',
      ),
    )
    .addOption(option('--fork <name>', 'the newest L2 upgrade, from genesis').choices(OP_FORKS).default('jovian'))
    .addOption(
      option('--l1-fork <name>', 'the newest L1 upgrade, from genesis').choices(DEVNET_L1_FORKS).default('prague'),
    )
    .addOption(option('--genesis-time <seconds>', 'unix time of the first blocks; now').argParser(parseTime))
    .addOption(option('--json', 'endpoints and accounts as one line of JSON').default(false))
    .addOption(logLevelOption('warn'))
    .action((options: DevnetOptions) => run(options, io, startNode))
}
