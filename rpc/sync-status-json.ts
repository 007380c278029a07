import type { SyncStatus } from '../src/driver/sync-status.ts'
import type { BlockId, L1BlockRef, L2BlockRef } from '../src/protocol/refs.ts'

const NOTHING: BlockId = { hash: `0x${'00'.repeat(32)}`, number: 0n }

/** A block in op-node's JSON: numbers are numbers there; zeros where there is none. */
export function blockIdJson({ hash, number }: BlockId = NOTHING): object {
  return { hash, number: Number(number) }
}

/** A block and its place; zeros where there is none. */
export function refJson(ref: L1BlockRef | undefined): object {
  if (ref === undefined) return { ...blockIdJson(), parentHash: NOTHING.hash, timestamp: 0 }
  return { ...blockIdJson(ref), parentHash: ref.parentHash, timestamp: Number(ref.timestamp) }
}

/** An L2 block and its places; zeros where there is none. */
export function l2RefJson(ref: L2BlockRef | undefined): object {
  return {
    ...refJson(ref),
    l1origin: blockIdJson(ref?.l1Origin),
    sequenceNumber: Number(ref?.sequenceNumber ?? 0n),
  }
}

/** op-node's sync status; zeros for what is not known. */
export function syncStatusJson(status: SyncStatus): object {
  return {
    current_l1: refJson(status.currentL1),
    // As op-node, which keeps it for those who still read it.
    current_l1_finalized: refJson(status.finalizedL1),
    head_l1: refJson(status.headL1),
    safe_l1: refJson(status.safeL1),
    finalized_l1: refJson(status.finalizedL1),
    unsafe_l2: l2RefJson(status.unsafe),
    safe_l2: l2RefJson(status.safe),
    finalized_l2: l2RefJson(status.finalized),
    pending_safe_l2: l2RefJson(status.pendingSafe),
    cross_unsafe_l2: l2RefJson(status.crossUnsafe),
    local_safe_l2: l2RefJson(status.localSafe),
  }
}
