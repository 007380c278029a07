import { Command } from 'commander'
import { DEV_ACCOUNTS, DEV_MNEMONIC } from '../devnet/dev-accounts.ts'
import { type DevnetEndpoint, type DevnetSetup, devnetEndpoints, devnetSetup } from '../devnet/devnet-setup.ts'
import { DEVNET_L1_FORKS, type DevnetL1Fork } from '../devnet/l1-genesis.ts'
import { isAppError } from '../primitives/errors.ts'
import { OP_FORKS, type OpFork } from '../protocol/forks.ts'
import type { LogLevel } from '../telemetry/logger.ts'
import { type CliIo, commandFailed } from './io.ts'
import { logLevelOption, option, parseChainIds, parsePort, parseSeconds, parseTime } from './options.ts'
import { type StartNode, serve, traced, traceOption } from './run.ts'

interface DevnetOptions {
  readonly chains: readonly bigint[]
  readonly blockTime: number
  readonly l1BlockTime: number
  readonly interop: boolean
  readonly manual: boolean
  readonly automine: boolean
  readonly derive?: 'on' | 'off'
  readonly datadir?: string
  readonly host: string
  readonly port: number
  readonly engineJwtSecretFile?: string
  readonly fork: OpFork
  readonly l1Fork: DevnetL1Fork
  readonly genesisTime?: number
  readonly trace?: string
  readonly json: boolean
  readonly logLevel: LogLevel
}

function table(chains: readonly DevnetEndpoint[], readyMs: number, options: DevnetOptions): string {
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

function derived({ derive }: DevnetOptions): { readonly derive: boolean | undefined } {
  return { derive: derive === undefined ? undefined : derive === 'on' }
}

async function run(options: DevnetOptions, io: CliIo, startNode: StartNode): Promise<void> {
  const { chains: ids, interop, json } = options
  const prepare = (): DevnetSetup =>
    devnetSetup({
      ...options,
      ...derived(options),
      chainIds: ids.map(Number),
      fork: interop ? 'interop' : options.fork,
    })
  let prepared: DevnetSetup
  try {
    prepared = prepare()
  } catch (error) {
    throw isAppError(error) ? commandFailed(2, error.message.split('\n')) : error
  }
  await serve(traced(prepared.config, options.trace), options.logLevel, io, startNode, ({ url }) => {
    const readyMs = Math.round(performance.now())
    const chains = devnetEndpoints(prepared, url)
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
    .addOption(
      option('--derive <on|off>', 'whether L2 chains are derived from L1; on where blocks come by themselves').choices([
        'on',
        'off',
      ]),
    )
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
    .addOption(traceOption())
    .addOption(logLevelOption('warn'))
    .action((options: DevnetOptions) => run(options, io, startNode))
}
