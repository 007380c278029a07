import { concatBytes, type Hash, hexToBytes, toWord } from '../../src/primitives/hex.ts'
import { CROSS_L2_INBOX, EXECUTING_MESSAGE_TOPIC } from '../../src/protocol/executing-message.ts'
import type { MessagePlace } from '../../src/protocol/message-checksum.ts'
import type { Log } from '../../src/protocol/receipt.ts'

/** The log of an executed message, as the inbox emits it. @param origin who emitted the message, 20 bytes */
export function executingMessageLog(origin: Uint8Array, messageHash: Hash, place: MessagePlace): Log {
  const { blockNumber, logIndex, timestamp, chainId } = place
  const words = [blockNumber, BigInt(logIndex), timestamp, chainId].map((each) => hexToBytes(toWord(each)))
  const data = concatBytes(new Uint8Array(12), origin, ...words)
  return { address: CROSS_L2_INBOX, topics: [EXECUTING_MESSAGE_TOPIC, messageHash], data }
}
