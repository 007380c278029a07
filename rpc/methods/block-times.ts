import { z } from 'zod'
import type { Method } from '../method.ts'
import { looseQuantity } from '../schema.ts'
import { withAliases } from './aliases.ts'

/** Moves the times of the blocks to come. Seconds; unix times. */
export interface BlockTimeService {
  /** @returns all that was added so far */
  increase(seconds: bigint): bigint
  /** @throws AppError TIME_INVALID where the head is not before it */
  setNext(time: bigint): void
  /** @returns how far the next block's time moved */
  setTime(time: bigint): bigint
  /** Undefined: the chain's own. @returns whether there was another before */
  setInterval(seconds: bigint | undefined): boolean
}

/** `test_increaseTime` and its like, with the names that users of anvil and hardhat know. */
export function blockTimeMethods(times: BlockTimeService): readonly Method[] {
  return [
    ...withAliases(
      {
        name: 'test_increaseTime',
        summary: 'Lets the next block come so many seconds later',
        params: z.tuple([looseQuantity]),
        paramNames: ['seconds'],
        result: z.int().meta({ description: 'seconds added so far' }),
        handler: ([seconds]) => Number(times.increase(seconds)),
      },
      'evm_increaseTime',
      'anvil_increaseTime',
    ),
    ...withAliases(
      {
        name: 'test_setNextBlockTimestamp',
        summary: 'Sets the time of the next block, in unix seconds',
        params: z.tuple([looseQuantity]),
        paramNames: ['timestamp'],
        result: z.null(),
        handler: ([time]) => {
          times.setNext(time)
          return null
        },
      },
      'evm_setNextBlockTimestamp',
      'anvil_setNextBlockTimestamp',
    ),
    ...withAliases(
      {
        name: 'test_setTime',
        summary: 'Sets the time of the next block, in unix seconds',
        params: z.tuple([looseQuantity]),
        paramNames: ['timestamp'],
        result: z.int().meta({ description: 'seconds by which it moved' }),
        handler: ([time]) => Number(times.setTime(time)),
      },
      'evm_setTime',
      'anvil_setTime',
    ),
    ...withAliases(
      {
        name: 'test_setBlockTimestampInterval',
        summary: 'Sets the seconds from each block to the next',
        params: z.tuple([looseQuantity]),
        paramNames: ['seconds'],
        result: z.null(),
        handler: ([seconds]) => {
          times.setInterval(seconds)
          return null
        },
      },
      'anvil_setBlockTimestampInterval',
    ),
    ...withAliases(
      {
        name: 'test_removeBlockTimestampInterval',
        summary: 'Puts the chain’s own block time back',
        params: z.tuple([]),
        paramNames: [],
        result: z.boolean().meta({ description: 'whether there was another' }),
        handler: () => times.setInterval(undefined),
      },
      'anvil_removeBlockTimestampInterval',
    ),
  ]
}
