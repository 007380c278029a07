import type { Address, Hash } from '../src/primitives/hex.ts'
import type { IoOptions } from '../src/primitives/io.ts'
import type { SignedTransaction } from '../src/protocol/transaction.ts'
import type { AddressReserver } from './address-reserver.ts'
import type { PoolAccount, PoolHead } from './validate.ts'

/** A pooled transaction and when it came. */
export interface PoolEntry {
  readonly transaction: SignedTransaction
  /** Rises with each arrival in any sub-pool: earlier ones go first at the same price. */
  readonly arrival: number
}

/** What one sender has in a pool, by rising nonce: the pending ones follow on the account's nonce, the queued ones do not. */
export interface SenderContent {
  readonly pending: readonly PoolEntry[]
  readonly queued: readonly PoolEntry[]
}

/** What a sub-pool is given by the pool that it is a part of. */
export interface SubPoolContext {
  /** Who is in another sub-pool. */
  readonly reserver: AddressReserver
  /** The {@link PoolEntry.arrival} of what comes now. */
  nextArrival(): number
  /** Whether a transaction without blobs that waits would delegate an account (EIP-7702). */
  isAboutToDelegate(account: Address): boolean
  /** To be told after each change of what a sender has. */
  changed(sender: Address): void
  /** To be told of what became executable; those who listen hear of it when the call of the sub-pool is over. */
  promoted(entry: PoolEntry): void
}

/** A new head, or another state of the same one. */
export interface PoolReset {
  /** With the accounts of all {@link SubPool.senders} and of those who sent what came back. */
  readonly head: PoolHead
  /** What a reorg threw out of the chain and is not on it again, of this sub-pool's types, the newest block's first. */
  readonly lost: readonly PoolEntry[]
  /** What the chain holds since the last reset; the head may be one that does not know of it yet. */
  readonly mined: ReadonlySet<Hash>
}

/** One of several transactions that come together. */
export interface SubPoolItem {
  readonly transaction: SignedTransaction
  /** The sender's, at the head. */
  readonly account: PoolAccount
}

/**
 * Transactions of some types with rules of their own. Synchronous: the pool reads the chain, sub-pools are told of it. The first
 * call is {@link SubPool.reset}. An account is in one sub-pool at a time, which holds its reservation.
 */
export interface SubPool {
  /** Whether transactions of a type belong here. */
  takes(type: SignedTransaction['type']): boolean
  /** The checks that need no state. @param raw as it was sent: with the blobs @throws AppError TX_REJECTED */
  checkBasics(transaction: SignedTransaction, raw: Uint8Array): void
  /**
   * Where checking takes time: does what {@link checkBasics} does and the rest that needs no state. That is not called then.
   * @returns what {@link add} is to be given
   * @throws AppError TX_REJECTED
   */
  prepare?(transaction: SignedTransaction, raw: Uint8Array, io: IoOptions): Promise<Uint8Array>
  /** The checks against the sender's account and what it has here. @throws AppError TX_REJECTED */
  checkWithState(transaction: SignedTransaction, account: PoolAccount): void
  /** Takes a transaction that {@link checkBasics} has seen. @throws AppError TX_REJECTED, and it is not here */
  add(transaction: SignedTransaction, raw: Uint8Array, account: PoolAccount): void
  /**
   * Takes several, and looks at what they make executable when all are there.
   * @returns for each what {@link add} would have thrown; undefined where it was taken
   */
  addAll?(items: readonly SubPoolItem[]): readonly unknown[]
  /** Looks at everything anew. */
  reset(reset: PoolReset): void
  /** Forgets what has waited behind a gap for too long. */
  expire(): void
  /** Where there is work beside calls: does it until the signal is aborted. */
  run?(signal: AbortSignal): Promise<void>
  readonly size: number
  readonly pendingCount: number
  readonly queuedCount: number
  senders(): Iterable<Address>
  /** Undefined where the sender has nothing here. */
  ofSender(sender: Address): SenderContent | undefined
  get(hash: Hash): PoolEntry | undefined
  /** One as it travels between nodes, where that is not how it stands in a block. */
  networkForm?(hash: Hash): Uint8Array | undefined
  /** Forgets one; what follows on it waits behind the gap. @returns whether it was there */
  remove(hash: Hash): boolean
  /** Forgets everything that a sender has here. @returns the hashes, by rising nonce */
  removeOf(sender: Address): readonly Hash[]
  removeAll(): void
  /** @returns puts back exactly what is here now, as often as it is called */
  remember(): () => void
}
