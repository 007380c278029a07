import { InteropFilter } from '../../txpool/interop-filter.ts'
import { InteropChecksClient } from '../clients/interop-checks.ts'
import { RpcTransport } from '../clients/transport.ts'
import type { L2Settings } from '../config/config.ts'
import { systemClock } from '../primitives/clock.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { ExecutionLayer } from './execution-layer.ts'

/** When the block after the head is due, as op-geth infers it: as long after the head as that is after its parent. */
async function nextBlockTime({ chain }: ExecutionLayer, io: IoOptions): Promise<bigint | undefined> {
  const head = await chain.block('latest', io)
  if (head === undefined || head.header.number === 0n) return undefined
  const parent = await chain.block(head.header.parentHash, io)
  return parent && 2n * head.header.timestamp - parent.header.timestamp
}

/** The filter of executing messages that a chain's configuration asks for, and its way to the supervisor. */
export function interopFilter(
  { name, rollup, interopChecks }: L2Settings,
  layer: ExecutionLayer,
  logger: Logger,
): { readonly filter: InteropFilter; readonly transport: RpcTransport } | undefined {
  if (interopChecks === undefined) return undefined
  const transport = new RpcTransport({ endpoint: `${name}.supervisor`, url: interopChecks.rpc })
  const scheduled = rollup.forks.times.interop !== undefined
  const filter = new InteropFilter({
    chainId: rollup.l2ChainId,
    checks: new InteropChecksClient(transport),
    clock: systemClock,
    nextBlockTime: async (io) => (scheduled ? nextBlockTime(layer, io) : undefined),
    onFailsafe: (enabled) => logger.warn({ enabled }, "the supervisor's failsafe has changed"),
    onDropped: (count) => logger.info({ count }, 'transactions whose messages do not hold left the pool'),
  })
  return { filter, transport }
}
