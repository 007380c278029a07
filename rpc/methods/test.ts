import { z } from 'zod'
import type { BlockBuilderService, CommonOpenOptions, L1OpenOptions } from '../../src/builder/service.ts'
import { encodeInclusion, encodeJob, encodePartial, encodeSealed, type Json } from '../encode.ts'
import { defineMethod, described, type Method } from '../method.ts'
import { address, compact, data, hash, optional } from '../schema.ts'
import { l1OpenOptions, l2OpenOptions } from './open-options.ts'
import { sealOptions } from './seal-options.ts'

const jobId = z.string().min(1).max(100)
const done = z.boolean().meta({ description: 'always true' })

const jsonObject = (description: string): z.ZodRecord<z.ZodString, z.ZodUnknown> =>
  z.record(z.string(), z.unknown()).meta({ description })

const txResult = jsonObject('TxResult: eth_getTransactionReceipt without blockHash, and revertData when it reverted')
const partial = jsonObject('Partial: jobId, state, header, transactions, receipts, gasLeft, stateRoot')
const sealed = jsonObject('Sealed: hash, number, block, receipts, payload, committed, published')

const count = z.int().nonnegative()
const forkchoice = z
  .strictObject({ head: optional(hash), safe: optional(hash), finalized: optional(hash) })
  .transform((update) => compact(update))
const autoOptions = z.strictObject({
  interval: optional(z.number().positive().max(86_400_000).meta({ description: 'milliseconds between blocks' })),
})

function methodsOf<Options extends CommonOpenOptions>(
  service: BlockBuilderService<Options>,
  openOptions: z.ZodType<Options>,
  layer: 'l1' | 'l2',
): readonly Method[] {
  return [
    defineMethod({
      name: 'test_open',
      summary: 'Opens a job: a block in the making on a chosen parent',
      params: z.tuple([optional(openOptions)]),
      paramNames: ['options'],
      result: z.string().meta({ description: 'job id' }),
      handler: ([options], io) => service.open(options ?? openOptions.parse({}), io),
    }),
    defineMethod({
      name: 'test_includeBest',
      summary: 'Includes the best pooled transaction',
      params: z.tuple([jobId]),
      paramNames: ['jobId'],
      result: txResult.nullable(),
      handler: async ([job], io): Promise<Json | null> => {
        const included = await service.includeBest(job, io)
        return included === undefined ? null : encodeInclusion(included)
      },
    }),
    defineMethod({
      name: 'test_includeFirst',
      summary: 'Includes the next pooled transaction of one sender',
      params: z.tuple([jobId, address]),
      paramNames: ['jobId', 'sender'],
      result: txResult.nullable(),
      handler: async ([job, sender], io): Promise<Json | null> => {
        const included = await service.includeFirst(job, sender, io)
        return included === undefined ? null : encodeInclusion(included)
      },
    }),
    defineMethod({
      name: 'test_includeByHash',
      summary: 'Includes a pooled transaction by its hash',
      params: z.tuple([jobId, hash]),
      paramNames: ['jobId', 'hash'],
      result: txResult,
      handler: async ([job, wanted], io) => encodeInclusion(await service.includeByHash(job, wanted, io)),
    }),
    defineMethod({
      name: 'test_includeRaw',
      summary: 'Includes an encoded transaction',
      params: z.tuple([jobId, data]),
      paramNames: ['jobId', 'transaction'],
      result: txResult,
      handler: async ([job, raw], io) => encodeInclusion(await service.includeRaw(job, raw, io)),
      prepare: (items, io) =>
        service.prepare(
          items.map(([job, raw]) => ({ jobId: job, raw })),
          io,
        ),
    }),
    defineMethod({
      name: 'test_undo',
      summary: 'Takes back the last transactions of a job',
      params: z.tuple([jobId, optional(count)]),
      paramNames: ['jobId', 'count'],
      result: z.int().meta({ description: 'transactions left in the job' }),
      handler: ([job, number], io) => service.undo(job, number ?? 1, io),
    }),
    defineMethod({
      name: 'test_inspect',
      summary: 'Shows a job as it stands',
      params: z.tuple([jobId]),
      paramNames: ['jobId'],
      result: partial,
      handler: async ([job], io) => encodePartial(await service.inspect(job, io)),
    }),
    defineMethod({
      name: 'test_seal',
      summary: 'Seals a job into a block, and commits and publishes it unless told otherwise',
      params: z.tuple([jobId, optional(sealOptions)]),
      paramNames: ['jobId', 'options'],
      result: sealed,
      handler: async ([job, options], io) =>
        encodeSealed(await service.seal(job, options ?? { commit: true, publish: true }, io), layer === 'l2'),
    }),
    defineMethod({
      name: 'test_cancel',
      summary: 'Cancels a job',
      params: z.tuple([jobId]),
      paramNames: ['jobId'],
      result: done,
      handler: async ([job], io) => {
        await service.cancel(job, io)
        return true
      },
    }),
    defineMethod({
      name: 'test_commit',
      summary: 'Commits a block that was sealed without it',
      params: z.tuple([hash]),
      paramNames: ['hash'],
      result: done,
      handler: async ([block], io) => {
        await service.commit(block, io)
        return true
      },
    }),
    defineMethod({
      name: 'test_publish',
      summary: 'Publishes a block that was sealed without it',
      params: z.tuple([hash]),
      paramNames: ['hash'],
      result: done,
      handler: async ([block], io) => {
        await service.publish(block, io)
        return true
      },
    }),
    defineMethod({
      name: 'test_jobs',
      summary: 'Lists the jobs of this chain',
      params: z.tuple([]),
      paramNames: [],
      result: described('[{jobId, state, number, parentHash, transactions}]'),
      handler: () => service.jobs().map(encodeJob),
    }),
    defineMethod({
      name: 'test_auto',
      summary: 'Switches automatic sequencing on or off',
      params: z.tuple([z.boolean(), optional(autoOptions)]),
      paramNames: ['active', 'options'],
      result: z.boolean().meta({ description: 'whether it was on before' }),
      handler: ([active, options], io) => {
        const interval = options?.interval
        return service.auto(active, interval === undefined ? undefined : { intervalMs: interval }, io)
      },
    }),
    defineMethod({
      name: 'test_setForkchoice',
      summary: 'Moves head, safe or finalized, where this service owns the forkchoice',
      params: z.tuple([forkchoice]),
      paramNames: ['update'],
      result: described('head, safe and finalized as they are now'),
      handler: ([update], io) => service.setForkchoice(update, io),
    }),
  ]
}

/** The `test_*` methods of an L2 chain. */
export function testMethods(service: BlockBuilderService): readonly Method[] {
  return methodsOf(service, l2OpenOptions, 'l2')
}

/** The `test_*` methods of an L1 chain: the same but for what `test_open` takes. */
export function l1TestMethods(service: BlockBuilderService<L1OpenOptions>): readonly Method[] {
  return methodsOf(service, l1OpenOptions, 'l1')
}
