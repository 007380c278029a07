import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { bytesToHex, toQuantity } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import { outputRoot } from '../../src/protocol/output-root.ts'
import type { BlockId, L1BlockRef } from '../../src/protocol/refs.ts'
import type { OutputsAt } from '../../src/supervisor/super-root.ts'
import type { NodeHeads, SupervisorSyncStatus } from '../../src/supervisor/sync-status.ts'
import { defineMethod, described, type Method } from '../method.ts'
import { quantity64 } from '../schema.ts'
import { blockIdJson, syncStatusJson } from '../sync-status-json.ts'

/** What an op-supernode is asked. */
export interface SupernodeService {
  /** Ascending. */
  readonly chainIds: readonly bigint[]
  currentL1(io: IoOptions): Promise<BlockId | undefined>
  l1Labels(io: IoOptions): Promise<{
    readonly head: L1BlockRef | undefined
    readonly safe: L1BlockRef | undefined
    readonly finalized: L1BlockRef | undefined
  }>
  syncStatus(io: IoOptions): Promise<SupervisorSyncStatus>
  nodeHeads(chainId: bigint, io: IoOptions): Promise<NodeHeads>
  outputsAt(timestamp: bigint, io: IoOptions): Promise<OutputsAt>
}

/** What both answers begin with. */
async function commonJson(service: SupernodeService, io: IoOptions) {
  const [current, status] = await Promise.all([service.currentL1(io), service.syncStatus(io)])
  return {
    status,
    json: {
      current_l1: blockIdJson(current),
      safe_timestamp: Number(status.safeTimestamp),
      local_safe_timestamp: Number(status.localSafeTimestamp),
      finalized_timestamp: Number(status.finalizedTimestamp),
      chain_ids: service.chainIds.map(String),
    },
  }
}

async function superRootJson(service: SupernodeService, timestamp: bigint, io: IoOptions): Promise<object> {
  const { json } = await commonJson(service, io)
  const { optimistic, verified } = await service.outputsAt(timestamp, io)
  return {
    ...json,
    optimistic_at_timestamp: Object.fromEntries(
      optimistic.map(({ chainId, output, requiredL1 }) => [
        chainId.toString(),
        { output, output_root: outputRoot(output), required_l1: blockIdJson(requiredL1) },
      ]),
    ),
    ...(verified && {
      data: {
        verified_required_l1: blockIdJson(verified.source),
        super: {
          timestamp: toQuantity(timestamp),
          chains: verified.chains.map(({ chainId, canonical }) => ({ ChainID: chainId.toString(), Output: canonical })),
        },
        super_root: verified.superRoot,
      },
    }),
  }
}

/** `superroot_*`, `supernode_*` and `heartbeat_*` as op-supernode serves them. */
export function supernodeMethods(service: SupernodeService): readonly Method[] {
  return [
    defineMethod({
      name: 'superroot_atTimestamp',
      summary: 'The outputs of all chains at a time, and the super root once they are verified',
      params: z.tuple([quantity64]),
      paramNames: ['timestamp'],
      result: described(
        'current_l1, the timestamps up to which all is safe, optimistic_at_timestamp by chain id, chain_ids, and, once all is cross-safe, data',
      ),
      handler: ([timestamp], io) => superRootJson(service, timestamp, io),
    }),
    defineMethod({
      name: 'supernode_syncStatus',
      summary: "op-node's sync status of every chain, and how far all of them are",
      params: z.tuple([]),
      paramNames: [],
      result: described('chains by id, chain_ids, current_l1, and the timestamps up to which all is safe'),
      async handler(_, io) {
        const [{ json, status }, l1] = await Promise.all([commonJson(service, io), service.l1Labels(io)])
        const chains = await Promise.all(
          [...status.chains].map(async ([chainId, heads]) => {
            const refs = await service.nodeHeads(chainId, io)
            const source = heads?.localSafe?.source
            // What is known of it beside its number and hash is of no use to anybody here.
            const currentL1 = source && { ...source, parentHash: `0x${'00'.repeat(32)}` as const, timestamp: 0n }
            const json = syncStatusJson({
              currentL1,
              headL1: l1.head,
              safeL1: l1.safe,
              finalizedL1: l1.finalized,
              pendingSafe: refs.localSafe,
              ...refs,
            })
            return [chainId.toString(), json] as const
          }),
        )
        return { chains: Object.fromEntries(chains), ...json }
      },
    }),
    defineMethod({
      name: 'heartbeat_check',
      summary: 'Four bytes that are others each time: somebody is there',
      params: z.tuple([]),
      paramNames: [],
      result: z.string().meta({ description: '0x data' }),
      handler: () => bytesToHex(randomBytes(4)),
    }),
  ]
}
