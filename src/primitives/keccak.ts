import { createKeccak } from 'hash-wasm'
import { bytesToHex, type Hash } from './hex.ts'

// One WASM instance for the process: creation costs more than a thousand hashes, and hashing is synchronous, so no two
// callers can interleave.
const hasher = await createKeccak(256)

/** keccak-256 of one byte string. */
export function keccak256(bytes: Uint8Array): Uint8Array {
  hasher.init()
  hasher.update(bytes)
  return hasher.digest('binary')
}

/** keccak-256 as hex. */
export function keccakHash(bytes: Uint8Array): Hash {
  return bytesToHex(keccak256(bytes))
}

/** keccak-256 of nothing: the code hash of an account without code. */
export const KECCAK_EMPTY: Hash = '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470'
/** The root of an empty trie. */
export const EMPTY_TRIE_ROOT: Hash = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'
/** The hash of an empty list: uncles of every block since the merge. */
export const EMPTY_LIST_HASH: Hash = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347'
