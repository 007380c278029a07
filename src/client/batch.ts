import { type Address, type Hash, type Hex, toQuantity } from '../primitives/hex.ts'

/** A number of a block, say. */
type Quantity = bigint | number

/** A change of bytes: flipped, then cut off, then made longer. */
export interface ByteEdit {
  /** Bits to turn around; all of the byte where `mask` is left out. A negative `at` counts from the end. */
  readonly flip?: readonly { readonly at: number; readonly mask?: number | undefined }[] | undefined
  /** Bytes to keep of the front, or, where negative, to leave out at the end. */
  readonly keep?: number | undefined
  readonly append?: Hex | undefined
}

/** What a batch says of a block in place of what the block says. A span has most of it of its first or last block only. */
export interface BlockOverride {
  readonly block: Quantity
  readonly parentHash?: Hash | undefined
  readonly epochNumber?: Quantity | undefined
  readonly epochHash?: Hash | undefined
  readonly timestamp?: Quantity | undefined
  readonly transactions?: readonly Hex[] | undefined
  /** Whether a span calls its first block the first of an L1 origin. */
  readonly advancesOrigin?: boolean | undefined
}

/** Blocks and the batches of them. What is left out is as the chain's upgrades allow. */
export interface BatchedBlocks {
  /** A list may have any, in any order. */
  readonly blocks: { readonly from: Quantity; readonly to: Quantity } | readonly Quantity[]
  readonly type?: 'singular' | 'span' | undefined
  /** Most blocks of a span; all of them when left out. */
  readonly spanBlocks?: number | undefined
  readonly overrides?: readonly BlockOverride[] | undefined
}

/** A piece of a channel. */
export interface BatchFrame {
  /** 16 bytes. */
  readonly channelId: Hex
  readonly number: number
  readonly data: Hex
  readonly isLast: boolean
}

/** How a channel is cut into frames. */
export interface FrameOptions {
  /** Bytes of data of a frame. */
  readonly maxBytes?: number | undefined
  /** Bytes of data of the first frames. */
  readonly cuts?: readonly number[] | undefined
  /** Which frames are given, and in which order. */
  readonly order?: readonly number[] | undefined
  /** By their place in what is given. */
  readonly edits?:
    | readonly (ByteEdit & {
        readonly frame: number
        readonly channelId?: Hex | undefined
        readonly number?: number | undefined
        readonly isLast?: boolean | undefined
      })[]
    | undefined
}

/** A channel: `blocks`, or a list of `batches`, or the bytes of the channel. */
export interface ChannelOptions extends Partial<BatchedBlocks> {
  readonly batches?: readonly (BatchedBlocks | Hex)[] | undefined
  readonly channelData?: Hex | undefined
  /** 16 bytes. */
  readonly channelId?: Hex | undefined
  readonly compression?: 'zlib' | 'brotli' | undefined
  readonly level?: number | undefined
  /** Of the compressed bytes. */
  readonly edit?: ByteEdit | undefined
  readonly frames?: FrameOptions | undefined
}

/** How frames become what transactions and blobs hold. */
export interface DataOptions {
  readonly framesPerItem?: number | undefined
  /** The first byte. */
  readonly version?: number | undefined
  readonly edits?: readonly (ByteEdit & { readonly item: number })[] | undefined
}

/** Where data goes. */
export interface InboxOptions {
  readonly da?: 'calldata' | 'blobs' | undefined
  readonly blobsPerTransaction?: number | undefined
  /** Each piece of data is a blob already. */
  readonly wholeBlobs?: boolean | undefined
}

/** How data is sent. */
export interface SendBatchOptions extends InboxOptions {
  /** The chain's inbox when left out. */
  readonly to?: Address | undefined
  /** The sender's, in place of the batcher's. */
  readonly key?: Hash | undefined
  readonly nonce?: Quantity | undefined
  readonly maxFeePerGas?: Quantity | undefined
  readonly maxPriorityFeePerGas?: Quantity | undefined
  readonly maxFeePerBlobGas?: Quantity | undefined
  /** Resolve when all is in L1 blocks: after a minute at most, or so many milliseconds. */
  readonly wait?: boolean | number | undefined
}

/** A channel that was made. */
export interface BatchChannel {
  readonly channelId: Hex
  /** Bytes. */
  readonly size: number
  /** With their types. */
  readonly batches: readonly Hex[]
  readonly frames: readonly BatchFrame[]
}

/** What a transaction would hold. */
export type EncodedInbox =
  | { readonly da: 'calldata'; readonly data: Hex }
  | { readonly da: 'blobs'; readonly blobs: readonly Hex[] }

/** A transaction that was sent to L1. */
export interface BatchTransaction {
  readonly hash: Hash
  readonly nonce: number
  readonly blobVersionedHashes?: readonly Hash[]
  /** Where it is, if that was waited for. */
  readonly block?: { readonly hash: Hash; readonly number: bigint }
}

/** How blocks are batched by themselves. */
export interface AutoBatchOptions {
  /** Milliseconds between two looks; with each L1 block when left out. */
  readonly interval?: number | undefined
  readonly da?: 'calldata' | 'blobs' | undefined
  readonly type?: 'singular' | 'span' | undefined
  readonly compression?: 'zlib' | 'brotli' | undefined
  readonly maxFrameBytes?: number | undefined
  readonly maxBlocks?: number | undefined
}

/** What a batcher is about. */
export interface BatcherStatus {
  readonly address: Address
  readonly da: 'calldata' | 'blobs'
  readonly auto: boolean
  readonly options: AutoBatchOptions
  /** Of its own making, and not safe yet. */
  readonly channels: readonly {
    readonly channelId: Hex
    readonly from: bigint
    readonly to: bigint
    readonly transactions: readonly Hash[]
  }[]
  /** Why the last turn failed, if it did. */
  readonly failure?: string
}

/** The batcher of an L2 chain. */
export interface BatchActions {
  /** Makes a channel and cuts it. Nothing is sent. */
  channel(options: ChannelOptions): Promise<BatchChannel>
  /** What L1 transactions would hold for frames. Nothing is sent. */
  encode(
    options: DataOptions & InboxOptions & { readonly frames: readonly BatchFrame[] },
  ): Promise<readonly EncodedInbox[]>
  /** Sends frames, in the order given. */
  submit(
    options: DataOptions & SendBatchOptions & { readonly frames: readonly BatchFrame[] },
  ): Promise<readonly BatchTransaction[]>
  /** Makes a channel of blocks and sends it. */
  submitBlocks(
    options: ChannelOptions & DataOptions & SendBatchOptions,
  ): Promise<BatchChannel & { readonly transactions: readonly BatchTransaction[] }>
  /** Sends any bytes: each piece is the data of a transaction, or of a blob. */
  sendRaw(data: readonly Hex[], options?: SendBatchOptions): Promise<readonly BatchTransaction[]>
  /** Has unsafe blocks batched by themselves, or no longer. @returns whether they were before */
  auto(active: boolean, options?: AutoBatchOptions): Promise<boolean>
  status(): Promise<BatcherStatus>
}

type Call = <T>(method: string, ...params: readonly unknown[]) => Promise<T>

interface TransactionJson extends Omit<BatchTransaction, 'nonce' | 'block'> {
  readonly nonce: Hex
  readonly block?: { readonly hash: Hash; readonly number: Hex }
}

interface StatusJson extends Omit<BatcherStatus, 'channels'> {
  readonly channels: readonly (Omit<BatcherStatus['channels'][number], 'from' | 'to'> & {
    readonly from: Hex
    readonly to: Hex
  })[]
}

/** Numbers that JSON has are taken as they are. */
function encoded(value: unknown): unknown {
  if (typeof value === 'bigint') return toQuantity(value)
  if (Array.isArray(value)) return value.map(encoded)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, encoded(field)]))
}

function sent(transactions: readonly TransactionJson[]): BatchTransaction[] {
  return transactions.map(({ nonce, block, ...rest }) => ({
    ...rest,
    nonce: Number(nonce),
    ...(block !== undefined && { block: { hash: block.hash, number: BigInt(block.number) } }),
  }))
}

/**
 * {@link BatchActions} over calls.
 * @param once calls a method that changes something
 * @param look calls one that does not
 */
export function batchActions(once: Call, look: Call = once): BatchActions {
  return {
    channel: (options) => look('batch_channel', encoded(options)),
    encode: (options) => look('batch_encode', encoded(options)),
    submit: async (options) => sent(await once<TransactionJson[]>('batch_submit', encoded(options))),
    async submitBlocks(options) {
      type Answer = BatchChannel & { readonly transactions: readonly TransactionJson[] }
      const { transactions, ...channel } = await once<Answer>('batch_submitBlocks', encoded(options))
      return { ...channel, transactions: sent(transactions) }
    },
    sendRaw: async (data, options = {}) => sent(await once<TransactionJson[]>('batch_sendRaw', data, encoded(options))),
    auto: (active, options = {}) => once('batch_auto', active, options),
    async status() {
      const { channels, ...rest } = await look<StatusJson>('batch_status')
      const numbered = channels.map(({ from, to, ...channel }) => ({ ...channel, from: BigInt(from), to: BigInt(to) }))
      return { ...rest, channels: numbered }
    },
  }
}
