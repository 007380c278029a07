import { AppError } from '../primitives/errors.ts'
import type { OpForks } from './forks.ts'
import type { L1BlockRef, L2BlockRef } from './refs.ts'
import type { RollupConfig } from './rollup-config.ts'

/** Codes of origin selection; both mean that the chains no longer fit together. */
export type OriginErrorCode = 'ORIGIN_MISMATCH' | 'ORIGIN_ORPHANED'

/** What origin selection gives. */
export type NextOrigin =
  | { readonly tag: 'origin'; readonly origin: L1BlockRef }
  /** The child of the current origin is needed first: ask L1 for it, not in a tight loop. */
  | { readonly tag: 'needNext' }

const FJORD_MAX_SEQUENCER_DRIFT = 1_800n

/** How far L2 time may run ahead of its L1 origin, in seconds. @param originTime of that origin: it selects the rule */
export function maxSequencerDrift(
  config: Pick<RollupConfig, 'forks' | 'maxSequencerDrift'>,
  originTime: bigint,
): bigint {
  return config.forks.isActive('fjord', originTime) ? FJORD_MAX_SEQUENCER_DRIFT : config.maxSequencerDrift
}

/** What the choice depends on. */
export interface OriginChoice {
  readonly config: Pick<RollupConfig, 'forks' | 'blockTime' | 'maxSequencerDrift'>
  /** The block to build on. */
  readonly parent: L2BlockRef
  /** The parent's L1 origin. */
  readonly current: L1BlockRef
  /** Its child, as far as it is known (and deep enough to be used). */
  readonly next: L1BlockRef | undefined
  /** Choose as the derivation of empty blocks would: the child must be known, to be adopted as soon as it can be. */
  readonly recover?: boolean
}

/**
 * The L1 origin of the L2 block after `parent`.
 * @throws AppError ORIGIN_MISMATCH, ORIGIN_ORPHANED, both with severity `reset`
 * @see OP specs: derivation, "L1 origin selection" of the sequencer
 */
export function nextOrigin(choice: OriginChoice): NextOrigin {
  const { config, parent, current, next } = choice
  if (parent.l1Origin.hash !== current.hash) {
    throw new AppError<OriginErrorCode>('ORIGIN_MISMATCH', {
      message: `L2 block ${parent.hash} has L1 origin ${parent.l1Origin.hash}, not ${current.hash}`,
      severity: 'reset',
    })
  }
  if (next !== undefined && next.parentHash !== current.hash) {
    throw new AppError<OriginErrorCode>('ORIGIN_ORPHANED', {
      message: `L1 block ${next.hash} does not follow the current origin ${current.hash}`,
      severity: 'reset',
    })
  }
  const timestamp = parent.timestamp + config.blockTime
  if (next === undefined) {
    const late = timestamp - current.timestamp > maxSequencerDrift(config, current.timestamp)
    return late || choice.recover === true ? { tag: 'needNext' } : { tag: 'origin', origin: current }
  }
  return { tag: 'origin', origin: timestamp >= next.timestamp ? next : current }
}

/** Forks whose first block holds no transactions of users. */
const QUIET_ACTIVATIONS = ['ecotone', 'fjord', 'isthmus', 'jovian', 'karst', 'interop'] as const

/** Whether the block at `timestamp` is the first of a fork that keeps user transactions out of it. */
export function isQuietActivation(forks: OpForks, timestamp: bigint, blockTime: bigint): boolean {
  return QUIET_ACTIVATIONS.some((fork) => forks.isActivationBlock(fork, timestamp, blockTime))
}

/**
 * Whether a sequencer must leave the transaction pool out of the block at `timestamp`: it runs too far ahead of its origin,
 * or a fork activates with it.
 */
export function mustExcludePool(
  config: Pick<RollupConfig, 'forks' | 'blockTime' | 'maxSequencerDrift'>,
  timestamp: bigint,
  originTime: bigint,
): boolean {
  const drifted = timestamp > originTime + maxSequencerDrift(config, originTime)
  return drifted || isQuietActivation(config.forks, timestamp, config.blockTime)
}
