import { type InteropChecks, InteropFilter } from '../../txpool/interop-filter.ts'
import { MessageGate, type MessageIndex } from '../builder/message-gate.ts'
import { InteropChecksClient } from '../clients/interop-checks.ts'
import { RemoteMessageIndex } from '../clients/remote-message-index.ts'
import { RpcTransport } from '../clients/transport.ts'
import type { L2Settings } from '../config/config.ts'
import { systemClock } from '../primitives/clock.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { SafetyLevel } from '../protocol/safety-level.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { ExecutionLayer } from './execution-layer.ts'

/** When the block after the head is due, as op-geth infers it: as long after the head as that is after its parent. */
async function nextBlockTime({ chain }: ExecutionLayer, io: IoOptions): Promise<bigint | undefined> {
  const head = await chain.block('latest', io)
  if (head === undefined || head.header.number === 0n) return undefined
  const parent = await chain.block(head.header.parentHash, io)
  return parent && 2n * head.header.timestamp - parent.header.timestamp
}

/** What other chains' messages are known from: a supervisor in this process. */
export interface SupervisedMessages extends InteropChecks {
  /** Undefined while it does not run. */
  index(): MessageIndex | undefined
}

/** What a chain's pool and builder ask of messages. */
export interface HostedMessageChecks {
  readonly filter: InteropFilter
  readonly gate: MessageGate
  /** To a supervisor elsewhere. */
  readonly transports: readonly RpcTransport[]
}

/** Milliseconds that a supervisor has to tell of the messages of one transaction while a block is built. */
const INDEX_TIMEOUT_MS = 250

function remoteMessages(name: string, { rpc, minSafety }: { rpc: string; minSafety: SafetyLevel }) {
  const transport = new RpcTransport({ endpoint: `${name}.supervisor`, url: rpc })
  const checks = new InteropChecksClient(transport)
  const index = (failsafe: () => boolean): MessageIndex =>
    new RemoteMessageIndex(checks, { minSafety, failsafe, clock: systemClock })
  return { transport, checks, index }
}

/**
 * The checks of executing messages that a chain's configuration asks for, or that a supervisor in this process makes possible.
 * @param supervised undefined where there is none
 */
export function messageChecks(
  { name, rollup, interopChecks }: L2Settings,
  layer: ExecutionLayer,
  supervised: SupervisedMessages | undefined,
  logger: Logger,
): HostedMessageChecks | undefined {
  const { rpc, minSafety = 'cross-unsafe' } = interopChecks ?? {}
  const remote = rpc === undefined ? undefined : remoteMessages(name, { rpc, minSafety })
  const checks = remote?.checks ?? supervised
  if (checks === undefined) return undefined
  const scheduled = rollup.forks.times.interop !== undefined
  const filter: InteropFilter = new InteropFilter({
    chainId: rollup.l2ChainId,
    checks,
    clock: systemClock,
    nextBlockTime: async (io) => (scheduled ? nextBlockTime(layer, io) : undefined),
    onFailsafe: (enabled) => logger.warn({ enabled }, "the supervisor's failsafe has changed"),
    onDropped: (count) => logger.info({ count }, 'transactions whose messages do not hold left the pool'),
  })
  const elsewhere = remote?.index(() => filter.failsafe)
  const gate = new MessageGate({
    chainId: rollup.l2ChainId,
    index: () => elsewhere ?? supervised?.index(),
    minSafety,
    timeoutMs: INDEX_TIMEOUT_MS,
    onRefused: ({ hash }, level) =>
      logger.debug({ hash, level }, 'the messages of a transaction keep it out of a block'),
  })
  return { filter, gate, transports: remote === undefined ? [] : [remote.transport] }
}
