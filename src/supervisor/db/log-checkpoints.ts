import { crc32 } from 'node:zlib'
import { bigIntToPadded } from '../../primitives/hex.ts'
import type { FlatFile } from '../../storage/flat-file.ts'
import { corrupt } from './errors.ts'
import { CHECKPOINT_BYTES, type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './log-records.ts'

const SUM_AT = CHECKPOINT_BYTES - 4

function sumAt(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(SUM_AT)
}

/**
 * The checkpoints of a chain's blocks, one after the other. Each one's checksum covers that of the one before it too, and the
 * first one's the chain id: neither another chain's checkpoints nor those of a branch that was rewound pass for its own.
 */
export class LogCheckpoints {
  readonly #file: FlatFile
  readonly #seed: number
  #count = 0
  #first: Checkpoint | undefined
  #last: Checkpoint | undefined
  #lastSum: number
  #synced = 0

  constructor(file: FlatFile, chainId: bigint) {
    this.#file = file
    this.#seed = crc32(bigIntToPadded(chainId, 32))
    this.#lastSum = this.#seed
  }

  /** Blocks. */
  get count(): number {
    return this.#count
  }

  /** The last checkpoint. */
  get last(): Checkpoint | undefined {
    return this.#last
  }

  /** Blocks that are not on the disk for certain. */
  get unsynced(): number {
    return this.#count - this.#synced
  }

  /** Whole checkpoints that the file has room for. */
  get held(): number {
    return Math.floor(this.#file.size / CHECKPOINT_BYTES)
  }

  /** Bytes of the file. */
  get bytes(): number {
    return this.#file.size
  }

  /** Adds a checkpoint; what `synced` is, is known here. */
  append(checkpoint: Omit<Checkpoint, 'synced'>): void {
    const last = { ...checkpoint, synced: this.#synced }
    const bytes = new Uint8Array(CHECKPOINT_BYTES)
    bytes.set(encodeCheckpoint(last))
    const sum = crc32(bytes.subarray(0, SUM_AT), this.#lastSum)
    new DataView(bytes.buffer).setUint32(SUM_AT, sum)
    this.#file.write(this.#count * CHECKPOINT_BYTES, bytes)
    this.#count++
    this.#last = last
    this.#lastSum = sum
    this.#first ??= last
  }

  /** The checkpoint of an index. @throws AppError SUPERVISOR_DB_CORRUPT */
  at(index: number): Checkpoint {
    if (index === this.#count - 1 && this.#last !== undefined) return this.#last
    if (!this.#matches(index)) throw corrupt(`checkpoint ${index} does not match its checksum`)
    return this.#read(index).checkpoint
  }

  /** The index of a block's number. */
  indexOf(number: bigint): number | undefined {
    const index = this.#first === undefined ? -1n : number - this.#first.number
    return index >= 0n && index < BigInt(this.#count) ? Number(index) : undefined
  }

  /** Blocks that are not above a number. */
  countUpTo(number: bigint): number {
    if (this.#first === undefined || number < this.#first.number) return 0
    const count = number - this.#first.number + 1n
    return count < BigInt(this.#count) ? Number(count) : this.#count
  }

  /** Keeps the first checkpoints, on the disk too when this returns. @returns whether something was dropped */
  keep(count: number): boolean {
    if (count === this.#count && this.#file.size === count * CHECKPOINT_BYTES) return false
    // Before anything is written again: a checkpoint of what was dropped must not come back behind a new one.
    this.#file.truncate(count * CHECKPOINT_BYTES)
    this.#file.sync()
    this.take(count)
    this.#synced = Math.min(this.#synced, count)
    return true
  }

  /** The blocks are on the disk for certain, as soon as this returns; their logs must be. */
  sync(): void {
    this.#file.sync()
    this.#synced = this.#count
  }

  /**
   * Counts the blocks that are there whole, from the last that was on the disk for certain on.
   * @param whole whether the logs of a block are there
   * @throws AppError SUPERVISOR_DB_CORRUPT where the first of several blocks is not there
   */
  recover(whole: (index: number, checkpoint: Checkpoint) => boolean): number {
    let end = this.held
    // The first block is on the disk before there is a second one.
    if (end > 1 && !this.#matches(0)) throw corrupt('the first block is damaged, or is of another chain')
    // What was written last may be torn, and says nothing then.
    while (end > 0 && !this.#matches(end - 1)) end--
    const synced = end === 0 ? 0 : this.#read(end - 1).checkpoint.synced
    this.#count = end
    let sound = synced
    while (sound < end && this.#matches(sound) && whole(sound, this.#read(sound).checkpoint)) sound++
    this.take(sound)
    this.#synced = sound
    return sound
  }

  /** Takes the first checkpoints as they are. */
  take(count: number): void {
    this.#count = count
    const last = count === 0 ? undefined : this.#read(count - 1)
    this.#last = last?.checkpoint
    this.#lastSum = last?.sum ?? this.#seed
    this.#first = count === 0 ? undefined : this.#read(0).checkpoint
  }

  /** A sentence for each checkpoint that is not as it was written; the first twenty. */
  verify(): string[] {
    const findings: string[] = []
    let before: Checkpoint | undefined
    for (let index = 0; index < this.held && findings.length < 20; index++) {
      if (!this.#matches(index)) findings.push(`checkpoint ${index} does not match its checksum`)
      const { number } = decodeCheckpoint(this.#bytes(index))
      if (before !== undefined && number !== before.number + 1n)
        findings.push(`block ${number} stands behind ${before.number}`)
      before = decodeCheckpoint(this.#bytes(index))
    }
    const rest = this.#file.size % CHECKPOINT_BYTES
    if (rest > 0) findings.push(`${rest} bytes behind the last checkpoint`)
    return findings
  }

  close(): void {
    this.#file.close()
  }

  #bytes(index: number): Uint8Array {
    return this.#file.read(index * CHECKPOINT_BYTES, CHECKPOINT_BYTES)
  }

  #read(index: number): { readonly checkpoint: Checkpoint; readonly sum: number } {
    const bytes = this.#bytes(index)
    return { checkpoint: decodeCheckpoint(bytes), sum: sumAt(bytes) }
  }

  #matches(index: number): boolean {
    // With the checksum of the one before it.
    const read = this.#file.read(Math.max(0, index * CHECKPOINT_BYTES - 4), CHECKPOINT_BYTES + (index === 0 ? 0 : 4))
    const bytes = read.subarray(read.length - CHECKPOINT_BYTES)
    const before = index === 0 ? this.#seed : new DataView(read.buffer).getUint32(0)
    return crc32(bytes.subarray(0, SUM_AT), before) === sumAt(bytes)
  }
}
