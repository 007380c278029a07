import { z } from 'zod'
import type { AutoBatcherStatus, AutoBatchOptions } from '../../src/batcher/auto-batcher.ts'
import type { ChannelRequest, InboxContent, SendRequest, SentTransaction } from '../../src/batcher/batcher.ts'
import type { Channel } from '../../src/batcher/channel.ts'
import type { DataAvailability, InboxData, InboxPlan } from '../../src/batcher/inbox-data.ts'
import { type Address, bytesToHex, toQuantity } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import type { Frame } from '../../src/protocol/frame.ts'
import type { Json } from '../encode.ts'
import { defineMethod, described, type Method } from '../method.ts'
import { optional } from '../schema.ts'
import { channelOptions } from './batch-channel-options.ts'
import {
  autoBatchOptions,
  encodeOptions,
  rawData,
  sendRawOptions,
  submitBlocksOptions,
  submitOptions,
} from './batch-options.ts'

/** What puts a chain's blocks on L1. */
export interface BatchService {
  readonly address: Address
  readonly da: DataAvailability
  readonly auto: {
    readonly status: AutoBatcherStatus
    set(active: boolean, options?: AutoBatchOptions): Promise<boolean>
  }
  /** @throws AppError BATCH_BLOCK_UNKNOWN, BATCH_INPUT_INVALID, BATCH_INVALID */
  channel(request: ChannelRequest, io: IoOptions): Promise<Channel>
  /** @throws AppError BATCH_INPUT_INVALID, BLOB_DATA_INVALID */
  encode(content: InboxContent, inbox: Partial<InboxPlan>): readonly InboxData[]
  /** @throws AppError BATCH_INPUT_INVALID, BLOB_DATA_INVALID, BATCH_REFUSED, BATCH_NOT_INCLUDED */
  send(content: InboxContent, request: SendRequest, io: IoOptions): Promise<readonly SentTransaction[]>
}

function frameJson({ channel, number, data, isLast }: Frame): Json {
  return { channelId: channel, number, data: bytesToHex(data), isLast }
}

function channelJson({ id, batches, data, frames }: Channel): Json {
  return {
    channelId: id,
    size: data.length,
    batches: batches.map(bytesToHex),
    frames: frames.map(frameJson),
  }
}

function inboxJson(inbox: InboxData): Json {
  if (inbox.da === 'calldata') return { da: inbox.da, data: bytesToHex(inbox.data) }
  return { da: inbox.da, blobs: inbox.blobs.map(bytesToHex) }
}

function sentJson({ hash, nonce, blobVersionedHashes, block }: SentTransaction): Json {
  return {
    hash,
    nonce: toQuantity(nonce),
    ...(blobVersionedHashes.length > 0 && { blobVersionedHashes: [...blobVersionedHashes] }),
    ...(block !== undefined && { block: { hash: block.hash, number: toQuantity(block.number) } }),
  }
}

function statusJson({ address, da, auto }: BatchService): Json {
  const { active, options, channels, failure } = auto.status
  const { intervalMs: interval, ...others } = options
  return {
    address,
    da,
    auto: active,
    options: { ...(interval !== undefined && { interval }), ...others },
    channels: channels.map(({ id, first, last, transactions }) => ({
      channelId: id,
      from: toQuantity(first),
      to: toQuantity(last.number),
      transactions: transactions.map(({ hash }) => hash),
    })),
    ...(failure !== undefined && { failure }),
  }
}

const sentResult = described('`[{hash, nonce, blobVersionedHashes?, block?}]`: `block` where it was waited for')

/** `batch_*` of an L2 chain with a batcher. */
export function batchMethods(service: BatchService): readonly Method[] {
  return [
    defineMethod({
      name: 'batch_channel',
      summary: 'Makes a channel of blocks and cuts it into frames; sends nothing',
      params: z.tuple([channelOptions]),
      paramNames: ['options'],
      result: described('`{channelId, size, batches, frames: [{channelId, number, data, isLast}]}`'),
      handler: async ([request], io) => channelJson(await service.channel(request, io)),
    }),
    defineMethod({
      name: 'batch_encode',
      summary: 'Shows what L1 transactions would hold for frames; sends nothing',
      params: z.tuple([encodeOptions]),
      paramNames: ['options'],
      result: described('for each transaction `{da, data}` or `{da, blobs}`'),
      handler: ([{ content, inbox }]) => service.encode(content, inbox).map(inboxJson),
    }),
    defineMethod({
      name: 'batch_submit',
      summary: 'Sends frames to L1, in the order given',
      params: z.tuple([submitOptions]),
      paramNames: ['options'],
      result: sentResult,
      handler: async ([{ content, request }], io) => (await service.send(content, request, io)).map(sentJson),
    }),
    defineMethod({
      name: 'batch_submitBlocks',
      summary: 'Makes a channel of blocks and sends it to L1',
      params: z.tuple([submitBlocksOptions]),
      paramNames: ['options'],
      result: described('as `batch_channel`, and `transactions` as `batch_submit`'),
      handler: async ([{ channel: wanted, plan, request }], io): Promise<Json> => {
        const channel = await service.channel(wanted, io)
        const sent = await service.send({ frames: channel.frames, plan }, request, io)
        return { ...channelJson(channel), transactions: sent.map(sentJson) }
      },
    }),
    defineMethod({
      name: 'batch_sendRaw',
      summary: 'Sends any bytes to the inbox: each piece is the data of a transaction, or of a blob',
      params: z.tuple([rawData, optional(sendRawOptions)]),
      paramNames: ['data', 'options'],
      result: sentResult,
      handler: async ([data, request], io) =>
        (await service.send({ data }, request ?? { inbox: {}, sending: {} }, io)).map(sentJson),
    }),
    defineMethod({
      name: 'batch_auto',
      summary: 'Has unsafe blocks batched by themselves, or no longer',
      params: z.tuple([z.boolean(), optional(autoBatchOptions)]),
      paramNames: ['active', 'options'],
      result: z.boolean().meta({ description: 'whether it was on before' }),
      handler: ([active, options]) => service.auto.set(active, options),
    }),
    defineMethod({
      name: 'batch_status',
      summary: 'Shows whose key the batcher has, and which channels of its own making are not safe yet',
      params: z.tuple([]),
      paramNames: [],
      result: described('`{address, da, auto, options, channels: [{channelId, from, to, transactions}], failure?}`'),
      handler: () => statusJson(service),
    }),
  ]
}
