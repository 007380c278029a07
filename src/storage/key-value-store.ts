import type { IoOptions } from '../primitives/io.ts'

/** One write of a batch; null removes the key. */
export type KeyValueChange = readonly [key: string, value: Uint8Array | null]

/** Values by key. Keys are ASCII. What was written is never edited: neither here nor by whoever reads it. */
export interface KeyValueStore {
  /** The value of a key; undefined when there is none. Synchronous: trie walks read node after node. */
  get(key: string): Uint8Array | undefined
  /** The keys from one (included) up to another (not), in their order. Nothing may be written while they are read. */
  keys(from: string, to: string): AsyncIterable<string>
  /** Writes all or nothing, whatever happens to the process meanwhile. Later changes of a key win. */
  write(changes: readonly KeyValueChange[], io: IoOptions): Promise<void>
  /** Lets go of what is open. Nothing may be read or written after it. */
  close(): Promise<void>
}
