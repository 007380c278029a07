import { equalBytes } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { KeyValueChange, KeyValueStore } from './key-value-store.ts'

/** Bytes of one piece of memory; what is larger gets a piece of its own. */
const SLAB_BYTES = 1 << 20
/** Records begin at multiples of this many bytes, so that a place fits into 32 bits: up to 32 GB. */
const UNIT = 8
const UNITS_PER_SLAB = SLAB_BYTES / UNIT
/** A record: the value's length (4 bytes), the key's (2), the key, the value. */
const RECORD_HEAD = 6

const FREE = 0
const REMOVED = 0xffff_ffff
const FIRST_SLOTS = 1 << 12

/** FNV-1a, and murmur's last step: neighbouring slots must not fill up together. */
function hashOf(key: string): number {
  let hash = 0x811c_9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x0100_0193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/**
 * A {@link KeyValueStore} that ends with the process. A chain writes some twenty small values with each block and never lets go
 * of them: as objects of the language they would take four times their size, and a garbage collector would look at every one
 * again and again. So they stand side by side in large pieces of memory, found through a table of hashes. What is overwritten
 * stays where it is: somebody may still read it.
 */
export class MemoryStore implements KeyValueStore {
  #slabs: Uint8Array[] = []
  /** Bytes used of the slab that is filled now, and its index. */
  #used = SLAB_BYTES
  #filling = -1
  /** For each slot the key's hash and the record's place in units, plus one. */
  #table = new Uint32Array(2 * FIRST_SLOTS)
  /** Slots that are not free. */
  #taken = 0

  get(key: string): Uint8Array | undefined {
    const slot = this.#slot(key, hashOf(key))
    const place = this.#table[slot + 1] as number
    return place === FREE ? undefined : this.#value(place)
  }

  async *keys(from: string, to: string): AsyncIterable<string> {
    const keys: string[] = []
    for (let slot = 1; slot < this.#table.length; slot += 2) {
      const place = this.#table[slot] as number
      if (place === FREE || place === REMOVED) continue
      const key = this.#key(place)
      if (from <= key && key < to) keys.push(key)
    }
    yield* keys.sort()
  }

  async write(changes: readonly KeyValueChange[], { signal }: IoOptions): Promise<void> {
    signal?.throwIfAborted()
    for (const [key, value] of changes) this.#put(key, value)
  }

  async close(): Promise<void> {
    this.#slabs = []
    this.#used = SLAB_BYTES
    this.#filling = -1
    this.#table = new Uint32Array(2 * FIRST_SLOTS)
    this.#taken = 0
  }

  #put(key: string, value: Uint8Array | null): void {
    const hash = hashOf(key)
    const slot = this.#slot(key, hash)
    const place = this.#table[slot + 1] as number
    if (value === null) {
      if (place !== FREE) this.#table[slot + 1] = REMOVED
      return
    }
    // What is named for its content is often written again.
    if (place !== FREE && equalBytes(this.#value(place), value)) return
    const added = this.#append(key, value)
    this.#table[slot] = hash
    this.#table[slot + 1] = added
    if (place === FREE && ++this.#taken * 4 > this.#table.length) this.#grow()
  }

  /** Where a key is, or the free slot where it would be. */
  #slot(key: string, hash: number): number {
    const table = this.#table
    const mask = table.length - 1
    for (let slot = (hash * 2) & mask; ; slot = (slot + 2) & mask) {
      const place = table[slot + 1] as number
      if (place === FREE) return slot
      if (place !== REMOVED && table[slot] === hash && this.#isAt(place, key)) return slot
    }
  }

  #grow(): void {
    const old = this.#table
    const table = new Uint32Array(old.length * 2)
    const mask = table.length - 1
    this.#taken = 0
    for (let from = 0; from < old.length; from += 2) {
      const place = old[from + 1] as number
      if (place === FREE || place === REMOVED) continue
      const hash = old[from] as number
      let slot = (hash * 2) & mask
      while (table[slot + 1] !== FREE) slot = (slot + 2) & mask
      table[slot] = hash
      table[slot + 1] = place
      this.#taken++
    }
    this.#table = table
  }

  #slabOf(place: number): Uint8Array {
    return this.#slabs[Math.floor((place - 1) / UNITS_PER_SLAB)] as Uint8Array
  }

  #isAt(place: number, key: string): boolean {
    const slab = this.#slabOf(place)
    const at = ((place - 1) % UNITS_PER_SLAB) * UNIT
    if (((slab[at + 4] as number) | ((slab[at + 5] as number) << 8)) !== key.length) return false
    for (let i = 0; i < key.length; i++) if (slab[at + RECORD_HEAD + i] !== key.charCodeAt(i)) return false
    return true
  }

  #key(place: number): string {
    const slab = this.#slabOf(place)
    const from = ((place - 1) % UNITS_PER_SLAB) * UNIT + RECORD_HEAD
    const length = (slab[from - 2] as number) | ((slab[from - 1] as number) << 8)
    return String.fromCharCode(...slab.subarray(from, from + length))
  }

  #value(place: number): Uint8Array {
    const slab = this.#slabOf(place)
    const at = ((place - 1) % UNITS_PER_SLAB) * UNIT
    const view = new DataView(slab.buffer, slab.byteOffset + at, RECORD_HEAD)
    const from = at + RECORD_HEAD + view.getUint16(4, true)
    return slab.subarray(from, from + view.getUint32(0, true))
  }

  /** @returns the new record's place */
  #append(key: string, value: Uint8Array): number {
    const size = RECORD_HEAD + key.length + value.length
    const { slab, at, index } = this.#room(size)
    const view = new DataView(slab.buffer, at, RECORD_HEAD)
    view.setUint32(0, value.length, true)
    view.setUint16(4, key.length, true)
    for (let i = 0; i < key.length; i++) slab[at + RECORD_HEAD + i] = key.charCodeAt(i)
    slab.set(value, at + RECORD_HEAD + key.length)
    return index * UNITS_PER_SLAB + at / UNIT + 1
  }

  #room(size: number): { readonly slab: Uint8Array; readonly at: number; readonly index: number } {
    if (size > SLAB_BYTES) {
      const slab = new Uint8Array(size)
      return { slab, at: 0, index: this.#slabs.push(slab) - 1 }
    }
    if (this.#used + size > SLAB_BYTES) {
      this.#filling = this.#slabs.push(new Uint8Array(SLAB_BYTES)) - 1
      this.#used = 0
    }
    const at = this.#used
    this.#used = Math.ceil((at + size) / UNIT) * UNIT
    return { slab: this.#slabs[this.#filling] as Uint8Array, at, index: this.#filling }
  }
}
