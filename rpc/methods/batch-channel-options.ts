import { z } from 'zod'
import type { BlocksContent, ChannelRequest } from '../../src/batcher/batcher.ts'
import type { BlockOverride } from '../../src/batcher/block-batches.ts'
import type { ByteEdit } from '../../src/batcher/byte-edit.ts'
import type { FrameEdit, FramePlan } from '../../src/batcher/cut-channel.ts'
import { bytesToHex } from '../../src/primitives/hex.ts'
import { MAX_COMPRESSION_LEVEL } from '../../src/protocol/channel-data.ts'
import { compact, data, dataOf, hash, looseQuantity, optional } from '../schema.ts'

const U16 = 0xffff

/** Of a channel, 16 bytes. */
export const channelIdentifier = dataOf(16).transform(bytesToHex)
/** Counted from 0. */
export const index = z.int().nonnegative()
/** Of a frame, u16. */
export const frameNumber = index.max(U16)
/** How many, at least one. */
export const size = z.int().positive()
/** Which kind of batches. */
export const batchType = z.enum(['singular', 'span'])
/** How a channel is compressed. */
export const compression = z.enum(['zlib', 'brotli'])

/** A change of bytes, as fields of whatever has them. */
export const byteEdit = {
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

type BlocksFields = z.output<z.ZodObject<typeof blocksFields>> & Pick<BlocksContent, 'blocks'>

function blocksContent({ blocks: choice, type, spanBlocks, overrides }: BlocksFields): BlocksContent {
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
              channelId: optional(channelIdentifier),
              number: optional(frameNumber),
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

/** What is said of a channel. */
export const channelFields = {
  blocks: optional(blocks.meta({ description: '`{from, to}`, or a list of numbers in any order' })),
  ...blocksFields,
  batches: optional(
    z
      .array(z.union([data, z.strictObject({ blocks, ...blocksFields }).transform(blocksContent)]))
      .meta({ description: 'in place of the four above: encoded batches, and objects of these four' }),
  ),
  channelData: optional(data.meta({ description: 'in place of all above: the bytes of the channel' })),
  channelId: optional(channelIdentifier.meta({ description: '16 bytes; random when left out' })),
  compression: optional(compression.meta({ description: '"zlib" or "brotli"; "brotli" from Fjord when left out' })),
  level: optional(
    index
      .max(MAX_COMPRESSION_LEVEL.brotli)
      .meta({ description: 'of the compression that is given: zlib to 9, brotli to 11' }),
  ),
  edit: optional(edit.meta({ description: 'of the bytes of the channel: `{flip?, keep?, append?}`' })),
  frames: optional(framePlan),
}

type ChannelFields = z.output<z.ZodObject<typeof channelFields>>

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

/** A channel of what was said of it. */
export function channelRequest(fields: ChannelFields): ChannelRequest {
  const { channelId, compression: used, level, edit: change, frames } = fields
  const { blocks: chosen, batches = [], channelData } = fields
  const content = channelData ?? (chosen === undefined ? batches : [blocksContent({ ...fields, blocks: chosen })])
  return { content, ...compact({ id: channelId, compression: used, level, edit: change, frames }) }
}

/** Refuses what contradicts itself. */
export function checkChannel(fields: ChannelFields, context: z.RefinementCtx): void {
  const fault = channelFault(fields)
  if (fault !== undefined) context.addIssue(fault)
}

/** The options of `batch_channel`. */
export const channelOptions = z.strictObject(channelFields).superRefine(checkChannel).transform(channelRequest)
