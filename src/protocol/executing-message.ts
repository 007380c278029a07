import { AppError } from '../primitives/errors.ts'
import { bytesToBigInt, type Hash, hexToBytes, joinBytes } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import { logHash, type MessagePlace, messageChecksum } from './message-checksum.ts'
import type { Log } from './receipt.ts'

/** Codes of messages. `EXECUTING_MESSAGE_MALFORMED` (invalid): the inbox has emitted what no message is. */
export type ExecutingMessageErrorCode = 'EXECUTING_MESSAGE_MALFORMED'

/** The predeploy that messages are executed through. */
export const CROSS_L2_INBOX = '0x4200000000000000000000000000000000000022'

/** Topic of `ExecutingMessage(bytes32 indexed msgHash, (address, uint256, uint256, uint256, uint256) id)`. */
export const EXECUTING_MESSAGE_TOPIC: Hash = '0x5c37832d2e8d10e346e55ad62071a6a2f9fa5130614ef2ec6617555c6f467ba7'

/** A message of another chain, or of the same, that a log says was executed. */
export interface ExecutingMessage extends MessagePlace {
  /** What commits to the place and the content. */
  readonly checksum: Hash
}

/** Words of the identifier, in their order, and how many of their bytes may be other than zero. */
const WORDS = { origin: [0, 20], blockNumber: [1, 8], logIndex: [2, 4], timestamp: [3, 8], chainId: [4, 32] } as const
const WORD = 32

function malformed(message: string): AppError<ExecutingMessageErrorCode> {
  return new AppError<ExecutingMessageErrorCode>('EXECUTING_MESSAGE_MALFORMED', { message })
}

function word(data: Uint8Array, name: keyof typeof WORDS): Uint8Array {
  const [index, bytes] = WORDS[name]
  const end = (index + 1) * WORD
  if (data.subarray(index * WORD, end - bytes).some((byte) => byte !== 0))
    throw malformed(`the message's ${name} has more than ${bytes} bytes`)
  return data.subarray(end - bytes, end)
}

/** The hash of a log's payload, which is its topics and then its data: what the inbox calls `msgHash`. */
export function payloadHash(log: Log): Uint8Array {
  return keccak256(joinBytes([...log.topics.map(hexToBytes), log.data]))
}

/** The hash of a log: of who emitted it and what it holds. */
export function hashOfLog(log: Log): Uint8Array {
  return logHash(hexToBytes(log.address), payloadHash(log))
}

/**
 * The message that a log says was executed; undefined for any other log.
 * @throws AppError EXECUTING_MESSAGE_MALFORMED
 * @see specs: interop, predeploys, CrossL2Inbox, ExecutingMessage
 */
export function executingMessage(log: Log): ExecutingMessage | undefined {
  const [topic, messageHash] = log.topics
  if (log.address !== CROSS_L2_INBOX || log.topics.length !== 2 || topic !== EXECUTING_MESSAGE_TOPIC) return undefined
  if (log.data.length !== WORD * Object.keys(WORDS).length)
    throw malformed(`a message's identifier of ${log.data.length} bytes`)
  const number = (name: keyof typeof WORDS): bigint => bytesToBigInt(word(log.data, name))
  const place = {
    chainId: number('chainId'),
    blockNumber: number('blockNumber'),
    timestamp: number('timestamp'),
    logIndex: Number(number('logIndex')),
  }
  const hash = logHash(word(log.data, 'origin'), hexToBytes(messageHash as Hash))
  return { ...place, checksum: messageChecksum(hash, place) }
}
