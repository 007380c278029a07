import type { IoOptions } from '../../src/primitives/io.ts'
import type { FlatFile } from '../../src/storage/flat-file.ts'
import type { KeyValueChange, KeyValueStore } from '../../src/storage/key-value-store.ts'
import { MemoryStore } from '../../src/storage/memory-store.ts'

/** Thrown where the machine's power ends. */
export class PowerLoss extends Error {
  override readonly name = 'PowerLoss'
}

type Change =
  | { readonly tag: 'write'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly tag: 'truncate'; readonly size: number }

/** What of a machine a crash leaves alone: files as they were synced last, and what may have reached them since. */
interface StoredFile {
  durable: Uint8Array
  seen: Uint8Array
  unsynced: Change[]
}

function changed(content: Uint8Array, change: Change, bytes = Number.POSITIVE_INFINITY): Uint8Array {
  if (change.tag === 'truncate') {
    const next = new Uint8Array(change.size)
    next.set(content.subarray(0, change.size))
    return next
  }
  const written = change.bytes.subarray(0, bytes)
  const next = new Uint8Array(Math.max(content.length, change.at + written.length))
  next.set(content)
  next.set(written, change.at)
  return next
}

/** Files and a key-value store in memory, whose power ends at a step that a test chooses: a write, a truncation, a sync. */
export class CrashDisk {
  readonly #files = new Map<string, StoredFile>()
  readonly #store: MemoryStore
  readonly #random: () => number
  #steps = 0
  #crashAt = Number.POSITIVE_INFINITY

  /** @param random from 0 to 1 */
  constructor(random: () => number, store: MemoryStore = new MemoryStore()) {
    this.#random = random
    this.#store = store
  }

  /** Steps that were taken. */
  get steps(): number {
    return this.#steps
  }

  /** Whether the power has ended. */
  get hasEnded(): boolean {
    return this.#steps > this.#crashAt
  }

  /** The power ends with a step, counted from the first one on. */
  crashAt(step: number): void {
    this.#crashAt = step
  }

  /** The same files. */
  readonly openFile = (path: string): FlatFile => {
    const file = this.#files.get(path) ?? { durable: new Uint8Array(0), seen: new Uint8Array(0), unsynced: [] }
    this.#files.set(path, file)
    const change = (each: Change): void => {
      const crashes = this.#step()
      file.unsynced.push(each)
      if (crashes) throw new PowerLoss()
      file.seen = changed(file.seen, each)
    }
    return {
      get size() {
        return file.seen.length
      },
      read: (at, length) => {
        if (at + length > file.seen.length) throw new RangeError('more than there is')
        return file.seen.slice(at, at + length)
      },
      write: (at, bytes) => change({ tag: 'write', at, bytes: bytes.slice() }),
      truncate: (size) => change({ tag: 'truncate', size }),
      sync: () => {
        if (this.#step()) throw new PowerLoss()
        file.durable = file.seen
        file.unsynced = []
      },
      close: () => {},
    }
  }

  /** The key-value store: each write is whole, and outlives the power. */
  readonly journal: KeyValueStore = {
    get: (key) => this.#store.get(key),
    keys: (from, to) => this.#store.keys(from, to),
    write: async (changes: readonly KeyValueChange[], io: IoOptions) => {
      if (this.#step()) {
        if (this.#random() < 0.5) await this.#store.write(changes, io)
        throw new PowerLoss()
      }
      await this.#store.write(changes, io)
    },
    close: async () => {},
  }

  /** What is found when the power is back: of what was not synced, anything may be there, in part or whole. */
  restarted(): CrashDisk {
    const disk = new CrashDisk(this.#random, this.#store)
    for (const [path, { durable, unsynced }] of this.#files) {
      let content = durable
      for (const change of unsynced) {
        const luck = this.#random()
        if (luck < 0.4) content = changed(content, change)
        else if (luck < 0.7 && change.tag === 'write')
          content = changed(content, change, Math.floor(this.#random() * change.bytes.length))
      }
      disk.#files.set(path, { durable: content, seen: content, unsynced: [] })
    }
    return disk
  }

  /** The bytes of a file, to look at or to change. */
  bytes(path: string): Uint8Array {
    const file = this.#files.get(path)
    if (file === undefined) throw new RangeError(`no file ${path}`)
    return file.seen
  }

  /** Puts other bytes into a file. */
  put(path: string, bytes: Uint8Array): void {
    this.#files.set(path, { durable: bytes, seen: bytes, unsynced: [] })
  }

  #step(): boolean {
    if (this.#steps > this.#crashAt) throw new PowerLoss()
    return this.#steps++ === this.#crashAt
  }
}

/** Numbers from 0 to 1, always the same for a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296
  }
}
