import { Command, InvalidArgumentError } from 'commander'
import { fileSchemas } from '../config/files.ts'
import { errorMessage, isAppError } from '../primitives/errors.ts'
import { toQuantity } from '../primitives/hex.ts'
import { chainOfConfig, chainOfRollup, type ReplayChain } from '../replay/chain.ts'
import type { Difference } from '../replay/differences.ts'
import type { ReplayedBlock } from '../replay/replay-range.ts'
import type { OpenReplay } from '../replay/service.ts'
import { createLogger, type LogLevel } from '../telemetry/logger.ts'
import { type CliIo, commandFailed } from './io.ts'
import { logLevelOption, option } from './options.ts'

/** The bounds of a range of blocks, both included. */
interface BlockRange {
  readonly from: bigint | 'latest'
  readonly to: bigint | 'latest'
}

/** `12`, `0xc`, `latest`, or two of them with `..` between. */
function parseBlockRange(text: string): BlockRange {
  const bounds = text.split('..').map((bound) => {
    if (bound === 'latest') return bound
    return /^(\d+|0x[0-9a-fA-F]+)$/.test(bound) ? BigInt(bound) : undefined
  })
  const [from, to = from] = bounds
  if (from === undefined || to === undefined || bounds.includes(undefined) || bounds.length > 2) {
    throw new InvalidArgumentError('expected a block number, or two like 5..17; "latest" is one, too')
  }
  if (typeof to === 'bigint' && from !== 'latest' && from > to) {
    throw new InvalidArgumentError(`${from} comes after ${to}`)
  }
  if (to === 0n) throw new InvalidArgumentError('genesis has nothing to execute')
  return { from, to }
}

function parseUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new InvalidArgumentError('expected a URL with http or https')
  }
  return text
}

interface Options {
  readonly el: string
  readonly rollup?: string
  readonly genesis?: string
  readonly block: BlockRange
  readonly json: boolean
  readonly logLevel: LogLevel
}

function readFile<T>(
  schema: { safeParse(path: string): { success: boolean; data?: T; error?: unknown } },
  path: string,
): T {
  const parsed = schema.safeParse(path)
  if (parsed.success) return parsed.data as T
  const { issues } = parsed.error as { readonly issues: readonly { readonly message: string }[] }
  throw commandFailed(
    2,
    issues.map(({ message }) => message),
  )
}

/** The chain that a file tells of; undefined when there is none. */
function chainOf({ rollup, genesis }: Options): ReplayChain | undefined {
  if (rollup !== undefined && genesis !== undefined)
    throw commandFailed(2, ['--rollup and --genesis exclude each other'])
  const files = fileSchemas(process.cwd())
  try {
    if (rollup !== undefined) return chainOfRollup(readFile(files.rollup, rollup))
    if (genesis !== undefined) return chainOfConfig(readFile(files.genesis, genesis).config)
    return undefined
  } catch (error) {
    if (!isAppError(error, 'REPLAY_CHAIN_UNUSABLE')) throw error
    throw commandFailed(2, [`${rollup ?? genesis}: ${error.message}`])
  }
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return 'none'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** One line for a person. */
function differenceToText(difference: Difference): string {
  const { block, where, index, transaction, field, expected, actual } = difference
  const subject = where === 'header' ? 'header' : `receipt ${index}${transaction ? ` (${transaction})` : ''}`
  return `block ${block} ${subject} ${field}: node ${shown(expected)}, ours ${shown(actual)}`
}

function differenceToJson({ block, ...rest }: Difference): unknown {
  return { type: 'difference', block: toQuantity(block), ...rest }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

class Report {
  blocks = 0
  transactions = 0
  gas = 0n
  differences = 0
  readonly #io: CliIo
  readonly #json: boolean

  constructor(io: CliIo, json: boolean) {
    this.#io = io
    this.#json = json
  }

  add({ transactions, gasUsed, differences }: ReplayedBlock): void {
    this.blocks++
    this.transactions += transactions
    this.gas += gasUsed
    this.differences += differences.length
    for (const difference of differences) {
      this.#line(this.#json ? JSON.stringify(differenceToJson(difference)) : differenceToText(difference))
    }
  }

  end(): void {
    const { blocks, transactions, gas, differences } = this
    if (this.#json) {
      this.#line(JSON.stringify({ type: 'summary', blocks, transactions, gasUsed: toQuantity(gas), differences }))
      return
    }
    const verdict = differences === 0 ? 'no difference' : count(differences, 'difference')
    this.#line(`${count(blocks, 'block')}, ${count(transactions, 'transaction')}, ${gas} gas: ${verdict}`)
  }

  #line(text: string): void {
    this.#io.stdout(`${text}\n`)
  }
}

async function replay(options: Options, io: CliIo, openReplay: OpenReplay): Promise<void> {
  const { el: url, block, json, logLevel } = options
  const chain = chainOf(options)
  const logger = createLogger({ level: logLevel, destination: { write: io.stderr } })
  const { signal } = io
  const report = new Report(io, json)
  try {
    await using opened = await openReplay({ url, ...block, ...(chain && { chain }) }, { signal })
    logger.info({ from: opened.from, to: opened.to }, 'replaying')
    for await (const done of opened.blocks) {
      report.add(done)
      const { number, hash, transactions, differences } = done
      logger.debug({ number, hash, transactions, differences: differences.length }, 'block replayed')
    }
    const { roundTrips, calls, bytesIn } = opened.stats
    logger.info({ roundTrips, calls, bytesIn }, 'done')
  } catch (error) {
    if (signal.aborted) throw commandFailed(1, [`interrupted after ${count(report.blocks, 'block')}`])
    if (!isAppError(error)) throw error
    throw commandFailed(error.code === 'REPLAY_CHAIN_UNUSABLE' ? 2 : 1, [errorMessage(error)])
  }
  report.end()
  if (report.differences > 0) throw commandFailed(1, ['the node and this program do not agree'])
}

/** `op-sequencer replay`. */
export function replayCommand(io: CliIo, openReplay: OpenReplay): Command {
  return new Command('replay')
    .description('re-execute existing blocks over remote state, and compare every header field and receipt')
    .addOption(option('--el <url>', 'RPC of the execution layer').argParser(parseUrl).makeOptionMandatory())
    .addOption(option('--rollup <file>', "the chain, as op-node's rollup.json; without a file the node is asked"))
    .addOption(option('--genesis <file>', 'the chain, as a geth genesis file or its "config" part'))
    .addOption(
      option('--block <range>', 'N, or N..M with both included; "latest" is a number, too')
        .argParser(parseBlockRange)
        .makeOptionMandatory(),
    )
    .addOption(option('--json', 'a JSON object a line, instead of text').default(false))
    .addOption(logLevelOption())
    .action((options: Options) => replay(options, io, openReplay))
}
