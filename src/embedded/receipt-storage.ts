import { bytesToHex, hexToBytes } from '../primitives/hex.ts'
import { decodeRlp, encodeRlp, type RlpInput, type RlpItem, rlpBytes, rlpList, rlpUint } from '../primitives/rlp.ts'
import { type Log, logsBloom, type Receipt } from '../protocol/receipt.ts'

/** A number that may be absent, as a list of none or one. */
function optional(value: bigint | undefined): RlpInput {
  return value === undefined ? [] : [value]
}

function optionalFromRlp(item: RlpItem | undefined): bigint | undefined {
  const [value] = rlpList(item)
  return value && rlpUint(value)
}

/**
 * A block's receipts as the store keeps them: without blooms, which follow from the logs, and with the deposit fields
 * even where the consensus encoding leaves them out.
 */
export function encodeStoredReceipts(receipts: readonly Receipt[]): Uint8Array {
  return encodeRlp(
    receipts.map(({ type, status, cumulativeGasUsed, logs, depositNonce, depositReceiptVersion }) => [
      type,
      status,
      cumulativeGasUsed,
      logs.map(({ address, topics, data }) => [hexToBytes(address), topics.map(hexToBytes), data]),
      optional(depositNonce),
      optional(depositReceiptVersion),
    ]),
  )
}

function logFromRlp(item: RlpItem): Log {
  const [address, topics, data] = rlpList(item)
  return {
    address: bytesToHex(rlpBytes(address)),
    topics: rlpList(topics).map((topic) => bytesToHex(rlpBytes(topic))),
    data: rlpBytes(data),
  }
}

/** Reads what {@link encodeStoredReceipts} has written. @throws AppError RLP_INVALID */
export function decodeStoredReceipts(bytes: Uint8Array): readonly Receipt[] {
  return rlpList(decodeRlp(bytes)).map((item) => {
    const [type, status, gasUsed, logItems, nonce, version] = rlpList(item)
    const logs = rlpList(logItems).map(logFromRlp)
    const depositNonce = optionalFromRlp(nonce)
    const depositReceiptVersion = optionalFromRlp(version)
    return {
      type: Number(rlpUint(type)),
      status: rlpUint(status) === 1n ? 1 : 0,
      cumulativeGasUsed: rlpUint(gasUsed),
      logsBloom: logsBloom(logs),
      logs,
      ...(depositNonce !== undefined && { depositNonce }),
      ...(depositReceiptVersion !== undefined && { depositReceiptVersion }),
    }
  })
}
