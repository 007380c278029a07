import type { AppError } from '../primitives/errors.ts'
import type { Address, Hash, Hex } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { AccessListEntry } from '../protocol/transaction.ts'
import type { AccountState } from './diff.ts'

/**
 * Codes of state access. `STATE_UNAVAILABLE` (temporary): the node does not have that block's state, any more or yet.
 * `STATE_MISMATCH` (temporary): the node's answer does not belong to the state that was asked for. `ROOT_UNAVAILABLE`
 * (temporary): the state root needs nodes that could not be had; `data.missing` names them.
 */
export type StateErrorCode = 'STATE_UNAVAILABLE' | 'STATE_MISMATCH' | 'ROOT_UNAVAILABLE'

/** A state as a node can prove it. Read by block hash, so that a moving head cannot mix two states. */
export interface PinnedState {
  /** The block whose state the node is asked for. */
  readonly blockHash: Hash
  /** The state that is read: the one after that block, or one that was made of it. */
  readonly stateRoot: Hash
  /**
   * The root of the state after the block, where that is not the one that is read. The nodes that the state that is read does
   * not share with it then have to be in the store: all others stand at the same path in both.
   */
  readonly provenRoot?: Hash
}

/** A call whose touched state is to be predicted. */
export interface CandidateCall {
  readonly from: Address
  /** Absent for a contract creation. */
  readonly to?: Address | undefined
  readonly data: Uint8Array
  /** wei */
  readonly value: bigint
  readonly gas: bigint
  /** wei per gas; without it the node does not ask for fees. */
  readonly gasPrice?: bigint | undefined
  readonly accessList?: readonly AccessListEntry[] | undefined
}

/** One thing to ask of a node's state. */
export type StateQuery =
  /** Trie nodes on the way to an account and its slots; at most {@link MAX_PROOF_SLOTS}. */
  | { readonly kind: 'proof'; readonly address: Address; readonly slots: readonly Hash[] }
  /** An account's code. */
  | { readonly kind: 'code'; readonly address: Address; readonly codeHash: Hash | undefined }
  /** What a call would touch. */
  | { readonly kind: 'touched'; readonly call: CandidateCall }
  /** A trie node; `owner` is the hashed address of a storage trie, absent for the account trie. */
  | { readonly kind: 'node'; readonly owner: Hash | undefined; readonly path: string; readonly hash: Hash }
  /** Storage in trie order from a hashed key on; of the state before `blockHash`'s first transaction. */
  | {
      readonly kind: 'storageRange'
      readonly blockHash: Hash
      readonly address: Address
      readonly start: Hash
      readonly limit: number
    }
  /** Accounts in trie order from a hashed key on; at most 256. */
  | { readonly kind: 'accountRange'; readonly start: Hash; readonly limit: number }

/** What a node said to a {@link StateQuery} of the same kind. None of it is verified yet. */
export type StateAnswer =
  | {
      readonly kind: 'proof'
      readonly accountProof: readonly Hex[]
      readonly storageProofs: readonly (readonly Hex[])[]
    }
  | { readonly kind: 'code'; readonly code: Uint8Array }
  | {
      readonly kind: 'touched'
      readonly accounts: ReadonlyMap<Address, readonly Hash[]>
      /** Code of touched contracts, where the node's way of tracing tells it. */
      readonly codes: readonly Uint8Array[]
    }
  /** Nodes that may be the one; on the path scheme they are often stale. */
  | { readonly kind: 'node'; readonly candidates: readonly Uint8Array[] }
  /** By hashed key. `complete`: nothing follows. */
  | { readonly kind: 'storageRange'; readonly slots: ReadonlyMap<Hash, bigint>; readonly complete: boolean }
  | { readonly kind: 'accountRange'; readonly accounts: ReadonlyMap<Hash, AccountState>; readonly complete: boolean }
  | { readonly kind: 'failed'; readonly error: AppError }

/** Slots in one `proof` query. op-geth refuses more than 1024. */
export const MAX_PROOF_SLOTS = 1000

/** A node whose state can be read. */
export interface ProofSource {
  /** Whether it makes sense to ask; false once the node has said that it does not serve what the kind needs. */
  supports(kind: StateQuery['kind']): boolean
  /**
   * Asks everything at once: one round trip, whatever the number of queries. Answers stand in the order of the queries.
   * @throws AppError RPC_UNAVAILABLE when the node cannot be reached
   */
  read(blockHash: Hash, queries: readonly StateQuery[], options?: IoOptions): Promise<readonly StateAnswer[]>
}
