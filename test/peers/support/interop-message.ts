import {
  type Address,
  bytesToHex,
  concatBytes,
  type Hash,
  type Hex,
  hexToBytes,
  toWord,
} from '../../../src/primitives/hex.ts'
import { keccak256 } from '../../../src/primitives/keccak.ts'

/** A log of a chain, as a message that others may execute. */
export interface InitiatingMessage {
  readonly chainId: bigint
  readonly blockNumber: bigint
  /** Unix seconds. */
  readonly timestamp: bigint
  /** Of the block. */
  readonly logIndex: bigint
  readonly origin: Address
  /** Topics and data, one behind the other. */
  readonly payload: Uint8Array
}

function uint(value: bigint, size: number): Uint8Array {
  return hexToBytes(toWord(value)).slice(32 - size)
}

/**
 * The two storage keys of the inbox that stand for a message: where it is, and a checksum of what it is.
 * @see OP specs: interop, predeploys, "CrossL2Inbox access list"
 */
export function messageEntries(message: InitiatingMessage): readonly [Hash, Hash] {
  const { chainId, blockNumber, timestamp, logIndex, origin, payload } = message
  const lookup = [
    Uint8Array.of(1, 0, 0, 0),
    uint(chainId, 8),
    uint(blockNumber, 8),
    uint(timestamp, 8),
    uint(logIndex, 4),
  ]
  const logHash = keccak256(concatBytes(hexToBytes(origin), keccak256(payload)))
  const place = [new Uint8Array(12), uint(blockNumber, 8), uint(timestamp, 8), uint(logIndex, 4)]
  const identified = keccak256(concatBytes(logHash, ...place))
  const checksum = keccak256(concatBytes(identified, uint(chainId, 32)))
  checksum[0] = 3
  return [bytesToHex(concatBytes(...lookup)), bytesToHex(checksum)]
}

const VALIDATE_MESSAGE: Uint8Array = hexToBytes('0xab4d6f75')

/** The call of the inbox that executes a message, and the storage keys that it has to name. @see CrossL2Inbox.validateMessage */
export function validation(message: InitiatingMessage): { readonly data: Hex; readonly storageKeys: readonly Hash[] } {
  const { chainId, blockNumber, timestamp, logIndex, origin, payload } = message
  const words = [BigInt(origin), blockNumber, logIndex, timestamp, chainId].map((word) => uint(word, 32))
  const data = bytesToHex(concatBytes(VALIDATE_MESSAGE, ...words, keccak256(payload)))
  return { data, storageKeys: messageEntries(message) }
}
