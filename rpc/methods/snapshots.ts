import { z } from 'zod'
import { toQuantity } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import type { Method } from '../method.ts'
import { looseQuantity, optional } from '../schema.ts'
import { withAliases } from './aliases.ts'

/** Points in a chain's history to go back to. */
export interface SnapshotService {
  /** @returns its number */
  take(): bigint
  /** @returns whether there was such a snapshot */
  revert(id: bigint, io: IoOptions): Promise<boolean>
  /** Goes back to the chain's first block, with nothing waiting. */
  reset(io: IoOptions): Promise<void>
}

/** What anvil's clients send to start anew: a fork from elsewhere is not to be had that way. */
const noFork = z.strictObject({
  forking: optional(z.strictObject({ jsonRpcUrl: z.null().optional(), blockNumber: z.null().optional() })),
})

/** `test_snapshot`, `test_revert` and `test_reset`, with the names that users of anvil and hardhat know. */
export function snapshotMethods(snapshots: SnapshotService): readonly Method[] {
  return [
    ...withAliases(
      {
        name: 'test_snapshot',
        summary: 'Marks the head, its state, the pool and the times to come, to go back to',
        params: z.tuple([]),
        paramNames: [],
        result: z.string().meta({ description: 'number of the snapshot' }),
        handler: () => toQuantity(snapshots.take()),
      },
      'evm_snapshot',
      'anvil_snapshot',
    ),
    ...withAliases(
      {
        name: 'test_revert',
        summary: 'Goes back to a snapshot, which is used up with it',
        params: z.tuple([looseQuantity]),
        paramNames: ['snapshot'],
        result: z.boolean().meta({ description: 'whether there was one' }),
        handler: ([id], io) => snapshots.revert(id, io),
      },
      'evm_revert',
      'anvil_revert',
    ),
    ...withAliases(
      {
        name: 'test_reset',
        summary: 'Goes back to the first block, with an empty pool',
        params: z.tuple([optional(noFork)]),
        paramNames: ['options'],
        result: z.null(),
        async handler(_params, io) {
          await snapshots.reset(io)
          return null
        },
      },
      'anvil_reset',
      'hardhat_reset',
    ),
  ]
}
