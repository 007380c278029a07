import { AppError, isAppError } from '../primitives/errors.ts'
import { concatBytes, EMPTY_BYTES } from '../primitives/hex.ts'
import { payloadHeader } from '../protocol/execution-payload.ts'
import type { OpForks } from '../protocol/forks.ts'
import { hashHeader } from '../protocol/header.ts'
import type { Payload } from '../protocol/payload.ts'
import { encodePayloadSsz } from '../protocol/payload-ssz.ts'
import { decodePayloadSsz } from '../protocol/payload-ssz-decode.ts'
import { type PayloadVersion, payloadHas, payloadVersionAt } from '../protocol/payload-version.ts'
import { MAX_GOSSIP_SIZE } from './gossip-data.ts'
import { packFrames, unpackFrames } from './snappy-frames.ts'

/** Bytes of a request: a block's number, little-endian. */
export const REQUEST_SIZE = 8

/** How a request ended; the first byte of an answer. */
export const RESULT = { success: 0, notFound: 1, invalid: 2, unknown: 3 } as const

/** A number of {@link RESULT}. */
export type ResultCode = (typeof RESULT)[keyof typeof RESULT]

/**
 * Codes of requests to peers. `ANSWER_REFUSED`: the peer says why it has no block, `data.result` is its result code.
 * `ANSWER_INVALID`: what it sent is not the block that was asked for.
 */
export type RequestErrorCode = 'ANSWER_REFUSED' | 'ANSWER_INVALID'

const WORDS = ['success', 'not found', 'invalid request', 'unknown error']

/**
 * The protocol by which peers ask each other for blocks.
 * @see https://specs.optimism.io/protocol/rollup-node-p2p.html#payload_by_number
 */
export function payloadByNumberProtocol(chainId: bigint): string {
  return `/opstack/req/payload_by_number/${chainId}/0`
}

/** A request. */
export function encodeRequest(number: bigint): Uint8Array {
  const bytes = new Uint8Array(REQUEST_SIZE)
  new DataView(bytes.buffer).setBigUint64(0, number, true)
  return bytes
}

/** The number that a request of {@link REQUEST_SIZE} bytes asks for. */
export function decodeRequest(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, REQUEST_SIZE).getBigUint64(0, true)
}

/** An answer that has a block. @throws AppError PAYLOAD_UNENCODABLE */
export function encodeAnswer(forks: OpForks, payload: Payload): Uint8Array {
  const version = forks.isActive('ecotone', payload.header.timestamp) ? 1 : 0
  const head = Uint8Array.of(RESULT.success, version, 0, 0, 0)
  return concatBytes(head, packFrames(encodePayloadSsz(payload)))
}

function unusable(message: string): AppError<RequestErrorCode> {
  return new AppError<RequestErrorCode>('ANSWER_INVALID', { message })
}

/** The encoding that an answer's version stands for, at the time of its block. */
function versionOf(number: number, forks: OpForks, timestamp: bigint): PayloadVersion {
  if (number > 1) throw unusable(`unrecognized version: ${number}`)
  const since = payloadVersionAt(forks, timestamp)
  if (number === 0) return payloadHas(since, 'canyon') ? 'canyon' : 'bedrock'
  return payloadHas(since, 'isthmus') ? 'isthmus' : 'ecotone'
}

/** A block that was asked for. */
export interface AskedBlock {
  readonly number: bigint
  /** By the chain's block time; unix seconds. */
  readonly timestamp: bigint
}

/** Reads an answer. @throws AppError ANSWER_REFUSED, ANSWER_INVALID */
export function decodeAnswer(answer: Uint8Array, asked: AskedBlock, forks: OpForks): Payload {
  const [result] = answer
  if (result === undefined) throw unusable('no answer')
  if (result !== RESULT.success) {
    const message = `peer failed to serve request with code ${result}: ${WORDS[result] ?? 'invalid code'}`
    throw new AppError<RequestErrorCode>('ANSWER_REFUSED', { message, data: { result } })
  }
  if (answer.length < 5) throw unusable('the answer is cut')
  const version = new DataView(answer.buffer, answer.byteOffset).getUint32(1, true)
  try {
    const encoded = answer.length === 5 ? EMPTY_BYTES : unpackFrames(answer.subarray(5), MAX_GOSSIP_SIZE)
    const { payload, parentBeaconBlockRoot } = decodePayloadSsz(encoded, versionOf(version, forks, asked.timestamp))
    if (payload.blockNumber !== asked.number) {
      throw unusable(`received block ${payload.blockNumber}, but expected block ${asked.number}`)
    }
    const header = payloadHeader(payload, { parentBeaconBlockRoot })
    const hash = hashHeader(header)
    if (hash !== payload.blockHash)
      throw unusable(`received block with bad block hash ${payload.blockHash}, expected ${hash}`)
    const { transactions, withdrawals } = payload
    return { hash, header, transactions, ...(withdrawals !== undefined && { withdrawals }) }
  } catch (error) {
    if (isAppError(error, 'FRAMES_INVALID') || isAppError(error, 'PAYLOAD_MALFORMED')) throw unusable(error.message)
    throw error
  }
}
