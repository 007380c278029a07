import { createHash } from 'node:crypto'
import { bytesToHex, type Hash } from '../primitives/hex.ts'

/**
 * The requests hash of an L1 block.
 * @param requests type byte and data of each, in type order; ones without data do not count
 * @see EIP-7685
 */
export function requestsHash(requests: readonly Uint8Array[]): Hash {
  const outer = createHash('sha256')
  for (const request of requests) {
    if (request.length > 1) outer.update(createHash('sha256').update(request).digest())
  }
  return bytesToHex(outer.digest())
}
