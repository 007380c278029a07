import { bigIntToPadded, bytesToHex, type Hash } from '../primitives/hex.ts'
import { CROSS_L2_INBOX, type ExecutingMessage } from './executing-message.ts'
import type { SignedTransaction } from './transaction.ts'

/** The entries of a transaction's access list that name messages, in order: storage keys of the inbox. */
export function inboxEntries(transaction: SignedTransaction): readonly Hash[] {
  if (transaction.type === 0) return []
  return transaction.accessList.flatMap(({ address, storageKeys }) => (address === CROSS_L2_INBOX ? storageKeys : []))
}

const LOOKUP = 1
const CHAIN_ID_EXTENSION = 2

/**
 * The entries that stand for a message: where it is, the rest of a chain id of more than 64 bits, and the checksum.
 * @see specs: interop, predeploys, CrossL2Inbox, access list
 */
export function messageEntries(message: ExecutingMessage): readonly Hash[] {
  const chainId = bigIntToPadded(message.chainId, 32)
  const lookup = new Uint8Array(32)
  const view = new DataView(lookup.buffer)
  lookup[0] = LOOKUP
  lookup.set(chainId.subarray(24), 4)
  view.setBigUint64(12, message.blockNumber)
  view.setBigUint64(20, message.timestamp)
  view.setUint32(28, message.logIndex)
  const extension = new Uint8Array(32)
  extension[0] = CHAIN_ID_EXTENSION
  extension.set(chainId.subarray(0, 24), 8)
  const isWide = message.chainId >= 1n << 64n
  return [bytesToHex(lookup), ...(isWide ? [bytesToHex(extension)] : []), message.checksum]
}
