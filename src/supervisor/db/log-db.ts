import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { LRUCache } from 'lru-cache'
import { equalBytes, type Hash, hexToBytes, joinBytes } from '../../primitives/hex.ts'
import type { ExecutingMessage } from '../../protocol/executing-message.ts'
import { messageChecksumBytes } from '../../protocol/message-checksum.ts'
import type { BlockRef } from '../../protocol/refs.ts'
import { type FlatFile, type OpenFlatFile, openDiskFile, openDiskFileToRead } from '../../storage/flat-file.ts'
import { conflict, corrupt, outOfOrder } from './errors.ts'
import { LogCheckpoints } from './log-checkpoints.ts'
import {
  type Checkpoint,
  decodeExecuting,
  EXECUTING_BYTES,
  type ExecutingLog,
  encodeExecuting,
  LOG_BYTES,
  type LogBlock,
  truncateChecksum,
} from './log-records.ts'

/** A log, as the database takes it. */
export interface LogRecord {
  /** Of its emitter and payload; see `logHash`. */
  readonly hash: Uint8Array
  /** What it executes, where it says so. */
  readonly executing?: ExecutingMessage | undefined
}

/** A message that is looked for. */
export interface MessageQuery {
  readonly blockNumber: bigint
  /** Unix seconds. */
  readonly timestamp: bigint
  readonly logIndex: number
  readonly checksum: Hash
}

/** What is known of a message. */
export type MessageFound =
  | { readonly tag: 'found'; readonly block: LogBlock }
  /** Its block is not stored yet. */
  | { readonly tag: 'future' }
  /** Its block is before the first one that is stored: whether there is such a message is not known. */
  | { readonly tag: 'skipped' }
  /** There is no such message, and on this chain there cannot be one. */
  | { readonly tag: 'conflict'; readonly reason: string }

/** How a {@link LogDb} is opened. */
export interface LogDbOptions {
  readonly folder: string
  readonly chainId: bigint
  /** Default: on disk. */
  readonly openFile?: OpenFlatFile
}

/** What is read of a block at once. */
interface BlockData {
  readonly logs: Uint8Array
  readonly executing: Uint8Array
}

/** Bytes of blocks that are kept in memory for the next lookup. */
const CACHE_BYTES = 8 << 20

/** Blocks that are looked at when the database is opened, at most. */
const MOST_UNSYNCED = 1024

/** The file of a chain's checkpoints in its folder. */
export const CHECKPOINTS_FILE = 'blocks.db'

/**
 * The logs of one chain: for each block a checkpoint, for each log 20 bytes of its message's checksum, for each executed message
 * the message. Checkpoints are found by their number, logs by their checkpoint's: a lookup reads two places, however much there is. The
 * checkpoint is written last, so that a block is there whole or not at all; `sync` is for the machine's power.
 */
export class LogDb {
  readonly #chainId: bigint
  readonly #checkpoints: LogCheckpoints
  readonly #logs: FlatFile
  readonly #executing: FlatFile
  readonly #cache: LRUCache<number, BlockData> = new LRUCache({
    maxSize: CACHE_BYTES,
    sizeCalculation: ({ logs, executing }) => 64 + logs.length + executing.length,
  })

  private constructor(chainId: bigint, checkpoints: LogCheckpoints, logs: FlatFile, executing: FlatFile) {
    this.#chainId = chainId
    this.#checkpoints = checkpoints
    this.#logs = logs
    this.#executing = executing
  }

  /** Opens the database in a folder; what a write that was not finished has left is cut off. @throws AppError SUPERVISOR_DB_CORRUPT */
  static open({ folder, chainId, openFile = openDiskFile }: LogDbOptions): LogDb {
    const file = (name: string): FlatFile => openFile(join(folder, name))
    const checkpoints = new LogCheckpoints(file(CHECKPOINTS_FILE), chainId)
    const db = new LogDb(chainId, checkpoints, file('logs.db'), file('executing.db'))
    try {
      db.#recover()
      return db
    } catch (error) {
      db.close()
      throw error
    }
  }

  /** Opens the database to look at it: nothing is made or cut off. Files on disk are opened to read only, by default. */
  static openToRead({ folder, chainId, openFile = openDiskFileToRead }: LogDbOptions): LogDb {
    const file = (name: string): FlatFile => openFile(join(folder, name))
    const checkpoints = new LogCheckpoints(file(CHECKPOINTS_FILE), chainId)
    checkpoints.take(checkpoints.held)
    return new LogDb(chainId, checkpoints, file('logs.db'), file('executing.db'))
  }

  /** The first block that is stored. */
  get first(): LogBlock | undefined {
    return this.#checkpoints.count === 0 ? undefined : this.#checkpoints.at(0)
  }

  /** The last block that is stored. */
  get tip(): LogBlock | undefined {
    return this.#checkpoints.last
  }

  /** Blocks. */
  get blocks(): number {
    return this.#checkpoints.count
  }

  /** Logs. */
  get logs(): number {
    return this.#checkpoints.last?.logsEnd ?? 0
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.#checkpoints.bytes + this.#logs.size + this.#executing.size
  }

  /**
   * Adds the next block with all of its logs; the one that is the tip already is left alone. An empty database begins anywhere.
   * @returns whether it was added
   * @throws AppError SUPERVISOR_DB_OUT_OF_ORDER where a block is missing before it, SUPERVISOR_DB_CONFLICT where it is no child of the tip
   */
  append(block: BlockRef, logs: readonly LogRecord[]): boolean {
    const tip = this.#checkpoints.last
    if (tip !== undefined) {
      if (tip.number === block.number && tip.hash === block.hash) return false
      if (block.number <= tip.number) throw conflict(`block ${block.number} cannot follow ${tip.number}`)
      if (block.number !== tip.number + 1n) throw outOfOrder(`block ${block.number} cannot follow ${tip.number}`)
      if (block.parentHash !== tip.hash)
        throw conflict(`block ${block.number} is a child of ${block.parentHash}, not of ${tip.hash}`)
      if (block.timestamp <= tip.timestamp) throw conflict(`block ${block.number} is not later than its parent`)
    }
    const place = { chainId: this.#chainId, blockNumber: block.number, timestamp: block.timestamp }
    const logBytes = joinBytes(
      logs.map(({ hash }, logIndex) => truncateChecksum(messageChecksumBytes(hash, { ...place, logIndex }))),
    )
    const executing = joinBytes(
      logs.flatMap(({ executing: message }, at) =>
        message === undefined ? [] : [encodeExecuting({ ...message, at })],
      ),
    )
    const { logsEnd, executingEnd } = tip ?? { logsEnd: 0, executingEnd: 0 }
    if (logBytes.length > 0) this.#logs.write(logsEnd * LOG_BYTES, logBytes)
    if (executing.length > 0) this.#executing.write(executingEnd * EXECUTING_BYTES, executing)
    this.#checkpoints.append({
      hash: block.hash,
      number: block.number,
      timestamp: block.timestamp,
      logsEnd: logsEnd + logs.length,
      executingEnd: executingEnd + executing.length / EXECUTING_BYTES,
      dataSum: crc32(executing, crc32(logBytes)),
    })
    if (tip === undefined || this.#checkpoints.unsynced >= MOST_UNSYNCED) this.sync()
    return true
  }

  /** A block by its number. @throws AppError SUPERVISOR_DB_CORRUPT */
  block(number: bigint): LogBlock | undefined {
    const index = this.#checkpoints.indexOf(number)
    return index === undefined ? undefined : this.#checkpoints.at(index)
  }

  /** The last block that is not later than a time in unix seconds. @throws AppError SUPERVISOR_DB_CORRUPT */
  blockAtTime(timestamp: bigint): LogBlock | undefined {
    let low = 0
    let high = this.#checkpoints.count
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (this.#checkpoints.at(middle).timestamp <= timestamp) low = middle + 1
      else high = middle
    }
    return low === 0 ? undefined : this.#checkpoints.at(low - 1)
  }

  /** Whether there is a message. @throws AppError SUPERVISOR_DB_CORRUPT */
  find({ blockNumber, timestamp, logIndex, checksum }: MessageQuery): MessageFound {
    const tip = this.#checkpoints.last
    if (blockNumber === 0n) return { tag: 'conflict', reason: 'genesis has no logs' }
    if (tip === undefined) return { tag: 'future' }
    if (blockNumber > tip.number)
      return timestamp < tip.timestamp
        ? { tag: 'conflict', reason: `block ${tip.number} is later already` }
        : { tag: 'future' }
    const index = this.#checkpoints.indexOf(blockNumber)
    if (index === undefined) return { tag: 'skipped' }
    const block = this.#checkpoints.at(index)
    if (block.timestamp !== timestamp) return { tag: 'conflict', reason: `the block's time is ${block.timestamp}` }
    const { logs } = this.#data(index, block)
    const at = logIndex * LOG_BYTES
    if (at >= logs.length) return { tag: 'conflict', reason: `the block has ${logs.length / LOG_BYTES} logs` }
    // The first byte is not stored: it is the same for every checksum.
    return checksum.startsWith('0x03') &&
      equalBytes(logs.subarray(at, at + LOG_BYTES), truncateChecksum(hexToBytes(checksum)))
      ? { tag: 'found', block }
      : { tag: 'conflict', reason: 'the log is another one' }
  }

  /** The messages that a block executes, in the order of its logs. @throws AppError SUPERVISOR_DB_CORRUPT */
  executing(number: bigint): readonly ExecutingLog[] {
    const index = this.#checkpoints.indexOf(number)
    if (index === undefined) return []
    const { executing } = this.#data(index, this.#checkpoints.at(index))
    return Array.from({ length: executing.length / EXECUTING_BYTES }, (_, i) =>
      decodeExecuting(executing.subarray(i * EXECUTING_BYTES, (i + 1) * EXECUTING_BYTES)),
    )
  }

  /** Logs of a block. */
  logCount(number: bigint): number {
    const index = this.#checkpoints.indexOf(number)
    return index === undefined ? 0 : this.#checkpoints.at(index).logsEnd - this.#before(index).logsEnd
  }

  /** Drops the blocks above a number; it is on the disk when this returns. */
  rewind(number: bigint): void {
    if (!this.#checkpoints.keep(this.#checkpoints.countUpTo(number))) return
    this.#cache.clear()
    this.#cut()
  }

  /** What was appended outlives the machine's power once this returns. */
  sync(): void {
    if (this.#checkpoints.unsynced === 0) return
    this.#logs.sync()
    this.#executing.sync()
    this.#checkpoints.sync()
  }

  /** A sentence for each thing that is not as it was written; the first twenty. Changes nothing. */
  verify(): readonly string[] {
    const findings = this.#checkpoints.verify()
    for (let index = 0; index < this.#checkpoints.count && findings.length < 20; index++) {
      try {
        this.#load(index, this.#checkpoints.at(index))
      } catch (error) {
        if (!(error instanceof Error)) throw error
        findings.push(error.message)
      }
    }
    const { logsEnd, executingEnd } = this.#checkpoints.last ?? { logsEnd: 0, executingEnd: 0 }
    const [logs, executing] = [
      this.#logs.size - logsEnd * LOG_BYTES,
      this.#executing.size - executingEnd * EXECUTING_BYTES,
    ]
    if (logs > 0) findings.push(`${logs} bytes of logs belong to no block`)
    if (executing > 0) findings.push(`${executing} bytes of executed messages belong to no block`)
    return findings
  }

  close(): void {
    this.#checkpoints.close()
    this.#logs.close()
    this.#executing.close()
  }

  /** Keeps the blocks that are whole. What was on the disk for certain is not looked at again, but as it is read. */
  #recover(): void {
    const count = this.#checkpoints.recover((index, block) => {
      try {
        this.#load(index, block)
        return true
      } catch (error) {
        if (error instanceof RangeError || (error as { readonly code?: string }).code === 'SUPERVISOR_DB_CORRUPT')
          return false
        throw error
      }
    })
    this.#checkpoints.keep(count)
    this.#cut()
  }

  #cut(): void {
    const { logsEnd, executingEnd } = this.#checkpoints.last ?? { logsEnd: 0, executingEnd: 0 }
    if (this.#logs.size < logsEnd * LOG_BYTES || this.#executing.size < executingEnd * EXECUTING_BYTES)
      throw corrupt('logs are missing that a checkpoint counts')
    this.#logs.truncate(logsEnd * LOG_BYTES)
    this.#executing.truncate(executingEnd * EXECUTING_BYTES)
  }

  #before(index: number): Pick<Checkpoint, 'logsEnd' | 'executingEnd'> {
    return index === 0 ? { logsEnd: 0, executingEnd: 0 } : this.#checkpoints.at(index - 1)
  }

  #data(index: number, block: Checkpoint): BlockData {
    const cached = this.#cache.get(index)
    if (cached !== undefined) return cached
    const data = this.#load(index, block)
    this.#cache.set(index, data)
    return data
  }

  #load(index: number, block: Checkpoint): BlockData {
    const from = this.#before(index)
    if (block.logsEnd < from.logsEnd || block.executingEnd < from.executingEnd)
      throw corrupt(`block ${block.number} ends before it begins`)
    const read = (file: FlatFile, begin: number, end: number, size: number): Uint8Array => {
      if (end * size > file.size) throw corrupt(`logs of block ${block.number} are missing`)
      return file.read(begin * size, (end - begin) * size)
    }
    const logs = read(this.#logs, from.logsEnd, block.logsEnd, LOG_BYTES)
    const executing = read(this.#executing, from.executingEnd, block.executingEnd, EXECUTING_BYTES)
    if (crc32(executing, crc32(logs)) !== block.dataSum)
      throw corrupt(`the logs of block ${block.number} do not match their checksum`)
    return { logs, executing }
  }
}
