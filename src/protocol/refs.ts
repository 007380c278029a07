import type { Hash } from '../primitives/hex.ts'
import type { Header } from './header.ts'

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

/** The reference of a block. */
export function blockRef(block: {
  readonly hash: Hash
  readonly header: Pick<Header, 'number' | 'parentHash' | 'timestamp'>
}): BlockRef {
  const { number, parentHash, timestamp } = block.header
  return { hash: block.hash, number, parentHash, timestamp }
}

/** A block of L1. */
export type L1BlockRef = BlockRef

/** A block of L2 and the L1 block that it belongs to. */
export interface L2BlockRef extends BlockRef {
  readonly l1Origin: BlockId
  /** Number of L2 blocks before this one with the same origin. */
  readonly sequenceNumber: bigint
}
