import type { FlatFile, OpenFlatFile } from './flat-file.ts'

const FIRST_BYTES = 4096

/** Bytes that end with the process. */
class MemoryFile implements FlatFile {
  #bytes = new Uint8Array(FIRST_BYTES)
  #size = 0

  get size(): number {
    return this.#size
  }

  read(at: number, length: number): Uint8Array {
    if (at + length > this.#size) throw new RangeError(`${length} bytes at ${at} are more than the file has`)
    return this.#bytes.slice(at, at + length)
  }

  write(at: number, bytes: Uint8Array): void {
    const end = at + bytes.length
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#bytes.length))
      grown.set(this.#bytes.subarray(0, this.#size))
      this.#bytes = grown
    }
    this.#bytes.set(bytes, at)
    this.#size = Math.max(this.#size, end)
  }

  truncate(size: number): void {
    // What is between an old end and a new one is zero, as on disk.
    if (size < this.#size) this.#bytes.fill(0, size, this.#size)
    else this.write(this.#size, new Uint8Array(size - this.#size))
    this.#size = size
  }

  sync(): void {}

  close(): void {}
}

/** Files in memory: one path is one file for as long as what this returns is kept. */
export function memoryFiles(): OpenFlatFile {
  const files = new Map<string, FlatFile>()
  return (path) => {
    const file = files.get(path) ?? new MemoryFile()
    files.set(path, file)
    return file
  }
}
