import type { BlockEnv, BlockExecution } from '../evm/executor.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Header } from '../protocol/header.ts'
import type { Transaction } from '../protocol/transaction.ts'
import type { Withdrawal } from '../protocol/withdrawal.ts'
import type { ChainBlock, PinnedState, StateWant } from './ports.ts'
import type { CommonOpenOptions, SealedBlock } from './service.ts'

/** A block that is about to be built. */
export interface Draft {
  readonly parent: ChainBlock
  readonly env: Omit<BlockEnv, 'ancestorHash'>
  readonly extraData: Uint8Array
  /** What stands first in the block: what the protocol puts there, and what the caller forces. */
  readonly transactions: readonly Transaction[]
  /** Those of them that may read more than {@link BlockRules.wants}. */
  readonly unforeseen: readonly Transaction[]
}

/** A block in the making, while transactions may still change. */
export interface OpenBlock {
  readonly env: BlockEnv
  readonly extraData: Uint8Array
  readonly state: PinnedState
  readonly execution: BlockExecution
  /** Transactions at the front that cannot be undone: deposits and what was forced at opening. */
  readonly fixed: number
}

/** A block as it would be if it ended now. */
export interface CompletedBlock {
  readonly header: Header
  /** Absent before Shanghai / Canyon. */
  readonly withdrawals?: readonly Withdrawal[]
  /** EIP-7685 requests; absent before Prague / Isthmus. */
  readonly executionRequests?: readonly Uint8Array[]
  /** Makes what was computed for the root known to later readers of the state. @param sealed the block with this header */
  keep(sealed: SealedBlock): void
}

/** What differs between the blocks of L1 and those of an OP-Stack chain, as far as building them is concerned. */
export interface BlockRules<Options extends CommonOpenOptions> {
  /** What every block reads, whatever is in it. */
  readonly wants: readonly StateWant[]
  /**
   * Settles everything about a block that is known before its first transaction runs.
   * @throws AppError PARENT_UNUSABLE, TX_REFUSED, TX_INVALID, and what reading the chains throws
   */
  draft(options: Options, io: IoOptions): Promise<Draft>
  /** Reads a transaction that a caller hands in. @throws AppError TX_REFUSED */
  decode(raw: Uint8Array): Transaction
  /**
   * Looks at what came with a transaction and does not stand in the block: blobs.
   * @param raw what {@link decode} has read it from
   * @throws AppError TX_REFUSED
   */
  admit(transaction: Transaction, raw: Uint8Array, timestamp: bigint): Promise<void>
  /** @throws AppError BLOCK_INVALID, and what reading the state throws */
  complete(block: OpenBlock, io: IoOptions): Promise<CompletedBlock>
  /** wei per blob gas; undefined where blob transactions cannot stand in a block. */
  blobBaseFee(env: Pick<BlockEnv, 'timestamp' | 'excessBlobGas'>): bigint | undefined
}
