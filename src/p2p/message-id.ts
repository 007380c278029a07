import { createHash } from 'node:crypto'
import { isAppError } from '../primitives/errors.ts'
import { unpackGossip } from './gossip-data.ts'

const VALID_SNAPPY = Uint8Array.of(1, 0, 0, 0)
const INVALID_SNAPPY = Uint8Array.of(0, 0, 0, 0)
const ID_SIZE = 20

/** A message as its id depends on it. */
export interface IdentifiedMessage {
  readonly topic: string
  readonly data: Uint8Array
}

/** What is hashed of a message's data, and the domain that says which it is. */
function hashed(data: Uint8Array): readonly [Uint8Array, Uint8Array] {
  try {
    return [VALID_SNAPPY, unpackGossip(data)]
  } catch (error) {
    if (!isAppError(error, 'SNAPPY_INVALID')) throw error
    return [INVALID_SNAPPY, data]
  }
}

/**
 * A message's id: the same for all ways in which one content can be packed.
 * @returns 20 bytes
 * @see https://specs.optimism.io/protocol/rollup-node-p2p.html#message-id-computation
 */
export function messageId({ topic, data }: IdentifiedMessage): Uint8Array {
  const [domain, content] = hashed(data)
  const name = new TextEncoder().encode(topic)
  const length = new Uint8Array(8)
  new DataView(length.buffer).setBigUint64(0, BigInt(name.length), true)
  const hash = createHash('sha256').update(domain).update(length).update(name).update(content)
  return new Uint8Array(hash.digest().subarray(0, ID_SIZE))
}

/** Tells copies of one message apart from others before anything is unpacked: the same message comes from several peers. */
export function packedId({
  topic,
  data = new Uint8Array(0),
}: {
  readonly topic: string
  readonly data?: Uint8Array
}): string {
  return createHash('sha256').update(topic).update('\0').update(data).digest('base64')
}
