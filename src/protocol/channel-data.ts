import { brotliCompressSync, constants, deflateSync } from 'node:zlib'
import { concatBytes, type Hex, joinBytes } from '../primitives/hex.ts'
import { encodeRlp } from '../primitives/rlp.ts'
import { type Frame, MAX_FRAME_DATA } from './frame.ts'

/** How a channel is compressed; brotli from Fjord on. */
export type ChannelCompression = 'zlib' | 'brotli'

const BROTLI_VERSION = Uint8Array.of(1)

/** How hard each may try: 0 to this. */
export const MAX_COMPRESSION_LEVEL: Readonly<Record<ChannelCompression, number>> = { zlib: 9, brotli: 11 }

/**
 * A channel of batches.
 * @param batches with their types
 * @param level at most {@link MAX_COMPRESSION_LEVEL}; left out: zlib's 6, brotli's 11
 * @see OP specs: derivation, "Channel Format"
 */
export function encodeChannel(
  batches: readonly Uint8Array[],
  compression: ChannelCompression = 'zlib',
  level?: number,
): Uint8Array {
  const content = joinBytes(batches.map((batch) => encodeRlp(batch)))
  // zlib's own head tells it from brotli.
  if (compression === 'zlib') return new Uint8Array(deflateSync(content, level === undefined ? {} : { level }))
  const params = level === undefined ? {} : { [constants.BROTLI_PARAM_QUALITY]: level }
  return concatBytes(BROTLI_VERSION, brotliCompressSync(content, { params }))
}

/** Cuts a channel into frames. @param id 16 bytes @param size bytes of data in each but the last */
export function cutFrames(id: Hex, data: Uint8Array, size: number = MAX_FRAME_DATA): Frame[] {
  const count = Math.max(1, Math.ceil(data.length / size))
  return Array.from({ length: count }, (_, number) => ({
    channel: id,
    number,
    data: data.subarray(number * size, (number + 1) * size),
    isLast: number === count - 1,
  }))
}
