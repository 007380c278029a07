import { concatBytes } from '../primitives/hex.ts'
import { packSnappy } from '../primitives/snappy.ts'
import type { OpForks } from '../protocol/forks.ts'
import type { Payload } from '../protocol/payload.ts'
import { encodePayloadSsz } from '../protocol/payload-ssz.ts'
import { type PayloadVersion, payloadVersionAt } from '../protocol/payload-version.ts'

/** A signed block as it is gossiped. */
export interface BlockMessage {
  /** Says the topic. */
  readonly version: PayloadVersion
  /** Packed: the signature, then the block. */
  readonly data: Uint8Array
}

/**
 * A signed block's message. @param signature r ‖ s ‖ y parity, 65 bytes
 * @throws AppError PAYLOAD_UNENCODABLE
 */
export function blockMessage(forks: OpForks, payload: Payload, signature: Uint8Array): BlockMessage {
  return {
    version: payloadVersionAt(forks, payload.header.timestamp),
    data: packSnappy(concatBytes(signature, encodePayloadSsz(payload))),
  }
}
