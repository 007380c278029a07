import { z } from 'zod'
import type { AutoBatchOptions } from '../../src/batcher/auto-batcher.ts'
import type { SendRequest } from '../../src/batcher/batcher.ts'
import type { ByteEdit } from '../../src/batcher/byte-edit.ts'
import type { DataPlan } from '../../src/batcher/inbox-data.ts'
import type { BatcherAccount } from '../../src/batcher/inbox-transaction.ts'
import { bytesToHex } from '../../src/primitives/hex.ts'
import { privateKeyToAddress } from '../../src/primitives/secp256k1.ts'
import type { Frame } from '../../src/protocol/frame.ts'
import { address, compact, data, gate, looseQuantity, optional } from '../schema.ts'
import {
  batchType,
  byteEdit,
  channelFields,
  channelIdentifier,
  channelRequest,
  checkChannel,
  compression,
  frameNumber,
  index,
  size,
} from './batch-channel-options.ts'

/** How long `wait: true` waits, in milliseconds. */
const DEFAULT_WAIT_MS = 60_000
const MAX_WAIT_MS = 600_000

const da = z.enum(['calldata', 'blobs'])

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

type SendFields = Partial<z.output<z.ZodObject<typeof sendFields>>>

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

type DataFields = z.output<z.ZodObject<typeof dataFields>>

const dataPlan = ({ framesPerItem, version, edits }: DataFields): DataPlan => compact({ framesPerItem, version, edits })

const frame = z
  .strictObject({ channelId: channelIdentifier, number: frameNumber, data, isLast: z.boolean() })
  .transform(({ channelId, ...rest }): Frame => ({ channel: channelId, ...rest }))

const frames = z.array(frame).min(1).meta({ description: '`[{channelId, number, data, isLast}]`' })

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
