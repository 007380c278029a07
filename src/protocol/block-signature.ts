import { bigIntToPadded, concatBytes, type Hash, hexToBytes, ZERO_HASH } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import type { Payload } from './payload.ts'
import { encodePayloadSsz } from './payload-ssz.ts'

/** What sets signatures of blocks apart from others: the first version's domain. */
export const BLOCK_SIGNING_DOMAIN: Hash = ZERO_HASH

/** The hash of a block's SSZ encoding, 32 bytes: what a signer is told. @throws AppError PAYLOAD_UNENCODABLE */
export function payloadHash(payload: Payload): Uint8Array {
  return keccak256(encodePayloadSsz(payload))
}

/**
 * What is signed of a block, 32 bytes.
 * @param payloadHash of the SSZ encoding, 32 bytes
 * @see https://specs.optimism.io/protocol/rollup-node-p2p.html#block-signatures
 */
export function blockSigningHash(
  chainId: bigint,
  payloadHash: Uint8Array,
  domain: Hash = BLOCK_SIGNING_DOMAIN,
): Uint8Array {
  return keccak256(concatBytes(hexToBytes(domain), bigIntToPadded(chainId, 32), payloadHash))
}
