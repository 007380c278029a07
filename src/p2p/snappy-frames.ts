import { AppError, isAppError } from '../primitives/errors.ts'
import { concatBytes } from '../primitives/hex.ts'
import { packSnappy, unpackSnappy } from '../primitives/snappy.ts'
import { crc32c } from './crc32c.ts'

/** Codes of reading framed streams. */
export type FramesErrorCode = 'FRAMES_INVALID'

/** The chunk that a stream begins with: `sNaPpY`. */
const IDENTIFIER = Uint8Array.of(0xff, 6, 0, 0, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59)
const CHUNK = { packed: 0x00, plain: 0x01, identifier: 0xff, firstSkippable: 0x80 } as const
/** Bytes that one chunk may unpack to. */
const MAX_CHUNK = 65_536
const HEADER_SIZE = 4
const CHECKSUM_SIZE = 4

function invalid(message: string): AppError<FramesErrorCode> {
  return new AppError<FramesErrorCode>('FRAMES_INVALID', { message: `snappy frames: ${message}` })
}

/** The masked checksum that stands before a chunk's bytes. */
function checksum(plain: Uint8Array): number {
  const value = crc32c(plain)
  return (((value >>> 15) | (value << 17)) + 0xa282ead8) >>> 0
}

function chunk(plain: Uint8Array): Uint8Array {
  const packed = packSnappy(plain)
  // As golang/snappy: what hardly shrinks is sent as it is.
  const shrinks = packed.length < plain.length - Math.floor(plain.length / 8)
  const body = shrinks ? packed : plain
  const out = new Uint8Array(HEADER_SIZE + CHECKSUM_SIZE + body.length)
  const view = new DataView(out.buffer)
  view.setUint32(0, ((body.length + CHECKSUM_SIZE) << 8) | (shrinks ? CHUNK.packed : CHUNK.plain), true)
  view.setUint32(HEADER_SIZE, checksum(plain), true)
  out.set(body, HEADER_SIZE + CHECKSUM_SIZE)
  return out
}

/** Packs in snappy's framing format. @see https://github.com/google/snappy/blob/main/framing_format.txt */
export function packFrames(plain: Uint8Array): Uint8Array {
  const chunks: Uint8Array[] = [IDENTIFIER]
  for (let at = 0; at < plain.length; at += MAX_CHUNK) chunks.push(chunk(plain.subarray(at, at + MAX_CHUNK)))
  return concatBytes(...chunks)
}

function unpackChunk(type: number, body: Uint8Array): Uint8Array {
  if (body.length < CHECKSUM_SIZE) throw invalid('corrupt input')
  const stated = new DataView(body.buffer, body.byteOffset, CHECKSUM_SIZE).getUint32(0, true)
  const rest = body.subarray(CHECKSUM_SIZE)
  if (type === CHUNK.plain && rest.length > MAX_CHUNK) throw invalid('corrupt input')
  const plain = type === CHUNK.plain ? rest : unpackSnappy(rest, MAX_CHUNK)
  if (checksum(plain) !== stated) throw invalid('corrupt input')
  return plain
}

/**
 * Unpacks a stream in snappy's framing format, chunk by chunk: what it holds is never more than `max` and one chunk.
 * @param max bytes that it may unpack to
 * @throws AppError FRAMES_INVALID
 */
export function unpackFrames(stream: Uint8Array, max: number): Uint8Array {
  const chunks: Uint8Array[] = []
  let size = 0
  const view = new DataView(stream.buffer, stream.byteOffset, stream.length)
  for (let at = 0; at < stream.length; ) {
    if (at + HEADER_SIZE > stream.length) throw invalid('corrupt input')
    const header = view.getUint32(at, true)
    const [type, length] = [header & 0xff, header >>> 8]
    const body = stream.subarray(at + HEADER_SIZE, at + HEADER_SIZE + length)
    if (body.length !== length) throw invalid('corrupt input')
    if (at === 0 && type !== CHUNK.identifier) throw invalid('corrupt input')
    at += HEADER_SIZE + length
    if (type === CHUNK.packed || type === CHUNK.plain) {
      const plain = unpacked(type, body)
      size += plain.length
      if (size > max) throw invalid(`unpacks to more than ${max} bytes`)
      chunks.push(plain)
    } else if (type === CHUNK.identifier) {
      if (Buffer.compare(stream.subarray(at - HEADER_SIZE - length, at), IDENTIFIER) !== 0)
        throw invalid('corrupt input')
    } else if (type < CHUNK.firstSkippable) throw invalid(`unsupported chunk ${type}`)
  }
  return concatBytes(...chunks)
}

function unpacked(type: number, body: Uint8Array): Uint8Array {
  try {
    return unpackChunk(type, body)
  } catch (error) {
    if (isAppError(error, 'SNAPPY_INVALID')) throw invalid(error.message)
    throw error
  }
}
