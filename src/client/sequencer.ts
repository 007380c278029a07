import type { z } from 'zod'
import type { RunningNode } from '../cli/run.ts'
import type { Config } from '../config/config.ts'
import { loadConfig, parseConfig } from '../config/load.ts'
import type { configSchema } from '../config/schema.ts'
import { startNode } from '../node.ts'
import type { LogLevel } from '../telemetry/logger.ts'
import { type InProcessChain, inProcessChain } from './in-process-chain.ts'
import { stderrLogger } from './stderr-logger.ts'

export type { InProcessChain, ProviderRpcError, RequestArguments } from './in-process-chain.ts'
export type { LogLevel }

/** A configuration, as the file holds it: the README explains every key. */
export type SequencerConfig = z.input<ReturnType<typeof configSchema>>

/** How {@link createSequencer} runs. */
export interface SequencerOptions {
  /** Where relative paths of a configuration object start; the working folder when left out. A file's start at its own. */
  readonly folder?: string | undefined
  /** What is logged to stderr; nothing when left out. */
  readonly logLevel?: LogLevel | undefined
  /** Gives up starting. */
  readonly signal?: AbortSignal | undefined
}

/** A sequencer at work in this process. */
export interface Sequencer extends AsyncDisposable {
  /** Of its RPC. */
  readonly url: string
  /** The chains whose blocks are made here, the L1 first if it is one. */
  readonly chains: readonly InProcessChain[]
  /** Cancels jobs, writes down what is to be kept, and ends every connection. Further calls do nothing. */
  close(): Promise<void>
}

function servedChains(config: Config, node: RunningNode): readonly InProcessChain[] {
  const { l1, chains } = config
  const l1Id = l1?.mode === 'mock' ? l1.genesis?.config.l1.chainId : undefined
  return [
    ...(l1 === undefined || l1Id === undefined ? [] : [inProcessChain(node, l1.name, Number(l1Id))]),
    ...chains.map(({ name, rollup }) => inProcessChain(node, name, Number(rollup.l2ChainId))),
  ]
}

/**
 * Hosts in this process what a configuration names, as `op-sequencer run` does in one of its own. Nodes that cannot be
 * reached yet do not keep it from resolving.
 * @param config the path of a file, YAML or JSON, or what such a file holds
 * @throws Error with the code CONFIG_INVALID and a line for every problem in `data.errors`
 */
export async function createSequencer(
  config: string | SequencerConfig,
  { folder = '.', logLevel = 'silent', signal }: SequencerOptions = {},
): Promise<Sequencer> {
  const checked = typeof config === 'string' ? loadConfig(config) : parseConfig(config, folder)
  const io = { logger: stderrLogger(logLevel), signal: signal ?? new AbortController().signal }
  const node = await startNode(checked, io)
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => {
    closed ??= node.close()
    return closed
  }
  return { url: node.url, chains: servedChains(checked, node), close, [Symbol.asyncDispose]: close }
}
