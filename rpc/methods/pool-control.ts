import { z } from 'zod'
import { type Hash, type Hex, isData, toQuantity } from '../../src/primitives/hex.ts'
import type { PoolTarget } from '../../txpool/holds.ts'
import { defineMethod, type Method } from '../method.ts'
import { address, gate, hash, looseQuantity, optional } from '../schema.ts'

/** A pool that a test has in its hands. */
export interface PoolControlService {
  /** Keeps transactions from blocks, also those that come later. @returns the hold's number */
  hold(target: PoolTarget): bigint
  /** Ends one hold, all on a target, or all. @returns their numbers, when what is free now had its chance to be mined */
  release(which: bigint | PoolTarget | 'all'): Promise<readonly bigint[]>
  listHolds(): readonly { readonly id: bigint; readonly target: PoolTarget; readonly transactions: readonly Hash[] }[]
  /** Takes transactions out of the pool. @returns their hashes */
  drop(which: PoolTarget | 'all'): readonly Hash[]
  /** Forces an order on those that pay the same, also on those that come later; none brings back that of arrival. */
  order(hashes: readonly Hash[]): void
  /** @returns the snapshot's number */
  snapshot(): bigint
  /** @returns whether there is such a snapshot */
  restore(id: bigint): boolean
}

const selector = gate('a 4-byte 0x function selector', '^0x[0-9a-fA-F]{8}$', (value): Hex | undefined =>
  isData(value, 4) ? (value.toLowerCase() as Hex) : undefined,
)

const target = z
  .union([
    z.strictObject({ hash }).transform((given): PoolTarget => ({ tag: 'hash', ...given })),
    z.strictObject({ sender: address }).transform((given): PoolTarget => ({ tag: 'sender', ...given })),
    z
      .strictObject({ selector, to: optional(address) })
      .transform((given): PoolTarget => ({ tag: 'selector', selector: given.selector, to: given.to })),
  ])
  .meta({ description: '{hash}, {sender}, or {selector, to?}' })

const oneByHash = hash.transform((value): PoolTarget => ({ tag: 'hash', hash: value }))

function targetJson(given: PoolTarget): Record<string, unknown> {
  const { tag: _, ...fields } = given
  return fields
}

/** `test_pool*` of one chain. */
export function poolControlMethods(pool: PoolControlService): readonly Method[] {
  return [
    defineMethod({
      name: 'test_poolHold',
      summary:
        'Keeps pooled transactions, and what follows on them, from blocks until they are released or asked for by hash',
      params: z.tuple([target]),
      paramNames: ['target'],
      result: z.string().meta({ description: 'number of the hold' }),
      handler: ([given]) => toQuantity(pool.hold(given)),
    }),
    defineMethod({
      name: 'test_poolRelease',
      summary: 'Ends a hold, all holds on a target, or, without a parameter, all holds',
      params: z.tuple([optional(z.union([looseQuantity, target]))]),
      paramNames: ['hold'],
      result: z.array(z.string()).meta({ description: 'numbers of the holds that ended' }),
      handler: async ([which]) => (await pool.release(which ?? 'all')).map(toQuantity),
    }),
    defineMethod({
      name: 'test_poolHolds',
      summary: 'Lists the holds, and what waits because of each',
      params: z.tuple([]),
      paramNames: [],
      result: z.array(z.unknown()).meta({ description: '[{holdId, hash | sender | selector and to, transactions}]' }),
      handler: () =>
        pool.listHolds().map(({ id, target: given, transactions }) => ({
          holdId: toQuantity(id),
          ...targetJson(given),
          transactions,
        })),
    }),
    defineMethod({
      name: 'test_poolDrop',
      summary: 'Takes transactions out of the pool; those that follow on them wait behind the gap',
      params: z.tuple([z.union([z.literal('all'), oneByHash, target])]),
      paramNames: ['target'],
      result: z.array(z.string()).meta({ description: 'hashes' }),
      handler: ([which]) => [...pool.drop(which)],
    }),
    defineMethod({
      name: 'test_poolOrder',
      summary:
        'Lets these go first, in this order, among transactions that pay the same; an empty list brings back the order of arrival',
      params: z.tuple([z.array(hash)]),
      paramNames: ['hashes'],
      result: z.null(),
      handler([hashes]) {
        pool.order(hashes)
        return null
      },
    }),
    defineMethod({
      name: 'test_poolSnapshot',
      summary: 'Marks what waits in the pool and what is held, to go back to; the chain is not marked',
      params: z.tuple([]),
      paramNames: [],
      result: z.string().meta({ description: 'number of the snapshot' }),
      handler: () => toQuantity(pool.snapshot()),
    }),
    defineMethod({
      name: 'test_poolRestore',
      summary: 'Lets wait what waited at a snapshot, as far as the chain still lets it, and nothing else',
      params: z.tuple([looseQuantity]),
      paramNames: ['snapshot'],
      result: z.boolean().meta({ description: 'whether there is such a snapshot' }),
      handler: ([id]) => pool.restore(id),
    }),
  ]
}
