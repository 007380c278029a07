import { constants, deflateRawSync } from 'node:zlib'
import { privateKeyToAccount } from 'viem/accounts'
import { concatBytes, type Hex, hexToBytes, joinBytes } from '../../../src/primitives/hex.ts'
import { encodeRlp } from '../../../src/primitives/rlp.ts'
import type { SingularBatch } from '../../../src/protocol/batch.ts'
import { encodeUvarint } from '../../../src/protocol/byte-reader.ts'
import { type ChannelCompression, cutFrames, encodeChannel } from '../../../src/protocol/channel-data.ts'
import { encodeFrames, type Frame } from '../../../src/protocol/frame.ts'
import type { L2BlockRef } from '../../../src/protocol/refs.ts'
import { type ChannelIds, type SequencedBlock, type SpanChanges, singularBatch, spanBatch } from './batch-data.ts'
import { otherUser, user } from './dev-accounts.ts'
import type { L1Item } from './l1-writer.ts'
import { L2_CHAIN_ID } from './l2-genesis.ts'
import type { SequencedL1 } from './sequenced-l1.ts'
import { userTransaction } from './user-transactions.ts'

/** It never has any funds. */
const POOR = privateKeyToAccount(`0x${'0b'.repeat(32)}`)
const FAR_NONCE = 1_000_000
const ZLIB_HEAD = Uint8Array.of(0x78, 0x9c)
/** Channel timeout in L1 blocks from Granite on. */
const GRANITE_CHANNEL_TIMEOUT = 50

/** Batcher transactions, good and bad, for blocks that a sequencer made. */
export class HostileKit {
  readonly stack: SequencedL1
  /** Of the first block. */
  readonly parent: L2BlockRef
  /** Not on L1 yet. */
  readonly blocks: readonly SequencedBlock[]
  /** In L1 blocks. */
  readonly channelTimeout: number
  readonly #ids: ChannelIds

  constructor(stack: SequencedL1, parent: L2BlockRef, blocks: readonly SequencedBlock[], ids: ChannelIds) {
    this.stack = stack
    this.parent = parent
    const { forks, channelTimeout } = stack.config
    this.channelTimeout = forks.isActive('granite', parent.timestamp) ? GRANITE_CHANNEL_TIMEOUT : Number(channelTimeout)
    this.blocks = blocks
    this.#ids = ids
  }

  block(index: number): SequencedBlock {
    const block = this.blocks[index]
    if (block === undefined) throw new TypeError(`there are only ${this.blocks.length} blocks`)
    return block
  }

  /** The batch of one block. @param changes fields that are to be others */
  singular(index: number, changes: Partial<SingularBatch> = {}): Uint8Array {
    return singularBatch(this.block(index), changes)
  }

  /** The batches of blocks in a row, the last included. */
  singulars(from: number, to: number): Uint8Array[] {
    return Array.from({ length: to - from + 1 }, (_, index) => this.singular(from + index))
  }

  /** One batch for blocks in a row, the last included. */
  span(from: number, to: number, changes: SpanChanges = {}): Uint8Array {
    const parent = from === 0 ? this.parent : this.block(from - 1).ref
    return spanBatch(this.stack.config, parent, this.blocks.slice(from, to + 1), changes)
  }

  /** A span batch that claims to have as many blocks. */
  countedSpan(count: bigint): Uint8Array {
    const { l2Time } = this.stack.config.genesis
    const { timestamp, l1Origin, parentHash } = this.block(0).ref
    const check = (hash: Hex): Uint8Array => hexToBytes(hash).subarray(0, 20)
    return concatBytes(
      ...[Uint8Array.of(1), encodeUvarint(timestamp - l2Time), encodeUvarint(l1Origin.number)],
      ...[check(parentHash), check(l1Origin.hash), encodeUvarint(count), new Uint8Array(30)],
    )
  }

  /** Cuts a channel into as many frames. */
  cut(channel: Uint8Array, count: number): Frame[] {
    return cutFrames(this.#ids.next(), channel, Math.ceil(channel.length / count))
  }

  /** The frames of a channel of batches. */
  frames(batches: readonly Uint8Array[], count: number): Frame[] {
    return this.cut(encodeChannel(batches), count)
  }

  /** A channel in one transaction. */
  whole(batches: readonly Uint8Array[], compression: ChannelCompression = 'zlib'): L1Item {
    return this.raw(encodeChannel(batches, compression))
  }

  /** A channel of these bytes, in one transaction. */
  raw(channel: Uint8Array): L1Item {
    return { data: this.bytes(channel) }
  }

  /** What a batcher transaction holds for a channel of these bytes. */
  bytes(channel: Uint8Array): Uint8Array {
    return encodeFrames(cutFrames(this.#ids.next(), channel))
  }

  /** A channel of blocks' batches in two pieces: the first ends behind some of the batches. */
  halves(first: number, count: number): [Uint8Array, Uint8Array] {
    const content = (from: number, to: number): Uint8Array =>
      joinBytes(this.singulars(from, to - 1).map((batch) => encodeRlp(batch)))
    // A full flush ends with a byte, and nothing behind it refers to what was before.
    const head = deflateRawSync(content(0, first), { finishFlush: constants.Z_FULL_FLUSH })
    return [concatBytes(ZLIB_HEAD, head), new Uint8Array(deflateRawSync(content(first, count)))]
  }

  /** A transaction that nobody can include: its nonce is far ahead. */
  async badNonce(): Promise<Uint8Array> {
    return hexToBytes(await userTransaction(FAR_NONCE, false))
  }

  /** One of EIP-7702, which cannot be included either. */
  async setCode(): Promise<Uint8Array> {
    return hexToBytes(await userTransaction(FAR_NONCE + 4, true))
  }

  /** One that its sender cannot pay. */
  async poor(): Promise<Uint8Array> {
    const fees = { maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 10n ** 9n }
    const common = { chainId: L2_CHAIN_ID, nonce: 0, gas: 50_000n, to: user.address, value: 1n }
    return hexToBytes(await POOR.signTransaction({ ...common, ...fees }))
  }

  /** One that stands in no block of the sequencer, and can be included in any of them. */
  async extra(): Promise<Uint8Array> {
    const nonce = await this.stack.sequencer.el.rpc.call<string>('eth_getTransactionCount', [
      otherUser.address,
      'latest',
    ])
    const fees = { maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 10n ** 9n }
    const common = { chainId: L2_CHAIN_ID, nonce: Number(nonce), gas: 50_000n, to: user.address, value: 1n }
    return hexToBytes(await otherUser.account.signTransaction({ ...common, ...fees }))
  }

  /** Transactions of a block with one more. */
  with(index: number, transaction: Uint8Array): Uint8Array[] {
    return [...this.block(index).transactions, transaction]
  }
}
