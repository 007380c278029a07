import { z } from 'zod'
import type { AutoBatchOptions } from '../../src/batcher/auto-batcher.ts'
import type { BlocksContent, ChannelRequest, SendRequest } from '../../src/batcher/batcher.ts'
import type { BlockOverride } from '../../src/batcher/block-batches.ts'
import type { ByteEdit } from '../../src/batcher/byte-edit.ts'
import type { FrameEdit, FramePlan } from '../../src/batcher/cut-channel.ts'
import type { DataPlan } from '../../src/batcher/inbox-data.ts'
import type { BatcherAccount } from '../../src/batcher/inbox-transaction.ts'
import { bytesToHex } from '../../src/primitives/hex.ts'
import { privateKeyToAddress } from '../../src/primitives/secp256k1.ts'
import { MAX_COMPRESSION_LEVEL } from '../../src/protocol/channel-data.ts'
import type { Frame } from '../../src/protocol/frame.ts'
import { address, compact, data, dataOf, gate, hash, looseQuantity, optional } from '../schema.ts'

/** How long `wait: true` waits, in milliseconds. */
const DEFAULT_WAIT_MS = 60_000
const MAX_WAIT_MS = 600_000
const U16 = 0xffff

const id = dataOf(16).transform(bytesToHex)
const index = z.int().nonnegative()
const size = z.int().positive()
const batchType = z.enum(['singular', 'span'])
const compression = z.enum(['zlib', 'brotli'])
const da = z.enum(['calldata', 'blobs'])

const byteEdit = {
  flip: optional(
    z
      .array(z.strictObject({ at: z.int(), mask: optional(z.int().min(1).max(255)) }))
      .transform((places) => places.map(({ at, mask }) => ({ at, mask: mask ?? 0xff })))
      .meta({ description: 'bytes to turn around: `{at, mask?}`; a negative `at` counts from the end' }),
  ),
  keep: optional(
    z.int().meta({ description: 'bytes to keep of the front, or, where negative, to leave out at the end' }),
  ),
  append: optional(data),
}

const edit = z.strictObject(byteEdit).transform((fields): ByteEdit => compact(fields))

const override = z
  .strictObject({
    block: looseQuantity,
    parentHash: optional(hash),
    epochNumber: optional(looseQuantity),
    epochHash: optional(hash),
    timestamp: optional(looseQuantity),
    transactions: optional(z.array(data)),
    advancesOrigin: optional(z.boolean()),
  })
  .transform(({ block, ...fields }): readonly [bigint, BlockOverride] => [block, compact(fields)])

const blocks = z.union([z.strictObject({ from: looseQuantity, to: looseQuantity }), z.array(looseQuantity)])

const blocksFields = {
  type: optional(batchType.meta({ description: '"singular" or "span"; "span" from Delta when left out' })),
  spanBlocks: optional(size.meta({ description: 'most blocks of a span; all in one when left out' })),
  overrides: optional(
    z.array(override).meta({
      description:
        'what is said of blocks in place of what they say: `[{block, parentHash?, epochNumber?, epochHash?, timestamp?, transactions?, advancesOrigin?}]`',
    }),
  ),
}

function blocksContent({
  blocks: choice,
  type,
  spanBlocks,
  overrides,
}: {
  readonly blocks: BlocksContent['blocks']
  readonly type?: BlocksContent['type'] | undefined
  readonly spanBlocks?: number | undefined
  readonly overrides?: readonly (readonly [bigint, BlockOverride])[] | undefined
}): BlocksContent {
  return { blocks: choice, ...compact({ type, spanBlocks, overrides: overrides && new Map(overrides) }) }
}

const framePlan = z
  .strictObject({
    maxBytes: optional(size.meta({ description: 'bytes of data of a frame; 119976 when left out' })),
    cuts: optional(z.array(index).meta({ description: 'bytes of data of the first frames' })),
    order: optional(
      z
        .array(index)
        .meta({ description: 'which frames are given, and in which order: some may be missing, some twice' }),
    ),
    edits: optional(
      z
        .array(
          z
            .strictObject({
              frame: index,
              channelId: optional(id),
              number: optional(index.max(U16)),
              isLast: optional(z.boolean()),
              ...byteEdit,
            })
            .transform(({ frame, channelId, number, isLast, ...bytes }): FrameEdit => {
              return { frame, edit: compact(bytes), ...compact({ channel: channelId, number, isLast }) }
            }),
        )
        .meta({
          description:
            'changes of frames, by their place in what is given: `[{frame, channelId?, number?, isLast?, flip?, keep?, append?}]`',
        }),
    ),
  })
  .transform((plan): FramePlan => compact(plan))

const channelFields = {
  blocks: optional(blocks.meta({ description: '`{from, to}`, or a list of numbers in any order' })),
  ...blocksFields,
  batches: optional(
    z
      .array(z.union([data, z.strictObject({ blocks, ...blocksFields }).transform(blocksContent)]))
      .meta({ description: 'in place of the four above: encoded batches, and objects of these four' }),
  ),
  channelData: optional(data.meta({ description: 'in place of all above: the bytes of the channel' })),
  channelId: optional(id.meta({ description: '16 bytes; random when left out' })),
  compression: optional(compression.meta({ description: '"zlib" or "brotli"; "brotli" from Fjord when left out' })),
  level: optional(index.max(MAX_COMPRESSION_LEVEL.brotli)),
  edit: optional(edit.meta({ description: 'of the bytes of the channel: `{flip?, keep?, append?}`' })),
  frames: optional(framePlan),
}

interface ChannelFields {
  readonly blocks?: BlocksContent['blocks'] | undefined
  readonly type?: BlocksContent['type'] | undefined
  readonly spanBlocks?: number | undefined
  readonly overrides?: readonly (readonly [bigint, BlockOverride])[] | undefined
  readonly batches?: readonly (BlocksContent | Uint8Array)[] | undefined
  readonly channelData?: Uint8Array | undefined
  readonly channelId?: ReturnType<typeof bytesToHex> | undefined
  readonly compression?: ChannelRequest['compression'] | undefined
  readonly level?: number | undefined
  readonly edit?: ByteEdit | undefined
  readonly frames?: FramePlan | undefined
}

/** What is wrong with the choice of a channel's content; undefined: nothing. */
function channelFault(fields: ChannelFields): string | undefined {
  const { blocks: chosen, batches, channelData, type, spanBlocks, overrides, compression: used, level } = fields
  const given = [chosen, batches, channelData].filter((each) => each !== undefined)
  if (given.length !== 1) return 'expected one of blocks, batches and channelData'
  if (chosen === undefined && (type ?? spanBlocks ?? overrides) !== undefined) {
    return 'type, spanBlocks and overrides stand beside blocks'
  }
  if (used === 'zlib' && level !== undefined && level > MAX_COMPRESSION_LEVEL.zlib) {
    return `zlib has levels up to ${MAX_COMPRESSION_LEVEL.zlib}`
  }
  if (level !== undefined && used === undefined) return 'a level is one of a compression: say which'
  return undefined
}

function channelRequest(fields: ChannelFields): ChannelRequest {
  const { channelId, compression: used, level, edit: change, frames } = fields
  const { blocks: chosen, batches = [], channelData } = fields
  const content = channelData ?? (chosen === undefined ? batches : [blocksContent({ ...fields, blocks: chosen })])
  return { content, ...compact({ id: channelId, compression: used, level, edit: change, frames }) }
}

/** Says what is wrong with a channel, as zod wants it. */
function checkChannel(fields: ChannelFields, context: z.RefinementCtx): void {
  const fault = channelFault(fields)
  if (fault !== undefined) context.addIssue(fault)
}

const key = gate('a 32-byte 0x private key', '^0x[0-9a-fA-F]{64}$', (value): BatcherAccount | undefined => {
  if (!/^0x[0-9a-fA-F]{64}$/.test(value)) return undefined
  try {
    const bytes = Buffer.from(value.slice(2), 'hex')
    return { address: privateKeyToAddress(bytes), key: bytesToHex(bytes) }
  } catch {
    return undefined
  }
})

const inboxFields = {
  da: optional(da.meta({ description: '"calldata" or "blobs"; as configured when left out' })),
  blobsPerTransaction: optional(size.meta({ description: 'most blobs of a transaction; 6 when left out' })),
  wholeBlobs: optional(z.boolean().meta({ description: 'whether each piece of data is a blob already: 131072 bytes' })),
}

const sendFields = {
  ...inboxFields,
  to: optional(address.meta({ description: 'a 20-byte 0x address; the batch inbox when left out' })),
  key: optional(key.meta({ description: "the sender's private key; the batcher's when left out" })),
  nonce: optional(looseQuantity),
  maxFeePerGas: optional(looseQuantity),
  maxPriorityFeePerGas: optional(looseQuantity),
  maxFeePerBlobGas: optional(looseQuantity),
  wait: optional(
    z
      .union([z.boolean(), z.int().positive().max(MAX_WAIT_MS)])
      .meta({ description: 'until all is in L1 blocks: true for a minute at most, or milliseconds' }),
  ),
}

interface SendFields {
  readonly da?: SendRequest['inbox']['da'] | undefined
  readonly blobsPerTransaction?: number | undefined
  readonly wholeBlobs?: boolean | undefined
  readonly to?: SendRequest['sending']['to'] | undefined
  readonly key?: BatcherAccount | undefined
  readonly nonce?: bigint | undefined
  readonly maxFeePerGas?: bigint | undefined
  readonly maxPriorityFeePerGas?: bigint | undefined
  readonly maxFeePerBlobGas?: bigint | undefined
  readonly wait?: boolean | number | undefined
}

function sendRequest(fields: SendFields): SendRequest {
  const { maxFeePerGas, maxPriorityFeePerGas, maxFeePerBlobGas, wait } = fields
  const { da: place, blobsPerTransaction, wholeBlobs, to, key: account, nonce } = fields
  const waitMs = wait === true ? DEFAULT_WAIT_MS : wait === false ? undefined : wait
  return {
    inbox: compact({ da: place, blobsPerTransaction, wholeBlobs }),
    sending: {
      ...compact({ to, account, nonce }),
      fees: compact({ maxFeePerGas, maxPriorityFeePerGas, maxFeePerBlobGas }),
    },
    ...compact({ waitMs }),
  }
}

const dataFields = {
  framesPerItem: optional(size.meta({ description: 'frames in one transaction or blob; 1 when left out' })),
  version: optional(index.max(255).meta({ description: 'the first byte; 0 when left out' })),
  edits: optional(
    z
      .array(
        z
          .strictObject({ item: index, ...byteEdit })
          .transform(({ item, ...bytes }): ByteEdit & { readonly item: number } => ({ item, ...compact(bytes) })),
      )
      .meta({ description: 'changes of what a transaction or blob holds: `[{item, flip?, keep?, append?}]`' }),
  ),
}

interface DataFields {
  readonly framesPerItem?: number | undefined
  readonly version?: number | undefined
  readonly edits?: readonly (ByteEdit & { readonly item: number })[] | undefined
}

const dataPlan = ({ framesPerItem, version, edits }: DataFields): DataPlan => compact({ framesPerItem, version, edits })

const frame = z
  .strictObject({ channelId: id, number: index.max(U16), data, isLast: z.boolean() })
  .transform(({ channelId, ...rest }): Frame => ({ channel: channelId, ...rest }))

const frames = z.array(frame).min(1).meta({ description: '`[{channelId, number, data, isLast}]`' })

/** The options of `batch_channel`. */
export const channelOptions = z.strictObject(channelFields).superRefine(checkChannel).transform(channelRequest)

/** The options of `batch_encode`. */
export const encodeOptions = z.strictObject({ frames, ...dataFields, ...inboxFields }).transform((fields) => ({
  content: { frames: fields.frames, plan: dataPlan(fields) },
  inbox: sendRequest(fields).inbox,
}))

/** The options of `batch_submit`. */
export const submitOptions = z.strictObject({ frames, ...dataFields, ...sendFields }).transform((fields) => ({
  content: { frames: fields.frames, plan: dataPlan(fields) },
  request: sendRequest(fields),
}))

/** The options of `batch_submitBlocks`: those of a channel and of sending it. */
export const submitBlocksOptions = z
  .strictObject({ ...channelFields, ...dataFields, ...sendFields })
  .superRefine(checkChannel)
  .transform((fields) => ({
    channel: channelRequest(fields),
    plan: dataPlan(fields),
    request: sendRequest(fields),
  }))

/** The options of `batch_sendRaw`. */
export const sendRawOptions = z.strictObject(sendFields).transform(sendRequest)

/** Data of transactions or blobs. */
export const rawData = z.array(data).min(1)

/** The options of `batch_auto`. */
export const autoBatchOptions = z
  .strictObject({
    interval: optional(
      z
        .int()
        .positive()
        .max(86_400_000)
        .meta({ description: 'milliseconds between two looks; each L1 block when left out' }),
    ),
    da: optional(da),
    type: optional(batchType),
    compression: optional(compression),
    maxFrameBytes: optional(size),
    maxBlocks: optional(size),
  })
  .transform(({ interval: intervalMs, ...options }): AutoBatchOptions => compact({ intervalMs, ...options }))
