import type { IoOptions } from '../primitives/io.ts'
import type { KeyValueChange, KeyValueStore } from './key-value-store.ts'

/** A {@link KeyValueStore} that ends with the process. */
export class MemoryStore implements KeyValueStore {
  readonly #values = new Map<string, Uint8Array>()

  get(key: string): Uint8Array | undefined {
    return this.#values.get(key)
  }

  async write(changes: readonly KeyValueChange[], { signal }: IoOptions): Promise<void> {
    signal?.throwIfAborted()
    for (const [key, value] of changes) {
      if (value === null) this.#values.delete(key)
      else this.#values.set(key, value)
    }
  }

  async close(): Promise<void> {
    this.#values.clear()
  }
}
