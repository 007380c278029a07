import { z } from 'zod'
import type { Address } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import { defineMethod, type Method } from '../method.ts'
import { address, looseQuantity, optional } from '../schema.ts'
import { withAliases } from './aliases.ts'

/** Makes blocks without jobs. */
export interface MiningService {
  /**
   * Builds blocks with what the pool has, each on the one before.
   * @param interval seconds between them; undefined: the chain's own
   */
  mine(count: bigint, interval: bigint | undefined, io: IoOptions): Promise<void>
  /** One block at a time, in unix seconds. @throws AppError TIME_INVALID */
  mineAt(timestamp: bigint, io: IoOptions): Promise<void>
  automine: boolean
  /** Seconds between blocks that come by themselves; 0 where none do. */
  interval: number
}

/** What blocks to come are like, whoever builds them. */
export interface PreferenceService {
  /** Who gets their fees. */
  setFeeRecipient(address: Address): void
  /** Gas that they may use; on L1 they move there step by step. */
  setGasLimit(gasLimit: bigint): void
}

/** More at once would keep everybody else waiting for minutes. */
const MAX_BLOCKS = 100_000n

const blocks = looseQuantity.refine((count) => count <= MAX_BLOCKS, `expected at most ${MAX_BLOCKS} blocks`)
const seconds = z.number().nonnegative().max(86_400).meta({ description: 'seconds; 0 for none' })

const mineOptions = z.union([
  looseQuantity.transform((timestamp) => ({ timestamp, blocks: 1n })),
  z.strictObject({ timestamp: optional(looseQuantity), blocks: optional(blocks) }),
])

/** `test_mine` and its like, with the names that users of anvil and hardhat know. */
export function miningMethods(mining: MiningService, preferences: PreferenceService): readonly Method[] {
  return [
    ...withAliases(
      {
        name: 'test_mine',
        summary: 'Builds blocks with what the pool has',
        params: z.tuple([optional(blocks), optional(looseQuantity)]),
        paramNames: ['blocks', 'interval'],
        result: z.null(),
        async handler([count, interval], io) {
          await mining.mine(count ?? 1n, interval === 0n ? undefined : interval, io)
          return null
        },
      },
      'anvil_mine',
      'hardhat_mine',
    ),
    defineMethod({
      name: 'evm_mine',
      summary: 'Builds a block with what the pool has, or some',
      params: z.tuple([optional(mineOptions)]),
      paramNames: ['options'],
      result: z.string().meta({ description: 'always 0x0' }),
      async handler([options], io) {
        const { timestamp, blocks: count = 1n } = options ?? {}
        if (timestamp === undefined) await mining.mine(count, undefined, io)
        else {
          await mining.mineAt(timestamp, io)
          await mining.mine(count - 1n, undefined, io)
        }
        return '0x0'
      },
    }),
    ...withAliases(
      {
        name: 'test_setAutomine',
        summary: 'Gives each transaction a block at once, or no longer',
        params: z.tuple([z.boolean()]),
        paramNames: ['active'],
        result: z.null(),
        handler: ([active]) => {
          mining.automine = active
          return null
        },
      },
      'evm_setAutomine',
      'anvil_setAutomine',
    ),
    ...withAliases(
      {
        name: 'test_getAutomine',
        summary: 'Whether each transaction gets a block at once',
        params: z.tuple([]),
        paramNames: [],
        result: z.boolean(),
        handler: () => mining.automine,
      },
      'anvil_getAutomine',
      'hardhat_getAutomine',
    ),
    ...withAliases(
      {
        name: 'test_setIntervalMining',
        summary: 'Lets blocks come by themselves, so many seconds apart; 0 for none',
        params: z.tuple([seconds]),
        paramNames: ['seconds'],
        result: z.null(),
        handler: ([interval]) => {
          mining.interval = interval
          return null
        },
      },
      'evm_setIntervalMining',
      'anvil_setIntervalMining',
    ),
    ...withAliases(
      {
        name: 'test_getIntervalMining',
        summary: 'Seconds between blocks that come by themselves',
        params: z.tuple([]),
        paramNames: [],
        result: z.number().nullable().meta({ description: 'null where none do' }),
        handler: () => (mining.interval === 0 ? null : mining.interval),
      },
      'anvil_getIntervalMining',
    ),
    ...withAliases(
      {
        name: 'test_setCoinbase',
        summary: 'Sets who gets the fees of the blocks to come',
        params: z.tuple([address]),
        paramNames: ['address'],
        result: z.null(),
        handler: ([recipient]) => {
          preferences.setFeeRecipient(recipient)
          return null
        },
      },
      'anvil_setCoinbase',
      'hardhat_setCoinbase',
    ),
    ...withAliases(
      {
        name: 'test_setBlockGasLimit',
        summary: 'Sets the gas limit of the blocks to come; on L1 they move there step by step',
        params: z.tuple([looseQuantity]),
        paramNames: ['gasLimit'],
        result: z.boolean().meta({ description: 'always true' }),
        handler: ([gasLimit]) => {
          preferences.setGasLimit(gasLimit)
          return true
        },
      },
      'evm_setBlockGasLimit',
      'anvil_setBlockGasLimit',
    ),
  ]
}
