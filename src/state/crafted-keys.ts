import { setImmediate } from 'node:timers/promises'
import { bytesToHex, type Hex } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { keccak256 } from '../primitives/keccak.ts'

const TABLE_DEPTH = 5
/** Hashes between two looks at the event loop: some milliseconds. */
const SLICE = 4096

/**
 * Finds keys whose hash begins with given digits, by trying. A proof of such a key, though it is not in the trie, leads
 * past the node at that path. Every hash that was tried is remembered by its first five nibbles, so that later searches
 * mostly find theirs without hashing; one instance serves all tries with keys of one size.
 */
export class CraftedKeys {
  readonly #preimage: Uint8Array
  readonly #counter: DataView
  #table: Uint32Array | undefined
  #tried = 0

  /** @param size bytes of a key: 20 for addresses, 32 for slots */
  constructor(size: 20 | 32) {
    this.#preimage = new Uint8Array(size)
    this.#counter = new DataView(this.#preimage.buffer, size - 4)
  }

  /**
   * @param prefixes hex digits without 0x
   * @param maxHashes how long to try: 65 536 finds a given four nibbles with a probability of 63 %
   * @returns a key for each prefix that one was found for
   */
  async find(prefixes: ReadonlySet<string>, maxHashes: number, options: IoOptions = {}): Promise<Map<string, Hex>> {
    const found = new Map<string, Hex>()
    for (const prefix of prefixes) {
      const key = this.#remembered(prefix)
      if (key !== undefined) found.set(prefix, key)
    }
    const lengths = new Set([...prefixes].filter((prefix) => !found.has(prefix)).map((prefix) => prefix.length))
    for (let budget = maxHashes; budget > 0 && found.size < prefixes.size; budget -= SLICE) {
      options.signal?.throwIfAborted()
      for (let i = 0; i < SLICE && found.size < prefixes.size; i++) {
        const hash = this.#tryNext()
        for (const length of lengths) {
          const prefix = hash.slice(2, 2 + length)
          if (prefixes.has(prefix) && !found.has(prefix)) found.set(prefix, bytesToHex(this.#preimage))
        }
      }
      await setImmediate()
    }
    return found
  }

  #tryNext(): Hex {
    this.#table ??= new Uint32Array(16 ** TABLE_DEPTH)
    this.#counter.setUint32(0, ++this.#tried)
    const hash = keccak256(this.#preimage)
    const index = ((hash[0] as number) << 12) | ((hash[1] as number) << 4) | ((hash[2] as number) >> 4)
    this.#table[index] = this.#tried
    return bytesToHex(hash.subarray(0, 8))
  }

  #remembered(prefix: string): Hex | undefined {
    if (prefix.length > TABLE_DEPTH || this.#table === undefined) return undefined
    const width = 16 ** (TABLE_DEPTH - prefix.length)
    const first = Number.parseInt(prefix || '0', 16) * width
    for (let index = first; index < first + width; index++) {
      const counter = this.#table[index] as number
      if (counter === 0) continue
      this.#counter.setUint32(0, counter)
      return bytesToHex(this.#preimage)
    }
    return undefined
  }
}
