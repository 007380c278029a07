import { bytesToHex, type Hash, hexToBytes, toWord } from '../../src/primitives/hex.ts'
import { keccak256, keccakHash } from '../../src/primitives/keccak.ts'
import { type ExecutingMessage, executingMessage, hashOfLog } from '../../src/protocol/executing-message.ts'
import { messageChecksum } from '../../src/protocol/message-checksum.ts'
import type { Log, Receipt } from '../../src/protocol/receipt.ts'
import type { BlockId, L2BlockRef } from '../../src/protocol/refs.ts'
import { executingMessageLog } from './executing-log.ts'
import { MESSAGE_GENESIS } from './message-chains.ts'

/** What a log is of: its own content, or a message that it executes. `salt` tells logs apart that stand at the same place. */
export type LogSpec =
  | { readonly tag: 'emits'; readonly salt: number }
  | {
      readonly tag: 'executes'
      readonly chainId: bigint
      readonly blockNumber: bigint
      readonly logIndex: number
      readonly timestamp: bigint
      readonly salt: number
    }

/** What a block is made of. */
export interface BlockSpec {
  readonly chainId: bigint
  readonly number: bigint
  readonly parentHash: Hash
  readonly l1Origin: BlockId
  readonly logs: readonly LogSpec[]
  /** The block that it stands for. */
  readonly replaces?: Hash
}

/** A block of a modelled chain. */
export interface ModelBlock {
  readonly spec: BlockSpec
  readonly ref: L2BlockRef
  readonly receipts: readonly Receipt[]
}

const EMITTER = hexToBytes('5fbdb2315678afecb367f032d93f642f64180aa3')

function emitted(salt: number): Log {
  return { address: bytesToHex(EMITTER), topics: [toWord(BigInt(salt))], data: Uint8Array.of(1) }
}

function logOf(spec: LogSpec): Log {
  if (spec.tag === 'emits') return emitted(spec.salt)
  const [topic] = emitted(spec.salt).topics
  const payload = bytesToHex(keccak256(Uint8Array.of(...hexToBytes(topic ?? '0x'), 1)))
  return executingMessageLog(EMITTER, payload, spec)
}

/** What a message of a block is known by; undefined where the block has no such log. */
export function checksumIn({ spec, ref }: ModelBlock, logIndex: number): Hash | undefined {
  const log = spec.logs[logIndex]
  if (log === undefined) return undefined
  const { chainId, number: blockNumber } = spec
  return messageChecksum(hashOfLog(logOf(log)), { chainId, blockNumber, timestamp: ref.timestamp, logIndex })
}

/** The message that a log executes. */
export function executedBy(spec: LogSpec): ExecutingMessage | undefined {
  return spec.tag === 'executes' ? executingMessage(logOf(spec)) : undefined
}

/** Makes a block of what it is to be: the same, the same. */
export function makeBlock(spec: BlockSpec, blockTime: bigint): ModelBlock {
  const text = JSON.stringify(spec, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
  const ref: L2BlockRef = {
    hash: keccakHash(new TextEncoder().encode(text)),
    number: spec.number,
    parentHash: spec.parentHash,
    timestamp: MESSAGE_GENESIS + spec.number * blockTime,
    l1Origin: spec.l1Origin,
    sequenceNumber: 0n,
  }
  const receipt: Receipt = {
    type: 2,
    status: 1,
    cumulativeGasUsed: 0n,
    logsBloom: new Uint8Array(256),
    logs: spec.logs.map(logOf),
  }
  return { spec, ref, receipts: [receipt] }
}

/** What stands for an invalid block: with nothing in it. */
export function replacementOf({ spec, ref }: ModelBlock, blockTime: bigint): ModelBlock {
  return makeBlock({ ...spec, logs: [], replaces: ref.hash }, blockTime)
}
