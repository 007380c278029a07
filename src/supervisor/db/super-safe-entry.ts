import { bytesToHex, type Hash, type Hex, hexToBytes } from '../../primitives/hex.ts'
import type { BlockId } from '../../protocol/refs.ts'

/** Bytes of an entry of the super-safe-db. */
export const SUPER_SAFE_ENTRY_BYTES = 90

const VERSION = 1
const DEPOSITS_ONLY = 1
/** Bytes of a hash that are stored: its first ones. */
const HASH_BYTES = 20

/** The first 20 bytes of a block's hash, as 42 characters. */
export type TruncatedHash = Hex

/** A block as the super-safe-db knows it. */
export interface TruncatedBlockId {
  readonly number: bigint
  readonly hash: TruncatedHash
}

/** What one chain has safe with one L1 block. */
export interface ChainSafety {
  /** The last block that derives from L1 up to that block; it may have proved invalid. */
  readonly localSafe: TruncatedBlockId
  /** The last one whose dependencies are safe, too. */
  readonly crossSafe: TruncatedBlockId
  /** Whether the cross-safe block stands for an invalid one, with its deposits only. */
  readonly depositsOnly: boolean
}

/** An entry: an L1 block, the place of a chain in the dependency set (ascending by chain id), and what it has safe. */
export interface SuperSafeEntry extends ChainSafety {
  readonly l1: TruncatedBlockId
  readonly chainIndex: number
}

/** What is stored of a hash. */
export function truncateHash(hash: Hash): TruncatedHash {
  return hash.slice(0, 2 + 2 * HASH_BYTES) as TruncatedHash
}

/** What is stored of a block's number and hash. */
export function truncateBlockId({ number, hash }: BlockId): TruncatedBlockId {
  return { number, hash: truncateHash(hash) }
}

/** Whether a block is the one that was stored. */
export function isStoredBlock(stored: TruncatedBlockId, block: BlockId): boolean {
  return stored.number === block.number && stored.hash === truncateHash(block.hash)
}

function writeBlock(view: DataView, at: number, { number, hash }: TruncatedBlockId): void {
  const bytes = hexToBytes(hash)
  if (bytes.length !== HASH_BYTES) throw new RangeError(`a hash of ${bytes.length} bytes instead of ${HASH_BYTES}`)
  if (number < 0n || number >= 1n << 64n) throw new RangeError(`a block number of more than 64 bits: ${number}`)
  view.setBigUint64(at, number)
  new Uint8Array(view.buffer, view.byteOffset).set(bytes, at + 8)
}

function readBlock(view: DataView, at: number): TruncatedBlockId {
  const hash = new Uint8Array(view.buffer, view.byteOffset + at + 8, HASH_BYTES)
  return { number: view.getBigUint64(at), hash: bytesToHex(hash) }
}

/**
 * The 90 bytes of an entry; integers are big-endian.
 * @throws RangeError when a number or a hash does not fit
 */
export function encodeSuperSafeEntry(entry: SuperSafeEntry): Uint8Array {
  const bytes = new Uint8Array(SUPER_SAFE_ENTRY_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, VERSION)
  writeBlock(view, 1, entry.l1)
  view.setUint32(29, entry.chainIndex)
  writeBlock(view, 33, entry.localSafe)
  writeBlock(view, 61, entry.crossSafe)
  view.setUint8(89, entry.depositsOnly ? DEPOSITS_ONLY : 0)
  return bytes
}

/** The entry of 90 bytes; undefined for another version, another length, or flags that have no meaning. */
export function decodeSuperSafeEntry(bytes: Uint8Array): SuperSafeEntry | undefined {
  if (bytes.length !== SUPER_SAFE_ENTRY_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const flags = view.getUint8(89)
  if (view.getUint8(0) !== VERSION || flags > DEPOSITS_ONLY) return undefined
  return {
    l1: readBlock(view, 1),
    chainIndex: view.getUint32(29),
    localSafe: readBlock(view, 33),
    crossSafe: readBlock(view, 61),
    depositsOnly: flags === DEPOSITS_ONLY,
  }
}
