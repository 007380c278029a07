import type { Address, Hash } from '../primitives/hex.ts'
import type { Header } from './header.ts'
import type { L1BlockSlots } from './l1-fee.ts'

/** An account as it stands at a head. */
export interface HeadAccount {
  readonly nonce: bigint
  /** wei */
  readonly balance: bigint
  /** Whether there is code at it. */
  readonly hasCode: boolean
}

/** What a block has changed of accounts. */
export interface AccountsChange {
  readonly parentHash: Hash
  /** As they stand after it. */
  readonly accounts: ReadonlyMap<Address, HeadAccount>
}

/** The head of a chain, and accounts as they stand there. */
export interface HeadAccounts {
  readonly hash: Hash
  readonly header: Header
  /** Of the state that was read: the header's, unless a test has edited it since. */
  readonly stateRoot: Hash
  readonly accounts: ReadonlyMap<Address, HeadAccount>
  /** Of the block that is final, where that was read. */
  readonly finalNumber?: bigint
}

/** The head of an L2 chain, with what its fees follow from. */
export interface OpHeadAccounts extends HeadAccounts {
  readonly feeSlots: L1BlockSlots
}
