import { LRUCache } from 'lru-cache'
import { type Address, type Hash, type Hex, hexToBytes } from '../primitives/hex.ts'
import { keccakHash } from '../primitives/keccak.ts'

const DEFAULT_ENTRIES = 200_000

/**
 * Hashes of the addresses and slots that were used: a memo for hashing trie keys, and a dictionary to find a key under
 * a given path of a trie. Shared by all jobs; bounded by number of keys.
 */
export class KeyIndex {
  readonly #hashes: LRUCache<Hex, Hash>

  constructor(maxEntries: number = DEFAULT_ENTRIES) {
    // Not `max`: that allocates for all entries at once.
    this.#hashes = new LRUCache({ maxSize: maxEntries, sizeCalculation: () => 1 })
  }

  /** The trie key of an address or a slot: its keccak. */
  hash(preimage: Address | Hash): Hash {
    const known = this.#hashes.get(preimage)
    if (known !== undefined) return known
    const hash = keccakHash(hexToBytes(preimage))
    this.#hashes.set(preimage, hash)
    return hash
  }

  /**
   * Finds known preimages under several paths at once.
   * @param prefixes paths as hex digits without 0x
   * @param size bytes of a preimage: 20 for the account trie, 32 for a storage trie
   * @returns a preimage for each prefix that has one
   */
  under(prefixes: ReadonlySet<string>, size: 20 | 32): Map<string, Hex> {
    const found = new Map<string, Hex>()
    const lengths = new Set([...prefixes].map((prefix) => prefix.length))
    for (const [preimage, hash] of this.#hashes.entries()) {
      if (found.size === prefixes.size) break
      if (preimage.length !== 2 + size * 2) continue
      for (const length of lengths) {
        const prefix = hash.slice(2, 2 + length)
        if (prefixes.has(prefix)) found.set(prefix, preimage)
      }
    }
    return found
  }
}
