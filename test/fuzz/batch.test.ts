import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createDispatcher } from '../../rpc/dispatch.ts'
import { methodTable } from '../../rpc/method.ts'
import { batchMethods } from '../../rpc/methods/batch.ts'
import { AutoBatcher } from '../../src/batcher/auto-batcher.ts'
import { Batcher } from '../../src/batcher/batcher.ts'
import { InboxWriter } from '../../src/batcher/inbox-writer.ts'
import { Outbox } from '../../src/batcher/outbox.ts'
import { type Hash, hexToBytes } from '../../src/primitives/hex.ts'
import { encodeSigned } from '../../src/protocol/transaction-encoding.ts'
import type { Logger } from '../../src/telemetry/logger.ts'
import { BatcherL1 } from '../support/batcher-l1.ts'
import { DerivationWorld } from '../support/derivation-world.ts'
import { VirtualClock } from '../support/virtual-clock.ts'
import { FUZZ_TIMEOUT, fuzzing } from './fuzz.ts'

const INTERNAL = -32603

/** What went wrong without being anybody's error: the log has it. */
const faults: unknown[] = []
const logger = {
  error: (fields: unknown) => faults.push(fields),
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  trace: () => undefined,
} as unknown as Logger

const world = new DerivationWorld({ fork: 'jovian' })
for (let nonce = 0n; nonce < 6n; nonce++) {
  const fields = { type: 0, chainId: 901n, nonce, gasLimit: 21_000n, to: undefined, value: 1n, gasPrice: 1n } as const
  world.sequence([encodeSigned({ ...fields, data: new Uint8Array(9) }, { yParity: 1, r: 5n, s: 6n })], false)
}

function service(l1: BatcherL1): Batcher {
  const { config } = world
  const never = () => Promise.reject(new TypeError('no blobs here'))
  const clock = new VirtualClock(0)
  const writer = new InboxWriter({
    ...{ config, l1Chain: { chainId: 900n, blockForks: {}, timeForks: {}, blobSchedule: {} }, sender: l1 },
    ...{ outbox: new Outbox(l1, 900n), prover: { commitment: never, proof: never, cellProofs: never }, clock },
    account: { address: `0x${'ba'.repeat(20)}`, key: `0x${'0a'.repeat(32)}` },
  })
  const chain = {
    heads: never,
    block: async (number: bigint) => (number < 7n ? world.sequenced[Number(number)] : undefined),
  }
  const auto = new AutoBatcher({
    ...{ config, chain, sender: l1, writer, da: 'calldata', clock, pollMs: 100 },
    onFailure: () => undefined,
  })
  return new Batcher({ config, chain, writer, auto, da: 'calldata' })
}

const small = fc.integer({ min: -2, max: 12 })
const count = fc.oneof(
  { weight: 6, arbitrary: small },
  fc.constantFrom(0, 1, 65_535, 65_536, 2 ** 31, 2 ** 53, 0.5, '0x1'),
)
const quantity = fc.oneof(
  { weight: 6, arbitrary: small },
  fc.bigInt({ min: 0n, max: 1n << 257n }).map((n) => `0x${n.toString(16)}`),
)
const bytes = fc.uint8Array({ maxLength: 40 }).map((value) => `0x${Buffer.from(value).toString('hex')}`)
const hash = fc.constantFrom(`0x${'11'.repeat(32)}`, `0x${'00'.repeat(32)}`, '0x11')
const id = fc.constantFrom(`0x${'aa'.repeat(16)}`, `0x${'aa'.repeat(15)}`)
const some = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(value, { maxLength: 4 })
const maybe = (fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> =>
  fc.record(fields, { requiredKeys: [] })

const edit = { flip: some(maybe({ at: count, mask: count })), keep: count, append: bytes }
const blocks = fc.oneof(some(quantity), fc.record({ from: quantity, to: small }))
const blocksFields = {
  blocks,
  type: fc.constantFrom('singular', 'span', 'other'),
  spanBlocks: count,
  overrides: some(
    fc.record(
      {
        ...{ block: small, parentHash: hash, epochNumber: quantity, epochHash: hash, timestamp: quantity },
        ...{ transactions: some(bytes), advancesOrigin: fc.boolean() },
      },
      { requiredKeys: ['block'] },
    ),
  ),
}
const channelFields = {
  ...blocksFields,
  batches: some(fc.oneof(bytes, maybe(blocksFields))),
  channelData: bytes,
  channelId: id,
  compression: fc.constantFrom('zlib', 'brotli', 'none'),
  level: count,
  edit: maybe(edit),
  frames: maybe({
    ...{ maxBytes: count, cuts: some(count), order: some(count) },
    edits: some(maybe({ ...edit, frame: count, channelId: id, number: count, isLast: fc.boolean() })),
  }),
}
const dataFields = { framesPerItem: count, version: count, edits: some(maybe({ ...edit, item: count })) }
const sendFields = {
  ...{ da: fc.constantFrom('calldata', 'calldata', 'ether'), blobsPerTransaction: count, to: hash, key: hash },
  ...{ nonce: quantity, maxFeePerGas: quantity, maxPriorityFeePerGas: quantity },
}
const frame = fc.record({ channelId: id, number: count, data: bytes, isLast: fc.boolean() })

/** Few of the fields at once: with all, nothing would pass the schema. */
function few(fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> {
  return fc
    .subarray(Object.keys(fields), { maxLength: 4 })
    .chain((keys) => fc.record(Object.fromEntries(keys.map((key) => [key, fields[key] as fc.Arbitrary<unknown>]))))
}

const withBlocks = (fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> =>
  fc.oneof(
    { weight: 3, arbitrary: few(fields).map((options) => ({ blocks: [1, 2, 3], ...options })) },
    { weight: 1, arbitrary: few(fields) },
  )

const call = fc.oneof(
  fc.tuple(fc.constant('batch_channel'), fc.tuple(withBlocks(channelFields))),
  fc.tuple(
    fc.constant('batch_encode'),
    fc.tuple(
      fc
        .tuple(some(frame), few({ ...dataFields, da: fc.constantFrom('calldata', 'blobs') }))
        .map(([frames, rest]) => ({ frames, ...rest })),
    ),
  ),
  fc.tuple(fc.constant('batch_submitBlocks'), fc.tuple(withBlocks({ ...channelFields, ...dataFields, ...sendFields }))),
  fc.tuple(fc.constant('batch_sendRaw'), fc.tuple(some(bytes), few(sendFields))),
)

it('batches what it is told to, or says why not, and breaks at nothing', { timeout: FUZZ_TIMEOUT }, async () => {
  let made = 0
  await fc.assert(
    fc.asyncProperty(call, async ([method, params]) => {
      const l1 = new BatcherL1()
      const methods = methodTable(batchMethods(service(l1)))
      const dispatcher = createDispatcher({ methods, limits: { batchItems: 1, responseBytes: 50_000_000 }, logger })
      const text = await dispatcher.handle(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }), {})
      const { result, error } = JSON.parse(text as string) as {
        result?: { frames?: { data: Hash }[]; size?: number }
        error?: { code: number }
      }
      expect(error?.code).not.toBe(INTERNAL)
      expect(faults).toEqual([])
      if (error === undefined) made++
      if (
        method === 'batch_channel' &&
        error === undefined &&
        (params[0] as { frames?: object }).frames === undefined
      ) {
        const bytesOf = (result?.frames ?? []).map(({ data }) => hexToBytes(data).length)
        expect(bytesOf.reduce((sum, length) => sum + length, 0)).toBe(result?.size)
      }
    }),
    fuzzing(400),
  )
  expect(made).toBeGreaterThan(0)
})
