import type { L1BlockRef, L2BlockRef } from '../protocol/refs.ts'
import type { DriverState } from './driver-state.ts'

/** Where a rollup node is, as op-node tells it. Undefined: it does not know yet. @see op-service, eth.SyncStatus */
export interface SyncStatus {
  /** The L1 block that is being read: safe blocks come from those before it. */
  readonly currentL1: L1BlockRef | undefined
  readonly headL1: L1BlockRef | undefined
  readonly safeL1: L1BlockRef | undefined
  readonly finalizedL1: L1BlockRef | undefined
  readonly unsafe: L2BlockRef | undefined
  readonly crossUnsafe: L2BlockRef | undefined
  readonly pendingSafe: L2BlockRef | undefined
  readonly localSafe: L2BlockRef | undefined
  /** Cross-safe: what the engine calls safe. */
  readonly safe: L2BlockRef | undefined
  readonly finalized: L2BlockRef | undefined
}

/** What a driver's state says of it. */
export function syncStatusOf({ l1, derivation, heads }: Pick<DriverState, 'l1' | 'derivation' | 'heads'>): SyncStatus {
  return {
    currentL1: derivation.origin,
    headL1: l1.head,
    safeL1: l1.safe,
    finalizedL1: l1.finalized,
    unsafe: heads?.unsafe,
    crossUnsafe: heads?.crossUnsafe,
    pendingSafe: heads?.pendingSafe,
    localSafe: heads?.localSafe,
    safe: heads?.crossSafe,
    finalized: heads?.finalized,
  }
}
