import { brotliCompressSync, deflateSync } from 'node:zlib'
import { concatBytes, type Hex, joinBytes } from '../primitives/hex.ts'
import { encodeRlp } from '../primitives/rlp.ts'
import { type Frame, MAX_FRAME_DATA } from './frame.ts'

/** How a channel is compressed; brotli from Fjord on. */
export type ChannelCompression = 'zlib' | 'brotli'

const BROTLI_VERSION = Uint8Array.of(1)

/** A channel of batches. @param batches with their types @see OP specs: derivation, "Channel Format" */
export function encodeChannel(batches: readonly Uint8Array[], compression: ChannelCompression = 'zlib'): Uint8Array {
  const content = joinBytes(batches.map((batch) => encodeRlp(batch)))
  // zlib's own head tells it from brotli.
  return compression === 'zlib'
    ? new Uint8Array(deflateSync(content))
    : concatBytes(BROTLI_VERSION, brotliCompressSync(content))
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
