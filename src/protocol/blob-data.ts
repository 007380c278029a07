import { AppError } from '../primitives/errors.ts'
import { BLOB_SIZE } from './blob-sidecar.ts'

/** Codes of blobs as carriers of data. */
export type BlobDataErrorCode = 'BLOB_DATA_INVALID'

const ENCODING_VERSION = 0
/** Four field elements carry 127 bytes: 4 times 31, and 3 more in their spare bits. */
const ROUNDS = BLOB_SIZE / 128
const ROUND_DATA = 127
/** Bytes of version and length at the head of the first field element. */
const HEAD = 4
/** Bytes of data that a blob holds. */
export const MAX_BLOB_DATA: number = ROUNDS * ROUND_DATA - HEAD

function invalid(message: string): never {
  throw new AppError<BlobDataErrorCode>('BLOB_DATA_INVALID', { message: `invalid blob data: ${message}` })
}

/**
 * The data in a blob. The top two bits of the very first byte are not looked at: op-node does not, either.
 * @param blob 131 072 bytes
 * @throws AppError BLOB_DATA_INVALID
 * @see OP specs: Ecotone derivation, "Blob Encoding"
 */
export function decodeBlobData(blob: Uint8Array): Uint8Array {
  if (blob.length !== BLOB_SIZE) invalid(`${blob.length} bytes`)
  const byte = (at: number): number => blob[at] as number
  if (byte(1) !== ENCODING_VERSION) invalid(`encoding version ${byte(1)}`)
  const length = (byte(2) << 16) | (byte(3) << 8) | byte(4)
  if (length > MAX_BLOB_DATA) invalid(`length ${length}`)
  // Everything is read as if the first field element were full; what it has in front is cut off at the end.
  const out = new Uint8Array(ROUNDS * ROUND_DATA)
  const end = HEAD + length
  let round = 0
  do {
    const from = round * 128
    const to = round * ROUND_DATA
    const heads = [0, 32, 64, 96].map((offset) => byte(from + offset))
    heads.forEach((head, index) => {
      if ((head & 0xc0) !== 0 && (round > 0 || index > 0)) invalid(`field element ${(from + index * 32) / 32}`)
      out.set(blob.subarray(from + index * 32 + 1, from + index * 32 + 32), to + index * 32)
    })
    const [a, b, c, d] = heads as [number, number, number, number]
    out[to + 31] = (a & 0x3f) | ((b & 0x30) << 2)
    out[to + 63] = (b & 0x0f) | ((d & 0x0f) << 4)
    out[to + 95] = (c & 0x3f) | ((d & 0x30) << 2)
    round++
  } while (round < ROUNDS && round * ROUND_DATA < end)
  for (let at = end; at < round * ROUND_DATA; at++) if (out[at] !== 0) invalid(`data after its end at ${length}`)
  for (let at = round * 128; at < BLOB_SIZE; at++) if (blob[at] !== 0) invalid(`byte ${at} is not empty`)
  return out.slice(HEAD, end)
}

/** Puts data into a blob. @throws AppError BLOB_DATA_INVALID where it is more than {@link MAX_BLOB_DATA} bytes */
export function encodeBlobData(data: Uint8Array): Uint8Array {
  if (data.length > MAX_BLOB_DATA) invalid(`${data.length} bytes do not fit`)
  const padded = new Uint8Array(ROUNDS * ROUND_DATA)
  padded.set([ENCODING_VERSION, data.length >> 16, (data.length >> 8) & 0xff, data.length & 0xff])
  padded.set(data, HEAD)
  const blob = new Uint8Array(BLOB_SIZE)
  // An empty blob is all zeros in any case.
  for (let round = 0; round * ROUND_DATA < HEAD + data.length; round++) {
    const from = round * ROUND_DATA
    const to = round * 128
    for (let index = 0; index < 4; index++) {
      blob.set(padded.subarray(from + index * 32, from + index * 32 + 31), to + index * 32 + 1)
    }
    const [x, y, z] = [31, 63, 95].map((offset) => padded[from + offset] as number) as [number, number, number]
    blob[to] = x & 0x3f
    blob[to + 32] = (y & 0x0f) | ((x & 0xc0) >> 2)
    blob[to + 64] = z & 0x3f
    blob[to + 96] = ((z & 0xc0) >> 2) | ((y & 0xf0) >> 4)
  }
  return blob
}
