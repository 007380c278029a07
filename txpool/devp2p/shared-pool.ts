import type { Hash } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import type { ForkHead, ForkSchedule } from '../../src/protocol/fork-schedule.ts'
import type { SignedTransaction } from '../../src/protocol/transaction.ts'

/** The pool as it is shared. */
export interface SharedPool {
  /** Takes what `eth_sendRawTransaction` takes. @throws AppError TX_REJECTED or TX_REFUSED; temporary where the chain cannot be read */
  add(raw: Uint8Array, io: IoOptions): Promise<Hash>
  get(hash: Hash): SignedTransaction | undefined
  /** What can be executed now. */
  pending(io: IoOptions): Promise<Iterable<SignedTransaction>>
  /** Hears of each that becomes executable. @returns ends it */
  onTransaction(listener: (transaction: SignedTransaction) => void): () => void
  /** How a transaction of the pool travels: one with blobs brings them. Undefined where it does not: they are gone, or it stays here. */
  networkForm(transaction: SignedTransaction): Uint8Array | undefined
}

/** What tells a chain from others. */
export interface ChainIdentity {
  readonly networkId: bigint
  readonly genesisHash: Hash
  readonly forks: ForkSchedule
  /** Where that is known from, for the log. */
  readonly source: string
}

/** The newest block. */
export interface SharedHead extends ForkHead {
  readonly hash: Hash
}

/** The chain that a pool is of. */
export interface SharedChain {
  /** @throws AppError temporary where it cannot be read */
  identity(io: IoOptions): Promise<ChainIdentity>
  /** @throws AppError temporary where it cannot be read */
  head(io: IoOptions): Promise<SharedHead>
}
