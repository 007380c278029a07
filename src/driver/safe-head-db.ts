import { AppError, errorMessage } from '../primitives/errors.ts'
import { bigIntToPadded, bytesToBigInt, bytesToHex, concatBytes, hexToBytes } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { BlockId } from '../protocol/refs.ts'
import type { KeyValueChange, KeyValueStore } from '../storage/key-value-store.ts'
import type { DriverErrorCode, SafeHeadRecord } from './ports.ts'

/** Codes of the record of safe heads. `SAFE_HEADS_UNWRITTEN` (reset): what it holds may not be what became safe. */
export type SafeHeadsErrorCode = 'SAFE_HEADS_UNWRITTEN'

/** A block of L2, and the L1 block that made it safe. */
export interface SafeHeadEntry {
  readonly l1: BlockId
  readonly safe: BlockId
}

const PREFIX = 's:'
/** Behind every key of {@link PREFIX}. */
const END = 's;'

function keyOf(l1Number: number): string {
  return `${PREFIX}${l1Number.toString(16).padStart(16, '0')}`
}

/** As op-node: both hashes, and the L2 block's number. */
function encodeEntry({ l1, safe }: SafeHeadEntry): Uint8Array {
  return concatBytes(hexToBytes(l1.hash), hexToBytes(safe.hash), bigIntToPadded(safe.number, 8))
}

function decodeEntry(l1Number: number, value: Uint8Array): SafeHeadEntry {
  return {
    l1: { hash: bytesToHex(value.subarray(0, 32)), number: BigInt(l1Number) },
    safe: { hash: bytesToHex(value.subarray(32, 64)), number: bytesToBigInt(value.subarray(64)) },
  }
}

/** As if nothing had ever been recorded, and nobody wanted to know. */
export const NO_SAFE_HEADS: SafeHeadRecord = {
  record: async () => undefined,
  truncate: async () => undefined,
  at() {
    throw new AppError<DriverErrorCode>('SAFE_HEADS_DISABLED', { message: 'safe head database not enabled' })
  },
  entries: () => [],
}

/**
 * Which L2 block was safe with which L1 block, in a store of its own: one entry for each L1 block that made one safe. Each change is
 * one write, so that whenever the process ends, what is stored is the record before it or after it.
 * @see op-node, node/safedb
 */
export class SafeHeadDb implements SafeHeadRecord {
  readonly #store: KeyValueStore
  /**
   * Numbers of the L1 blocks that have an entry, rising. One that could not be written may be among them: what is stored tells.
   */
  readonly #numbers: number[]

  private constructor(store: KeyValueStore, numbers: number[]) {
    this.#store = store
    this.#numbers = numbers
  }

  /** Reads which entries there are. */
  static async open(store: KeyValueStore): Promise<SafeHeadDb> {
    const numbers: number[] = []
    for await (const key of store.keys(PREFIX, END)) numbers.push(Number.parseInt(key.slice(PREFIX.length), 16))
    return new SafeHeadDb(store, numbers)
  }

  /** @throws AppError SAFE_HEADS_UNWRITTEN (reset) */
  async record(safe: BlockId, derivedFrom: BlockId, io: IoOptions): Promise<void> {
    const number = Number(derivedFrom.number)
    const at = this.#behind(number)
    // Before it is written: a write that failed may still have reached the disk.
    if (this.#numbers[at - 1] !== number) this.#numbers.splice(at, 0, number)
    await this.#write([[keyOf(number), encodeEntry({ l1: derivedFrom, safe })]], io)
  }

  /**
   * Forgets what became safe after a block. The entry that made it safe, or a later block, is its own from now on; where no entry is
   * older, it may have been safe before, and nothing is known of it, unless the caller knows.
   * @throws AppError SAFE_HEADS_UNWRITTEN (reset)
   */
  async truncate(safe: BlockId, io: IoOptions, derivedFrom?: BlockId): Promise<void> {
    const numbers = this.#numbers
    // Safe blocks rise with the L1 blocks that made them safe: nobody records one before what came after it is forgotten.
    let first = numbers.length
    let entry: SafeHeadEntry | undefined
    let older = false
    for (let at = numbers.length - 1; at >= 0 && !older; at--) {
      const found = this.#entry(numbers[at] as number)
      older = found !== undefined && found.safe.number < safe.number
      if (!older) {
        first = at
        entry = found ?? entry
      }
    }
    if (entry === undefined) return
    const changes = numbers.slice(first).map((number): KeyValueChange => [keyOf(number), null])
    const stays = older || derivedFrom?.hash === entry.l1.hash
    if (stays) changes.push([keyOf(Number(entry.l1.number)), encodeEntry({ l1: entry.l1, safe })])
    await this.#write(changes, io)
    numbers.length = first
    if (stays) numbers.push(Number(entry.l1.number))
  }

  at(l1Number: bigint): SafeHeadEntry {
    for (const entry of this.#down(this.#behind(l1Number))) return entry
    throw new AppError<DriverErrorCode>('SAFE_HEAD_UNKNOWN', { message: 'not found' })
  }

  entries(): Iterable<SafeHeadEntry> {
    return this.#down(this.#numbers.length)
  }

  *#down(behind: number): Iterable<SafeHeadEntry> {
    for (let at = behind - 1; at >= 0; at--) {
      const number = this.#numbers[at]
      const entry = number === undefined ? undefined : this.#entry(number)
      if (entry !== undefined) yield entry
    }
  }

  #entry(number: number): SafeHeadEntry | undefined {
    const value = this.#store.get(keyOf(number))
    return value && decodeEntry(number, value)
  }

  /** The place behind all numbers that are not above one. */
  #behind(l1Number: bigint | number): number {
    let low = 0
    let high = this.#numbers.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#numbers[middle] as number) <= l1Number) low = middle + 1
      else high = middle
    }
    return low
  }

  async #write(changes: readonly KeyValueChange[], io: IoOptions): Promise<void> {
    try {
      await this.#store.write(changes, io)
    } catch (error) {
      io.signal?.throwIfAborted()
      throw new AppError<SafeHeadsErrorCode>('SAFE_HEADS_UNWRITTEN', {
        message: `a safe head could not be recorded: ${errorMessage(error)}`,
        severity: 'reset',
        cause: error,
      })
    }
  }
}
