import { bigIntToPadded, bytesToHex, type Hash } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'

/** Where an initiating message stands: `index` counts the logs of its block. */
export interface MessagePlace {
  readonly chainId: bigint
  readonly blockNumber: bigint
  /** Unix seconds. */
  readonly timestamp: bigint
  readonly logIndex: number
}

const CHECKSUM_PREFIX = 0x03

/** The hash of a log: of who emitted it, and of its payload's hash (topics and data). */
export function logHash(origin: Uint8Array, payloadHash: Uint8Array): Uint8Array {
  const packed = new Uint8Array(52)
  packed.set(origin)
  packed.set(payloadHash, 20)
  return keccak256(packed)
}

/**
 * The checksum of a message: what an access list names it by, and what commits to its place and content alike.
 * @throws RangeError when the chain id does not fit into 32 bytes
 * @see specs: interop, predeploys, CrossL2Inbox, access list
 */
export function messageChecksum(hash: Uint8Array, place: MessagePlace): Hash {
  return bytesToHex(messageChecksumBytes(hash, place))
}

/** {@link messageChecksum} as bytes. */
export function messageChecksumBytes(
  hash: Uint8Array,
  { chainId, blockNumber, timestamp, logIndex }: MessagePlace,
): Uint8Array {
  const packed = new Uint8Array(64)
  const view = new DataView(packed.buffer)
  packed.set(hash)
  view.setBigUint64(44, blockNumber)
  view.setBigUint64(52, timestamp)
  view.setUint32(60, logIndex)
  const chained = new Uint8Array(64)
  chained.set(keccak256(packed))
  chained.set(bigIntToPadded(chainId, 32), 32)
  const checksum = keccak256(chained)
  checksum[0] = CHECKSUM_PREFIX
  return checksum
}
