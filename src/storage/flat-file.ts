import { closeSync, fstatSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Bytes by their place. Everything is synchronous, so that nothing can come between the steps of one change. What the
 * system refuses is thrown as it comes, and is never taken for missing data.
 */
export interface FlatFile {
  /** Bytes. */
  readonly size: number
  /** @throws RangeError when there are fewer bytes */
  read(at: number, length: number): Uint8Array
  write(at: number, bytes: Uint8Array): void
  truncate(size: number): void
  /** What was written, and the size, outlive the machine's power once this returns. */
  sync(): void
  close(): void
}

/** Opens a file, which is made when it is missing. */
export type OpenFlatFile = (path: string) => FlatFile

class DiskFile implements FlatFile {
  readonly #descriptor: number
  #size: number

  constructor(descriptor: number) {
    this.#descriptor = descriptor
    this.#size = fstatSync(descriptor).size
  }

  get size(): number {
    return this.#size
  }

  read(at: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let done = 0; done < length; ) {
      const read = readSync(this.#descriptor, bytes, done, length - done, at + done)
      if (read === 0) throw new RangeError(`${length} bytes at ${at} are more than the file has`)
      done += read
    }
    return bytes
  }

  write(at: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(this.#descriptor, bytes, done, bytes.length - done, at + done)
      this.#size = Math.max(this.#size, at + done)
    }
  }

  truncate(size: number): void {
    ftruncateSync(this.#descriptor, size)
    this.#size = size
  }

  sync(): void {
    fsyncSync(this.#descriptor)
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Opens a file on disk to read and write; its folder is made when it is missing. */
export const openDiskFile: OpenFlatFile = (path) => {
  const folder = dirname(path)
  mkdirSync(folder, { recursive: true })
  // Not "a+": places would be ignored when writing.
  try {
    return new DiskFile(openSync(path, 'r+'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const file = new DiskFile(openSync(path, 'wx+'))
  syncFolder(folder)
  return file
}

/** Opens a file on disk to read; writing to it is refused by the system. */
export const openDiskFileToRead: OpenFlatFile = (path) => new DiskFile(openSync(path, 'r'))
