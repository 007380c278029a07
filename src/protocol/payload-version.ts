import type { OpForks } from './forks.ts'

/** Encodings of payloads, oldest first; the position is the number in a gossip topic's name. */
export const PAYLOAD_VERSIONS = ['bedrock', 'canyon', 'ecotone', 'isthmus'] as const

/** An encoding of payloads, called by the upgrade that brought it. */
export type PayloadVersion = (typeof PAYLOAD_VERSIONS)[number]

/** The encoding of a block by its time (unix seconds). */
export function payloadVersionAt(forks: OpForks, timestamp: bigint): PayloadVersion {
  return PAYLOAD_VERSIONS.findLast((version) => forks.isActive(version, timestamp)) ?? 'bedrock'
}

/** Whether an encoding has what another one brought. */
export function payloadHas(version: PayloadVersion, since: PayloadVersion): boolean {
  return PAYLOAD_VERSIONS.indexOf(version) >= PAYLOAD_VERSIONS.indexOf(since)
}
