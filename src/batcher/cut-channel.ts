import type { Hex } from '../primitives/hex.ts'
import { type Frame, MAX_FRAME_DATA } from '../protocol/frame.ts'
import { type ByteEdit, edited } from './byte-edit.ts'
import { refuseInput } from './input-error.ts'

/** What becomes of one frame. */
export interface FrameEdit {
  /** Its place in the order in which frames are given, from 0. */
  readonly frame: number
  readonly channel?: Hex
  readonly number?: number
  readonly isLast?: boolean
  /** Of its data. */
  readonly edit?: ByteEdit
}

/** How a channel is cut into frames. */
export interface FramePlan {
  /** Bytes of data that a frame has at most; 119 976 when left out. */
  readonly maxBytes?: number
  /** Bytes of data of the first frames; what is left goes into one more, or into some of at most `maxBytes`. */
  readonly cuts?: readonly number[]
  /** Which frames are given, by their numbers: to leave some out, to give some twice, to have them in another order. */
  readonly order?: readonly number[]
  readonly edits?: readonly FrameEdit[]
}

/** As op-batcher's transactions have 120 000 bytes: with a version and the frame's head. It fits into a blob, too. */
const DEFAULT_FRAME_DATA = 120_000 - 24

const MAX_FRAMES = 1 << 16

function sizesOf(length: number, { maxBytes, cuts = [] }: FramePlan): number[] {
  const sizes: number[] = []
  let left = length
  for (const cut of cuts) {
    const size = Math.min(cut, left)
    sizes.push(size)
    left -= size
  }
  // A given end of the cuts means one frame more, as large as it may be.
  const most = maxBytes ?? (cuts.length > 0 ? MAX_FRAME_DATA : DEFAULT_FRAME_DATA)
  if (left / most > MAX_FRAMES) refuseInput(`a channel has at most ${MAX_FRAMES} frames`)
  for (; left > 0 || sizes.length === 0; left -= Math.min(most, left)) sizes.push(Math.min(most, left))
  if (sizes.length > MAX_FRAMES) refuseInput(`a channel has at most ${MAX_FRAMES} frames`)
  return sizes
}

function cut(id: Hex, data: Uint8Array, sizes: readonly number[]): Frame[] {
  let at = 0
  return sizes.map((size, number) => {
    const part = data.subarray(at, at + size)
    at += size
    return { channel: id, number, data: part, isLast: number === sizes.length - 1 }
  })
}

function withEdit(frame: Frame, { channel, number, isLast, edit }: FrameEdit): Frame {
  return {
    channel: channel ?? frame.channel,
    number: number ?? frame.number,
    isLast: isLast ?? frame.isLast,
    data: edited(frame.data, edit),
  }
}

/**
 * Cuts a channel into frames, puts these into an order, and changes some.
 * @param id 16 bytes
 * @throws AppError BATCH_INPUT_INVALID: there is no such frame, or there are too many
 */
export function cutChannel(id: Hex, data: Uint8Array, plan: FramePlan): readonly Frame[] {
  const frames = cut(id, data, sizesOf(data.length, plan))
  const given = (plan.order ?? [...frames.keys()]).map(
    (number) => frames[number] ?? refuseInput(`order: there are ${frames.length} frames, and none is ${number}`),
  )
  for (const edit of plan.edits ?? []) {
    const frame = given[edit.frame]
    if (frame === undefined) refuseInput(`edits: ${given.length} frames are given, and none is ${edit.frame}`)
    given[edit.frame] = withEdit(frame, edit)
  }
  return given
}
