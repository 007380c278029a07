import { unpackedLength, unpackSnappy } from '../primitives/snappy.ts'

/** Bytes of a message, packed with what is around it or unpacked. */
export const MAX_GOSSIP_SIZE: number = 10 * 1024 * 1024

const unpacked = new WeakMap<Uint8Array, Uint8Array>()

/**
 * What a gossiped message unpacks to. Its id and its validation want the same: it is unpacked once. What it states is looked at
 * first, so that nothing is allocated for more than a message may have.
 * @throws AppError SNAPPY_INVALID
 */
export function unpackGossip(data: Uint8Array): Uint8Array {
  const known = unpacked.get(data)
  if (known !== undefined) return known
  const plain = unpackSnappy(data, MAX_GOSSIP_SIZE)
  unpacked.set(data, plain)
  return plain
}

/** The length that a message states to unpack to. @throws AppError SNAPPY_INVALID */
export function statedGossipLength(data: Uint8Array): number {
  return unpackedLength(data)
}
