import type { RollupConfig } from '../protocol/rollup-config.ts'

/** What the limits of derivation depend on. */
export type LimitsConfig = Pick<RollupConfig, 'forks' | 'channelTimeout' | 'maxSequencerDrift'>

const CHANNEL_TIMEOUT_GRANITE = 50n
const MAX_SEQUENCER_DRIFT_FJORD = 1800n

/** Bytes that the channel bank holds, each frame with its overhead. @param l1Time of the L1 block that is being read */
export function maxChannelBankSize({ forks }: LimitsConfig, l1Time: bigint): number {
  return forks.isActive('fjord', l1Time) ? 1_000_000_000 : 100_000_000
}

/** Bytes of batches that are read from a channel. @param l1Time of the L1 block that is being read */
export function maxChannelContent({ forks }: LimitsConfig, l1Time: bigint): number {
  return forks.isActive('fjord', l1Time) ? 100_000_000 : 10_000_000
}

/** L1 blocks after its first frame in which a channel can be completed. @param l1Time of the L1 block that is being read */
export function channelTimeout({ forks, channelTimeout }: LimitsConfig, l1Time: bigint): bigint {
  return forks.isActive('granite', l1Time) ? CHANNEL_TIMEOUT_GRANITE : channelTimeout
}

/** Seconds that L2 time may be ahead of its origin's. @param originTime of the L1 origin of the L2 block in question */
export function maxSequencerDrift({ forks, maxSequencerDrift }: LimitsConfig, originTime: bigint): bigint {
  return forks.isActive('fjord', originTime) ? MAX_SEQUENCER_DRIFT_FJORD : maxSequencerDrift
}
