import type { Address, Hash } from '../primitives/hex.ts'
import type { Header } from './header.ts'
import type { L1BlockSlots } from './l1-fee.ts'

/** The head of a chain, and accounts as they stand there. */
export interface HeadAccounts {
  readonly hash: Hash
  readonly header: Header
  /** Of the state that was read: the header's, unless a test has edited it since. */
  readonly stateRoot: Hash
  /** Balances in wei. */
  readonly accounts: ReadonlyMap<Address, { readonly nonce: bigint; readonly balance: bigint }>
}

/** The head of an L2 chain, with what its fees follow from. */
export interface OpHeadAccounts extends HeadAccounts {
  readonly feeSlots: L1BlockSlots
}
