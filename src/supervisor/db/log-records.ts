import { bigIntToPadded, bytesToBigInt, bytesToHex, hexToBytes } from '../../primitives/hex.ts'
import type { ExecutingMessage } from '../../protocol/executing-message.ts'
import type { BlockId } from '../../protocol/refs.ts'

/** Bytes of a log: of its message's checksum those behind the first, which is the same for all. */
export const LOG_BYTES = 20
/** Bytes of a message that is executed. */
export const EXECUTING_BYTES = 88
/** Bytes of a block's checkpoint. */
export const CHECKPOINT_BYTES = 80

/** An executed message, and the log that says so. */
export interface ExecutingLog extends ExecutingMessage {
  /** Of the executing log in its own block. */
  readonly at: number
}

/** A block whose logs are stored. */
export interface LogBlock extends BlockId {
  /** Unix seconds. */
  readonly timestamp: bigint
}

/** What is stored of a block: itself, where its logs end, and checksums. */
export interface Checkpoint extends LogBlock {
  /** Logs up to this block's end, and executed messages. */
  readonly logsEnd: number
  readonly executingEnd: number
  /** Blocks that were on the disk for certain when this one was written. */
  readonly synced: number
  /** CRC-32 of the block's logs and executed messages. */
  readonly dataSum: number
}

const HEAD = CHECKPOINT_BYTES - 4

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** What stands in a checkpoint before its own checksum. */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const bytes = new Uint8Array(HEAD)
  const view = viewOf(bytes)
  bytes.set(hexToBytes(checkpoint.hash))
  view.setBigUint64(32, checkpoint.number)
  view.setBigUint64(40, checkpoint.timestamp)
  view.setBigUint64(48, BigInt(checkpoint.logsEnd))
  view.setBigUint64(56, BigInt(checkpoint.executingEnd))
  view.setUint32(64, checkpoint.dataSum)
  view.setBigUint64(68, BigInt(checkpoint.synced))
  return bytes
}

/** The checkpoint of 80 bytes; its checksum is not looked at. */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const view = viewOf(bytes)
  return {
    hash: bytesToHex(bytes.subarray(0, 32)),
    number: view.getBigUint64(32),
    timestamp: view.getBigUint64(40),
    logsEnd: Number(view.getBigUint64(48)),
    executingEnd: Number(view.getBigUint64(56)),
    dataSum: view.getUint32(64),
    synced: Number(view.getBigUint64(68)),
  }
}

/** What is stored of a message's checksum. */
export function truncateChecksum(checksum: Uint8Array): Uint8Array {
  return checksum.subarray(1, 1 + LOG_BYTES)
}

/** The 88 bytes of an executed message. */
export function encodeExecuting(message: ExecutingLog): Uint8Array {
  const bytes = new Uint8Array(EXECUTING_BYTES)
  const view = viewOf(bytes)
  view.setUint32(0, message.at)
  bytes.set(bigIntToPadded(message.chainId, 32), 4)
  view.setBigUint64(36, message.blockNumber)
  view.setUint32(44, message.logIndex)
  view.setBigUint64(48, message.timestamp)
  bytes.set(hexToBytes(message.checksum), 56)
  return bytes
}

/** The executed message of 88 bytes. */
export function decodeExecuting(bytes: Uint8Array): ExecutingLog {
  const view = viewOf(bytes)
  return {
    at: view.getUint32(0),
    chainId: bytesToBigInt(bytes.subarray(4, 36)),
    blockNumber: view.getBigUint64(36),
    logIndex: view.getUint32(44),
    timestamp: view.getBigUint64(48),
    checksum: bytesToHex(bytes.subarray(56, 88)),
  }
}
