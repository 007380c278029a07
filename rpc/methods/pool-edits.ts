import { z } from 'zod'
import type { Address, Hash } from '../../src/primitives/hex.ts'
import type { Method } from '../method.ts'
import { address, hash } from '../schema.ts'
import { withAliases } from './aliases.ts'

/** A pool that transactions can be taken out of. */
export interface PoolEditService {
  /** What follows on the transaction waits behind the gap. @returns whether it was there */
  remove(hash: Hash): boolean
  /** @returns the hashes of what was there */
  removeOf(sender: Address): readonly Hash[]
  removeAll(): void
}

/** `test_dropTransaction` and its like, with the names that users of anvil and hardhat know. */
export function poolEditMethods(pool: PoolEditService): readonly Method[] {
  return [
    ...withAliases(
      {
        name: 'test_dropTransaction',
        summary: 'Takes a transaction out of the pool; those that follow on it wait behind the gap',
        params: z.tuple([hash]),
        paramNames: ['hash'],
        result: z.string().nullable().meta({ description: 'the hash; null when it did not wait' }),
        handler: ([value]) => (pool.remove(value) ? value : null),
      },
      'anvil_dropTransaction',
      'hardhat_dropTransaction',
    ),
    ...withAliases(
      {
        name: 'test_dropTransactionsOf',
        summary: 'Takes everything that one account sent out of the pool',
        params: z.tuple([address]),
        paramNames: ['address'],
        result: z.array(z.string()).meta({ description: 'hashes' }),
        handler: ([sender]) => [...pool.removeOf(sender)],
      },
      'anvil_removePoolTransactions',
    ),
    ...withAliases(
      {
        name: 'test_dropAllTransactions',
        summary: 'Empties the pool',
        params: z.tuple([]),
        paramNames: [],
        result: z.null(),
        handler() {
          pool.removeAll()
          return null
        },
      },
      'anvil_dropAllTransactions',
    ),
  ]
}
