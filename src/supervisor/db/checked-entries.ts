import { crc32 } from 'node:zlib'
import { equalBytes } from '../../primitives/hex.ts'
import type { FlatFile } from '../../storage/flat-file.ts'
import { corrupt } from './errors.ts'

const MAGIC = new TextEncoder().encode('OPSUM\x00\x00\x01')
const SUM_BYTES = 4
/** Entries that are read at once when all of them are looked at. */
const CHUNK = 8192
const MOST_FINDINGS = 20

/** What the files of a {@link CheckedEntries} hold. */
export interface EntryScan {
  /** Entries from the first on that are as they were written. */
  readonly sound: number
  /** What stands behind them: nothing, what a write that was not finished leaves, or what no such write leaves. */
  readonly behind: 'nothing' | 'torn' | 'damage'
  /** A sentence for each thing that is not as it should be. */
  readonly findings: readonly string[]
}

/**
 * Entries of one size, with their checksums in a file beside, so that the first file holds nothing but entries. A checksum
 * covers the entry, its index and the checksum before it: an entry in the place of another one is noticed, too.
 */
export class CheckedEntries {
  readonly #entries: FlatFile
  readonly #sums: FlatFile
  readonly #size: number
  #count = 0

  /** @param size bytes of an entry */
  constructor(entries: FlatFile, sums: FlatFile, size: number) {
    this.#entries = entries
    this.#sums = sums
    this.#size = size
  }

  /** Entries. */
  get count(): number {
    return this.#count
  }

  /**
   * Takes what is sound, and cuts off what a write that was not finished has left behind it.
   * @param group entries that are appended together: what is left is whole groups
   * @param committed entries that must be there
   * @returns entries that were cut off, the last of them perhaps incomplete
   * @throws AppError SUPERVISOR_DB_CORRUPT, and nothing is changed
   */
  recover(group: number, committed: number): number {
    if (this.#entries.size === 0 && committed === 0 && !this.#hasMagic()) {
      this.#sums.truncate(0)
      this.#sums.write(0, MAGIC)
      this.#sums.sync()
    }
    const { sound, behind, findings } = this.scan(group)
    if (behind === 'damage') throw corrupt(findings.join('; '))
    const kept = sound - (sound % group)
    if (kept < committed) throw corrupt([`${kept} entries of ${committed} are left`, ...findings].join('; '))
    const had = Math.ceil(Math.max(this.#entries.size / this.#size, this.#sumsHeld()))
    this.#count = kept
    if (behind === 'torn' || kept !== sound) this.#cut()
    return had - kept
  }

  /** Looks at every byte, and changes nothing. @param group entries that are appended together */
  scan(group: number): EntryScan {
    const findings: string[] = []
    if (!this.#hasMagic())
      return { sound: 0, behind: 'damage', findings: ['the checksums are missing, or are something else'] }
    const count = Math.floor(Math.min(this.#entries.size / this.#size, this.#sumsHeld()))
    // Each group was on the disk before the next one was begun.
    const torn = Math.floor((count - 1) / group) * group
    let sound = count
    let previous = 0
    for (let from = 0; from < count; from += CHUNK) {
      const length = Math.min(CHUNK, count - from)
      const entries = this.#entries.read(from * this.#size, length * this.#size)
      const sums = viewOf(this.#sums.read(MAGIC.length + from * SUM_BYTES, length * SUM_BYTES))
      for (let i = 0; i < length; i++) {
        const sum = sums.getUint32(i * SUM_BYTES)
        if (sum !== sumOf(entries.subarray(i * this.#size, (i + 1) * this.#size), from + i, previous)) {
          sound = Math.min(sound, from + i)
          if (findings.length < MOST_FINDINGS) findings.push(`entry ${from + i} does not match its checksum`)
        }
        previous = sum
      }
    }
    const [entryBytes, sumBytes] = [this.#entries.size - count * this.#size, this.#sumsHeld() - count]
    if (entryBytes > 0) findings.push(`${entryBytes} bytes behind entry ${count} have no checksum`)
    if (sumBytes > 0) findings.push(`${sumBytes} checksums behind entry ${count} have no entry`)
    return { sound, behind: sound < torn ? 'damage' : findings.length > 0 ? 'torn' : 'nothing', findings }
  }

  /** @throws AppError SUPERVISOR_DB_CORRUPT */
  read(index: number): Uint8Array {
    const at = index * this.#size
    const [entry, sums] = this.#reading(() => [
      this.#entries.read(at, this.#size),
      index === 0
        ? this.#sums.read(MAGIC.length, SUM_BYTES)
        : this.#sums.read(MAGIC.length + (index - 1) * SUM_BYTES, 2 * SUM_BYTES),
    ])
    const view = viewOf(sums)
    const previous = index === 0 ? 0 : view.getUint32(0)
    if (view.getUint32(sums.length - SUM_BYTES) !== sumOf(entry, index, previous))
      throw corrupt(`entry ${index} does not match its checksum`)
    return entry
  }

  /** Adds entries; they are on the disk when this returns. */
  append(entries: readonly Uint8Array[]): void {
    const bytes = new Uint8Array(entries.length * this.#size)
    const sums = new Uint8Array(entries.length * SUM_BYTES)
    let previous = this.#count === 0 ? 0 : viewOf(this.#sums.read(this.#sumsEnd() - SUM_BYTES, SUM_BYTES)).getUint32(0)
    entries.forEach((entry, i) => {
      previous = sumOf(entry, this.#count + i, previous)
      bytes.set(entry, i * this.#size)
      viewOf(sums).setUint32(i * SUM_BYTES, previous)
    })
    this.#entries.write(this.#count * this.#size, bytes)
    this.#sums.write(this.#sumsEnd(), sums)
    this.#sync()
    this.#count += entries.length
  }

  /** Keeps the first entries; the others are gone from the disk when this returns. */
  truncate(count: number): void {
    this.#count = count
    this.#cut()
  }

  close(): void {
    this.#entries.close()
    this.#sums.close()
  }

  #cut(): void {
    this.#entries.truncate(this.#count * this.#size)
    this.#sums.truncate(this.#sumsEnd())
    this.#sync()
  }

  #sync(): void {
    this.#entries.sync()
    this.#sums.sync()
  }

  #hasMagic(): boolean {
    return this.#sums.size >= MAGIC.length && equalBytes(this.#sums.read(0, MAGIC.length), MAGIC)
  }

  #sumsEnd(): number {
    return MAGIC.length + this.#count * SUM_BYTES
  }

  #sumsHeld(): number {
    return Math.max(0, this.#sums.size - MAGIC.length) / SUM_BYTES
  }

  #reading<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      // Fewer bytes than were written. What the system refuses is not damage.
      if (error instanceof RangeError) throw corrupt(error.message, error)
      throw error
    }
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function sumOf(entry: Uint8Array, index: number, previous: number): number {
  const place = new Uint8Array(12)
  const view = viewOf(place)
  view.setUint32(0, previous)
  view.setBigUint64(4, BigInt(index))
  return crc32(entry, crc32(place))
}
