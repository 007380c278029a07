import { PAYLOAD_VERSIONS, type PayloadVersion } from '../protocol/payload-version.ts'

/**
 * The topic on which blocks of an encoding are gossiped.
 * @see https://specs.optimism.io/protocol/rollup-node-p2p.html#gossip-topics
 */
export function blockTopic(chainId: bigint, version: PayloadVersion): string {
  return `/optimism/${chainId}/${PAYLOAD_VERSIONS.indexOf(version)}/blocks`
}
