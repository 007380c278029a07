import { z } from 'zod'
import type { SyncStatus } from '../../src/driver/sync-status.ts'
import type { Hash } from '../../src/primitives/hex.ts'
import { ZERO_HASH } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import { type DependencySet, dependencySetToJson } from '../../src/protocol/dependency-set.ts'
import type { BlockId, L2BlockRef } from '../../src/protocol/refs.ts'
import { type RollupConfig, rollupConfigToJson } from '../../src/protocol/rollup-config.ts'
import { rpcError } from '../errors.ts'
import { defineMethod, described, type Method } from '../method.ts'
import { quantity64 } from '../schema.ts'
import { blockIdJson, l2RefJson, syncStatusJson } from '../sync-status-json.ts'

/** A chain that is derived in this process. */
export interface RollupNodeService {
  readonly config: RollupConfig
  syncStatus(): SyncStatus
  /** @throws AppError OUTPUT_UNKNOWN */
  outputAtBlock(
    number: bigint,
    io: IoOptions,
  ): Promise<{
    readonly outputRoot: Hash
    readonly block: L2BlockRef
    readonly withdrawalStorageRoot: Hash
    readonly stateRoot: Hash
    readonly status: SyncStatus
  }>
  /** @throws AppError SAFE_HEAD_UNKNOWN, SAFE_HEADS_DISABLED */
  safeHeadAtL1Block(number: bigint): { readonly l1: BlockId; readonly safe: BlockId }
}

/** `optimism_*` as op-node serves it. @param version of this program @param dependencySet undefined: it is not known */
export function optimismMethods(
  service: RollupNodeService,
  version: string,
  dependencySet?: DependencySet,
): readonly Method[] {
  const none = z.tuple([])
  return [
    defineMethod({
      name: 'optimism_syncStatus',
      summary: 'How far the chain is, by how much is known of a block, and L1',
      params: none,
      paramNames: [],
      result: described("op-node's sync status; zeros for what is not known yet"),
      handler: () => syncStatusJson(service.syncStatus()),
    }),
    defineMethod({
      name: 'optimism_outputAtBlock',
      summary: 'The output root of an L2 block, and what it is made of',
      params: z.tuple([quantity64]),
      paramNames: ['blockNumber'],
      result: described(
        'version, outputRoot, blockRef, withdrawalStorageRoot, stateRoot, and the sync status at that time',
      ),
      async handler([number], io) {
        const { outputRoot, block, withdrawalStorageRoot, stateRoot, status } = await service.outputAtBlock(number, io)
        return {
          version: ZERO_HASH,
          outputRoot,
          blockRef: l2RefJson(block),
          withdrawalStorageRoot,
          stateRoot,
          syncStatus: syncStatusJson(status),
        }
      },
    }),
    defineMethod({
      name: 'optimism_safeHeadAtL1Block',
      summary: 'Which L2 block was safe with what an L1 block, and those before it, hold',
      params: z.tuple([quantity64]),
      paramNames: ['blockNumber'],
      result: described('l1Block, the newest one up to that number that made a block safe, and safeHead'),
      handler([number]) {
        const { l1, safe } = service.safeHeadAtL1Block(number)
        return { l1Block: blockIdJson(l1), safeHead: blockIdJson(safe) }
      },
    }),
    defineMethod({
      name: 'optimism_rollupConfig',
      summary: 'The configuration of the rollup',
      params: none,
      paramNames: [],
      result: described("op-node's rollup.json"),
      handler: () => rollupConfigToJson(service.config),
    }),
    defineMethod({
      name: 'optimism_dependencySet',
      summary: 'The chains that this one takes messages from',
      params: none,
      paramNames: [],
      result: described("op-node's dependency set; an error where there is none"),
      handler() {
        if (dependencySet !== undefined) return dependencySetToJson(dependencySet)
        throw rpcError('DEPENDENCY_SET_UNKNOWN', 'not found')
      },
    }),
    defineMethod({
      name: 'optimism_version',
      summary: 'The version of this program',
      params: none,
      paramNames: [],
      result: z.string(),
      handler: () => version,
    }),
  ]
}
