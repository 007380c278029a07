import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { BlockSeal, ManagedEvent, ResetTarget, SafePair } from '../protocol/managed-mode.ts'
import type { OutputV0 } from '../protocol/output-root.ts'
import type { Receipt } from '../protocol/receipt.ts'
import type { BlockId, L1BlockRef, L2BlockRef } from '../protocol/refs.ts'

/**
 * Codes of managed nodes. `MANAGED_TARGET_UNKNOWN` (invalid): a block to go on from is not there. `MANAGED_TARGET_CONFLICTS` (invalid):
 * the node has another block of that number. `MANAGED_NO_EVENT` (temporary): none is waiting. `MANAGED_NO_ANCHOR` (invalid): messages were not
 * active at genesis. `MANAGED_NODE_GONE` (temporary): it cannot be reached. `MANAGED_RESET_REFUSED` (invalid): the node will not go back so far.
 * `MANAGED_BLOCK_UNKNOWN` (invalid): it does not have a block that it is told of.
 */
export type ManagedNodeErrorCode =
  | 'MANAGED_TARGET_UNKNOWN'
  | 'MANAGED_TARGET_CONFLICTS'
  | 'MANAGED_NO_EVENT'
  | 'MANAGED_NO_ANCHOR'
  | 'MANAGED_NODE_GONE'
  | 'MANAGED_RESET_REFUSED'
  | 'MANAGED_BLOCK_UNKNOWN'

/**
 * A rollup node as its supervisor manages it, over a connection or in this process. Calls are made once: what fails is for the supervisor to
 * make good, by telling again or by a reset.
 * @see managed mode specification
 */
export interface ManagedNode {
  /** For logs and metrics. */
  readonly name: string
  chainId(io: IoOptions): Promise<bigint>
  /**
   * Hands over events, one after another, each when the one before it is dealt with. Events from before it began may be missing.
   * @throws AppError MANAGED_NODE_GONE when the connection ends; the reason of the signal when that is aborted
   */
  follow(onEvent: (event: ManagedEvent) => Promise<void> | void, signal: AbortSignal): Promise<void>
  updateCrossUnsafe(block: BlockId, io: IoOptions): Promise<void>
  updateCrossSafe(derived: BlockId, source: BlockId, io: IoOptions): Promise<void>
  updateFinalized(block: BlockId, io: IoOptions): Promise<void>
  /** Has a block replaced. Answers before it is: an event tells of the replacement. */
  invalidateBlock(block: BlockSeal, io: IoOptions): Promise<void>
  provideL1(block: L1BlockRef, io: IoOptions): Promise<void>
  /** @throws AppError MANAGED_TARGET_UNKNOWN, MANAGED_TARGET_CONFLICTS, MANAGED_RESET_REFUSED */
  reset(target: ResetTarget, io: IoOptions): Promise<void>
  /** Has the node find by itself where to go on, as if there were no messages yet. */
  resetPreInterop(io: IoOptions): Promise<void>
  /** Undefined: it does not know the block. */
  receipts(hash: Hash, io: IoOptions): Promise<readonly Receipt[] | undefined>
  /** Its canonical block of a number; undefined: there is none. */
  refByNumber(number: bigint, io: IoOptions): Promise<L2BlockRef | undefined>
  /** @param timestamp unix seconds */
  refByTimestamp(timestamp: bigint, io: IoOptions): Promise<L2BlockRef | undefined>
  /** The output of the canonical block at a time. */
  outputAt(timestamp: bigint, io: IoOptions): Promise<OutputV0>
  /** The output of the block that was replaced at that time; that of the canonical one where none was. */
  pendingOutputAt(timestamp: bigint, io: IoOptions): Promise<OutputV0>
  /** @throws AppError MANAGED_NO_ANCHOR */
  anchorPoint(io: IoOptions): Promise<SafePair>
}

/** L1 as the supervisor follows it: whoever is managed reads no further than it is told. Undefined: not known, or not set. */
export interface SupervisedL1 {
  ref(id: Hash | bigint | 'latest' | 'safe' | 'finalized', io: IoOptions): Promise<L1BlockRef | undefined>
}
