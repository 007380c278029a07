import type { Address, Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Header } from '../protocol/header.ts'
import type { Receipt } from '../protocol/receipt.ts'
import type { SignedTransaction, Transaction } from '../protocol/transaction.ts'
import type { TransactionConditional } from '../protocol/transaction-conditional.ts'
import type { StateDiff, StateReader } from '../state/diff.ts'
import type { DeliverableBlock, ForkchoiceUpdate, SealedBlock } from './service.ts'

/** A block of the chain that is built on, as far as its child depends on it. */
export interface ChainBlock {
  readonly hash: Hash
  readonly header: Header
  /** Its first transaction: on L2 the L1-attributes deposit. Undefined in an empty block. */
  readonly firstTransaction: Transaction | undefined
}

/** An account that is going to be read. */
export interface StateWant {
  readonly address: Address
  readonly slots?: Iterable<Hash>
  /** Also its code. */
  readonly code?: boolean
}

/** Reads blocks from the execution layer. Undefined: the node does not know the block. */
export interface ChainReader {
  /** @param wants of the block's state, to be fetched in the same round trip; what cannot be had that way is left out */
  block(id: Hash | bigint | 'latest', io: IoOptions, wants?: readonly StateWant[]): Promise<ChainBlock | undefined>
  /** The hash of the block at `number` on the branch that ends in `tip`, for BLOCKHASH. */
  ancestorHash(tip: ChainBlock, number: bigint, io: IoOptions): Promise<Hash | undefined>
}

/** A block of L1. */
export interface L1Block {
  readonly hash: Hash
  readonly header: Header
}

/** Reads the L1 chain. Undefined: the node does not know the block. */
export interface L1Reader {
  block(id: Hash | bigint | 'latest', io: IoOptions): Promise<L1Block | undefined>
  receipts(hash: Hash, io: IoOptions): Promise<readonly Receipt[] | undefined>
}

/** A state after a block. */
export interface PostState {
  readonly stateRoot: Hash
  /** Storage roots of accounts whose storage changed. */
  readonly storageRoots: ReadonlyMap<Address, Hash>
  /**
   * Makes what was computed for this root known to later readers of the state.
   * @param sealed the block that was sealed with this root, as it came out
   */
  keep(sealed?: SealedBlock): void
}

/** The state after one fixed block. */
export interface PinnedState extends StateReader {
  /** Has wants fetched with whatever is fetched next. */
  defer(wants: readonly StateWant[]): void
  /** Fetches what is wanted and not known yet, in one round trip. */
  load(wants: readonly StateWant[], io: IoOptions): Promise<void>
  /** Fetches what transactions are likely to touch, however much that is, in at most two round trips. */
  predict(transactions: readonly Transaction[], io: IoOptions): Promise<void>
  /** The state root after a diff. @throws AppError STATE_UNAVAILABLE, ROOT_UNAVAILABLE, RPC_UNAVAILABLE */
  root(diff: StateDiff, io: IoOptions): Promise<PostState>
}

/** Opens states. */
export type StateSource = (block: { readonly hash: Hash; readonly stateRoot: Hash }) => PinnedState

/**
 * Asks a node what state root a block has, by handing it over with a wrong one. The last resort where a root needs nodes of
 * the state that nothing tells. @returns undefined when the node does not say
 */
export type RootOracle = (
  block: Pick<SealedBlock, 'hash' | 'header' | 'transactions' | 'withdrawals'>,
  io: IoOptions,
) => Promise<Hash | undefined>

/** Makes a block the node's head, or tells what the head is. */
export interface Committer {
  /**
   * Resolves when the node's head is the block.
   * @throws AppError COMMIT_REFUSED, NODE_UNAVAILABLE
   */
  commit(block: DeliverableBlock, io: IoOptions): Promise<void>
  /**
   * Has the node look at a block, which does not make it the head. Absent where a node does only both together.
   * @returns whether it is known to be valid: a node that syncs does not say
   * @throws AppError COMMIT_REFUSED for one that is not, NODE_UNAVAILABLE
   */
  check?(block: DeliverableBlock, io: IoOptions): Promise<boolean>
  setForkchoice(
    update: ForkchoiceUpdate,
    io: IoOptions,
  ): Promise<{ readonly head: Hash; readonly safe: Hash; readonly finalized: Hash }>
}

/** Signs and gossips a block. @throws AppError PUBLISH_REFUSED, NODE_UNAVAILABLE */
export interface Publisher {
  publish(block: DeliverableBlock, io: IoOptions): Promise<void>
}

/** The pool as block building reads it. */
export interface PoolReader {
  /**
   * Transactions by falling effective tip at a base fee (wei per gas), each sender's by rising nonce. Tell the iterator with
   * each step whether the sender's next one may come. It sees what comes and goes meanwhile.
   * @param blobBaseFee wei per blob gas: blob transactions that offer less are left out
   */
  best(baseFee: bigint, blobBaseFee?: bigint): Iterator<SignedTransaction, undefined, PoolVerdict>
  /** The sender's transactions by rising nonce. */
  ofSender(sender: Address): readonly SignedTransaction[]
  get(hash: Hash): SignedTransaction | undefined
  /** What must hold where a pooled transaction is included; absent where nobody sends conditions. */
  readonly conditional?: (transaction: SignedTransaction) => TransactionConditional | undefined
}

/**
 * What became of the transaction that `best` gave last. `rejected`: its conditions do not hold, and the pool forgets it. `again`:
 * nothing is known of it, and it may come once more, as may those of all who were skipped.
 */
export type PoolVerdict = 'included' | 'skipSender' | 'rejected' | 'again'
