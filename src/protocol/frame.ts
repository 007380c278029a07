import { AppError } from '../primitives/errors.ts'
import { bytesToHex, type Hex, hexToBytes, joinBytes } from '../primitives/hex.ts'

/** Codes of batcher data. */
export type FrameErrorCode = 'FRAME_INVALID'

/** A piece of a channel, as it stands on L1. @see OP specs: derivation, "Frame Format" */
export interface Frame {
  /** Of its channel, 16 bytes. */
  readonly channel: Hex
  /** Its place in the channel, u16. */
  readonly number: number
  /** At most {@link MAX_FRAME_DATA} bytes. */
  readonly data: Uint8Array
  /** Whether the channel ends with it. */
  readonly isLast: boolean
}

/** Bytes of data that a frame may have. */
export const MAX_FRAME_DATA = 1_000_000
/** What a frame counts beyond its data where the sizes of channels are limited. */
const FRAME_OVERHEAD = 200

const DERIVATION_VERSION = 0
const ID_SIZE = 16
const HEAD_SIZE = ID_SIZE + 2 + 4

function invalid(message: string): never {
  throw new AppError<FrameErrorCode>('FRAME_INVALID', { message: `invalid frames: ${message}` })
}

/** What a frame counts against the limits of channels, in bytes. */
export function frameSize(frame: Frame): number {
  return frame.data.length + FRAME_OVERHEAD
}

/**
 * The frames of one batcher transaction or blob. One that is malformed spoils all.
 * @returns at least one; data is copied, so that a small frame does not keep a large transaction in memory
 * @throws AppError FRAME_INVALID
 */
export function decodeFrames(data: Uint8Array): Frame[] {
  if (data.length === 0) invalid('no data')
  if (data[0] !== DERIVATION_VERSION) invalid(`derivation version ${data[0]}`)
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const frames: Frame[] = []
  for (let at = 1; at < data.length; ) {
    if (at + HEAD_SIZE > data.length) invalid(`frame ${frames.length} ends in its head`)
    const number = view.getUint16(at + ID_SIZE)
    const length = view.getUint32(at + ID_SIZE + 2)
    if (length > MAX_FRAME_DATA) invalid(`frame ${frames.length} has ${length} bytes of data`)
    const start = at + HEAD_SIZE
    const last = data[start + length]
    if (last === undefined) invalid(`frame ${frames.length} ends in its data`)
    if (last > 1) invalid(`frame ${frames.length} has ${last} for is_last`)
    const channel = bytesToHex(data.subarray(at, at + ID_SIZE))
    frames.push({ channel, number, data: data.slice(start, start + length), isLast: last === 1 })
    at = start + length + 1
  }
  if (frames.length === 0) invalid('no frame')
  return frames
}

/** What a batcher transaction or a blob holds for some frames. */
export function encodeFrames(frames: readonly Frame[]): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(DERIVATION_VERSION)]
  for (const { channel, number, data, isLast } of frames) {
    const head = new Uint8Array(HEAD_SIZE)
    const view = new DataView(head.buffer)
    head.set(hexToBytes(channel))
    view.setUint16(ID_SIZE, number)
    view.setUint32(ID_SIZE + 2, data.length)
    parts.push(head, data, Uint8Array.of(isLast ? 1 : 0))
  }
  return joinBytes(parts)
}
