import { isAppError } from '../../src/primitives/errors.ts'
import { unpackSnappy } from '../../src/primitives/snappy.ts'
import { breach } from './peer-error.ts'

/** Unpacks what a peer sent. @param max bytes that it may unpack to @throws AppError PEER_BREACH */
export function unpackFromPeer(packed: Uint8Array, max: number): Uint8Array {
  try {
    return unpackSnappy(packed, max)
  } catch (error) {
    if (isAppError(error, 'SNAPPY_INVALID')) throw breach(error.message)
    throw error
  }
}
