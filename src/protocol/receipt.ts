import { type Address, concatBytes, type Hash, hexToBytes } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import { encodeRlp } from '../primitives/rlp.ts'

/** One event log as the EVM emitted it. */
export interface Log {
  readonly address: Address
  readonly topics: readonly Hash[]
  readonly data: Uint8Array
}

/** The consensus part of a receipt. */
export interface Receipt {
  /** The transaction's EIP-2718 type. */
  readonly type: number
  readonly status: 0 | 1
  readonly cumulativeGasUsed: bigint
  /** 256 bytes. */
  readonly logsBloom: Uint8Array
  readonly logs: readonly Log[]
  /** Deposits from Regolith: the sender's nonce before execution. */
  readonly depositNonce?: bigint
  /** Deposits from Canyon: 1. Only with it do the two deposit fields enter the receipts root. */
  readonly depositReceiptVersion?: bigint
}

/** Adds one entry to a 256-byte bloom filter, in place. @see yellow paper, 4.3.1 */
function addToBloom(bloom: Uint8Array, entry: Uint8Array): void {
  const hash = keccak256(entry)
  for (const at of [0, 2, 4]) {
    const bit = (((hash[at] as number) << 8) | (hash[at + 1] as number)) & 2047
    const byte = 255 - (bit >> 3)
    bloom[byte] = (bloom[byte] as number) | (1 << (bit & 7))
  }
}

/** The bloom filter over addresses and topics of logs. */
export function logsBloom(logs: readonly Log[]): Uint8Array {
  const bloom = new Uint8Array(256)
  for (const log of logs) {
    addToBloom(bloom, hexToBytes(log.address))
    for (const topic of log.topics) addToBloom(bloom, hexToBytes(topic))
  }
  return bloom
}

/** The union of bloom filters. */
export function mergeBlooms(blooms: Iterable<Uint8Array>): Uint8Array {
  const out = new Uint8Array(256)
  for (const bloom of blooms) for (let i = 0; i < 256; i++) out[i] = (out[i] as number) | (bloom[i] as number)
  return out
}

function encodeWith(receipt: Receipt, depositFields: readonly bigint[]): Uint8Array {
  const body = encodeRlp([
    receipt.status,
    receipt.cumulativeGasUsed,
    receipt.logsBloom,
    receipt.logs.map((log) => [hexToBytes(log.address), log.topics.map(hexToBytes), log.data]),
    ...depositFields,
  ])
  return receipt.type === 0 ? body : concatBytes(Uint8Array.of(receipt.type), body)
}

/** The consensus encoding of a receipt: what the receipts trie holds. @see OP specs: deposits, "Deposit Receipt" */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  const { type, depositNonce = 0n, depositReceiptVersion } = receipt
  const enters = type === 0x7e && depositReceiptVersion !== undefined
  return encodeWith(receipt, enters ? [depositNonce, depositReceiptVersion] : [])
}

/** The encoding of `debug_getRawReceipts`: a deposit's nonce is in it even where it does not enter the receipts root. */
export function encodeWholeReceipt(receipt: Receipt): Uint8Array {
  const { depositNonce, depositReceiptVersion } = receipt
  return encodeWith(
    receipt,
    [depositNonce, depositReceiptVersion].filter((field) => field !== undefined),
  )
}
