import { randomBytes } from 'node:crypto'
import { bytesToHex, type Hex } from '../primitives/hex.ts'
import { type ChannelCompression, encodeChannel } from '../protocol/channel-data.ts'
import type { Frame } from '../protocol/frame.ts'
import { type ByteEdit, edited } from './byte-edit.ts'
import { cutChannel, type FramePlan } from './cut-channel.ts'

/** How batches become a channel, and the channel frames. */
export interface ChannelPlan {
  /** 16 bytes; random when left out. */
  readonly id?: Hex
  readonly compression: ChannelCompression
  readonly level?: number
  /** Of the channel's bytes, after compression. */
  readonly edit?: ByteEdit
  readonly frames?: FramePlan
}

/** A channel, cut into frames. Nothing of it is on L1. */
export interface Channel {
  readonly id: Hex
  /** What it holds, with their types; as far as it was made of batches. */
  readonly batches: readonly Uint8Array[]
  /** Compressed. */
  readonly data: Uint8Array
  readonly frames: readonly Frame[]
}

/**
 * A channel of batches.
 * @param content batches with their types, or the bytes of the channel themselves
 * @throws AppError BATCH_INPUT_INVALID
 * @see OP specs: derivation, "Channel Format"
 */
export function makeChannel(content: readonly Uint8Array[] | Uint8Array, plan: ChannelPlan): Channel {
  const { id = bytesToHex(randomBytes(16)), compression, level, edit, frames = {} } = plan
  const whole = content instanceof Uint8Array
  const data = edited(whole ? content : encodeChannel(content, compression, level), edit)
  return { id, batches: whole ? [] : content, data, frames: cutChannel(id, data, frames) }
}
