import { ClassicLevel } from 'classic-level'
import type { IoOptions } from '../primitives/io.ts'
import type { KeyValueChange, KeyValueStore } from './key-value-store.ts'

/** How a {@link LevelStore} writes. */
export interface LevelStoreOptions {
  /** A write is answered for when it is on the disk, whatever becomes of the machine's power. Default false. */
  readonly sync?: boolean
}

/**
 * A {@link KeyValueStore} in a folder. A batch that {@link write} has answered for outlives the process, however that
 * ends; it outlives the machine's power, too, once the system has written its buffers.
 */
export class LevelStore implements KeyValueStore {
  readonly #level: ClassicLevel<string, Uint8Array>
  readonly #sync: boolean

  private constructor(level: ClassicLevel<string, Uint8Array>, sync: boolean) {
    this.#level = level
    this.#sync = sync
  }

  /** Opens the store in a folder, which is made when it is missing. One process at a time can have it open. */
  static async open(folder: string, { sync = false }: LevelStoreOptions = {}): Promise<LevelStore> {
    const level = new ClassicLevel<string, Uint8Array>(folder, { keyEncoding: 'utf8', valueEncoding: 'view' })
    await level.open()
    return new LevelStore(level, sync)
  }

  get(key: string): Uint8Array | undefined {
    const value = this.#level.getSync(key)
    // It comes as a Buffer, which is one in name only to whoever compares or prints it.
    return value && new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  }

  keys(from: string, to: string): AsyncIterable<string> {
    return this.#level.keys({ gte: from, lt: to })
  }

  async write(changes: readonly KeyValueChange[], { signal }: IoOptions): Promise<void> {
    signal?.throwIfAborted()
    await this.#level.batch(
      changes.map(([key, value]) => (value === null ? { type: 'del', key } : { type: 'put', key, value })),
      { sync: this.#sync },
    )
  }

  close(): Promise<void> {
    return this.#level.close()
  }
}
