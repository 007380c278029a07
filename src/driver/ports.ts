import type { SafeChain } from '../derive/ports.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Payload } from '../protocol/payload.ts'
import type { BlockId, L1BlockRef, L2BlockRef } from '../protocol/refs.ts'

/**
 * Codes of the driver. `HEADS_NOT_FOUND` (reset): no head that L1 agrees with. `CHAIN_MISMATCH` (critical): the node's chain is another
 * one. `EFFECT_TIMEOUT`, `L1_BEHIND`, `PAYLOAD_NOT_FOUND` (temporary): it may be had
 * later. `DEPOSITS_REFUSED` (critical): the engine refuses a block that nobody may leave out. `UNSAFE_REFUSED`: a block cannot become the head. `SAFE_HEADS_DISABLED`, `SAFE_HEAD_UNKNOWN`: of the record of safe heads.
 */
export type DriverErrorCode =
  | 'HEADS_NOT_FOUND'
  | 'CHAIN_MISMATCH'
  | 'UNSAFE_REFUSED'
  | 'DRIVER_NOT_READY'
  | 'SAFE_HEADS_DISABLED'
  | 'SAFE_HEAD_UNKNOWN'
  | 'EFFECT_TIMEOUT'
  | 'L1_BEHIND'
  | 'DEPOSITS_REFUSED'
  | 'PAYLOAD_NOT_FOUND'

/** Reads the L2 chain of the engine that is driven. Undefined: it does not know the block, or the label is not set. */
export interface L2Chain extends SafeChain {
  labelled(label: 'latest' | 'safe' | 'finalized', io: IoOptions): Promise<L2BlockRef | undefined>
  /** A block, or the canonical one of a height, whole. */
  payload(id: Hash | bigint, io: IoOptions): Promise<Payload | undefined>
  /** The engine has this block from now on: about what its hash says it need not be asked. Absent where asking costs nothing. */
  remember?(payload: Payload): void
}

/** Blocks of L1 by hash or number; undefined: the node does not know it. */
export interface L1Refs {
  ref(id: Hash | bigint, io: IoOptions): Promise<L1BlockRef | undefined>
}

/** L1's own labels; undefined before they are set. */
export interface L1Labels {
  read(io: IoOptions): Promise<L1View>
}

/** How far L1 is. */
export interface L1View {
  readonly head: L1BlockRef | undefined
  readonly safe: L1BlockRef | undefined
  readonly finalized: L1BlockRef | undefined
}

/** Other nodes that have unsafe blocks. */
export interface PayloadSource {
  /**
   * The blocks between one that is there and one that is trusted, by rising number: each is the parent of the next, the last one that
   * of the trusted.
   * @throws AppError of severity `temporary` where nobody has them
   */
  fetch(known: bigint, trusted: Payload, io: IoOptions): Promise<readonly Payload[]>
}

/**
 * Which block was safe with which L1 block, written down so that it outlives the process: `optimism_safeHeadAtL1Block`.
 * A record that could not be written is never passed over: the driver resets then.
 */
export interface SafeHeadRecord {
  /** The block is safe with what an L1 block, and those before it, hold. */
  record(safe: BlockId, derivedFrom: BlockId, io: IoOptions): Promise<void>
  /** The safe head went back to this block. @param derivedFrom the L1 block that made it safe, where that is known */
  truncate(safe: BlockId, io: IoOptions, derivedFrom?: BlockId): Promise<void>
  /** The newest entry at or before an L1 block. @throws AppError SAFE_HEAD_UNKNOWN, SAFE_HEADS_DISABLED */
  at(l1Number: bigint): { readonly l1: BlockId; readonly safe: BlockId }
  /** From the newest entry down. */
  entries(): Iterable<{ readonly l1: BlockId; readonly safe: BlockId }>
}

/** What is known of messages between chains. */
export interface CrossChainView {
  /** Whether the executing messages of an unsafe block hold. `undecided`: asked again when something changes. */
  check(block: L2BlockRef, io: IoOptions): Promise<'valid' | 'invalid' | 'undecided'>
}
