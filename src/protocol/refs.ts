import type { Hash } from '../primitives/hex.ts'

/** Which block. */
export interface BlockId {
  readonly hash: Hash
  readonly number: bigint
}

/** A block and its place in the chain. */
export interface BlockRef extends BlockId {
  readonly parentHash: Hash
  /** Unix seconds. */
  readonly timestamp: bigint
}

/** A block of L1. */
export type L1BlockRef = BlockRef

/** A block of L2 and the L1 block that it belongs to. */
export interface L2BlockRef extends BlockRef {
  readonly l1Origin: BlockId
  /** Number of L2 blocks before this one with the same origin. */
  readonly sequenceNumber: bigint
}
