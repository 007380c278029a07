import { bigIntToPadded, bytesToBigInt, type Hash, hexToBytes, joinBytes } from '../primitives/hex.ts'
import type { ExecutingMessage } from '../protocol/executing-message.ts'
import { queryError } from './query-errors.ts'

const LOOKUP = 1
const CHAIN_ID_EXTENSION = 2
const CHECKSUM = 3

function malformed(what: string): Error {
  return queryError('SUPERVISOR_ACCESS_LIST_INVALID', `failed to read data: ${what}`)
}

/** The entry at a place, which must be there. */
function entryAt(entries: readonly Hash[], index: number): Uint8Array {
  const entry = entries[index]
  if (entry === undefined) throw malformed('expected entry')
  return hexToBytes(entry)
}

function expectZeros(bytes: Uint8Array): void {
  if (bytes.some((byte) => byte !== 0)) throw malformed('expected zero bytes')
}

/**
 * Reads the messages that the inbox's entries of an access list stand for, one after another: for each where it is, the rest of its chain id
 * where that has more than 64 bits, and its checksum. Nothing else may stand among them: a checksum that nobody looks at could be executed.
 * @throws AppError SUPERVISOR_ACCESS_LIST_INVALID when it comes to what is no message
 * @see specs: interop, predeploys, CrossL2Inbox, access list
 */
export function* accessedMessages(entries: readonly Hash[]): Generator<ExecutingMessage> {
  for (let index = 0; index < entries.length; ) {
    const lookup = entryAt(entries, index++)
    if (lookup[0] !== LOOKUP) throw malformed(`expected lookup, got entry type ${lookup[0]}: unexpected entry type`)
    expectZeros(lookup.subarray(1, 4))
    const view = new DataView(lookup.buffer)
    let chainId = view.getBigUint64(4)
    let entry = entryAt(entries, index++)
    if (entry[0] === CHAIN_ID_EXTENSION) {
      expectZeros(entry.subarray(1, 8))
      chainId = bytesToBigInt(joinBytes([entry.subarray(8), bigIntToPadded(chainId, 8)]))
      entry = entryAt(entries, index++)
    }
    if (entry[0] !== CHECKSUM) throw malformed(`expected checksum, got entry type ${entry[0]}: unexpected entry type`)
    yield {
      chainId,
      blockNumber: view.getBigUint64(12),
      timestamp: view.getBigUint64(20),
      logIndex: view.getUint32(28),
      checksum: entries[index - 1] as Hash,
    }
  }
}
