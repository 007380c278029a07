import type { Address, Hash } from '../primitives/hex.ts'

/** An account as the state trie holds it. */
export interface AccountState {
  readonly nonce: bigint
  /** wei */
  readonly balance: bigint
  /** KECCAK_EMPTY for an account without code. */
  readonly codeHash: Hash
  /** EMPTY_TRIE_ROOT for an account without storage. */
  readonly storageRoot: Hash
}

/** What execution made of one account. */
export interface AccountDiff {
  /** Nonce, balance and code after; undefined when the account does not exist any more. */
  readonly account: Pick<AccountState, 'nonce' | 'balance' | 'codeHash'> | undefined
  /** Changed slots, value after; zero removes the slot. */
  readonly storage: ReadonlyMap<Hash, bigint>
  /** The storage before counts as empty: the account was created or destroyed on the way. */
  readonly storageCleared: boolean
}

/** What execution made of the state; only what changed. Executors return it, the root is computed from it. */
export interface StateDiff {
  readonly accounts: ReadonlyMap<Address, AccountDiff>
  /** Code that execution created, by its hash. */
  readonly codes: ReadonlyMap<Hash, Uint8Array>
}

/** Reads one fixed state. Answers may come from caches at once, or over the network. */
export interface StateReader {
  /** The account, or undefined when it does not exist. */
  account(address: Address): AccountState | undefined | Promise<AccountState | undefined>
  /** A storage slot's value; zero when it is not set. */
  slot(address: Address, slot: Hash): bigint | Promise<bigint>
  /** The code behind a code hash; `address` is an account known to have it. */
  code(codeHash: Hash, address: Address): Uint8Array | Promise<Uint8Array>
}
