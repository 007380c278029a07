import type { Address } from '../../src/primitives/hex.ts'
import type { SignedTransaction } from '../../src/protocol/transaction.ts'
import type { AddressReserver } from '../address-reserver.ts'
import { type PoolAccount, rejected } from '../validate.ts'
import type { AccountList } from './account-list.ts'
import { authoritiesOf } from './lookup.ts'

/** The pool, as the rules on delegations look at it. */
export interface DelegationView {
  readonly reserver: AddressReserver
  pending(sender: Address): AccountList | undefined
  queued(sender: Address): AccountList | undefined
  isAuthority(account: Address): boolean
  /** The nonce after what the sender can have executed now. */
  nextNonce(sender: Address, account: PoolAccount): bigint
}

function checkSender(transaction: SignedTransaction, account: PoolAccount, view: DelegationView): void {
  const { sender, nonce } = transaction
  if (account.hasCode !== true && !view.isAuthority(sender)) return
  const pending = view.pending(sender)
  if (pending === undefined) {
    if (view.nextNonce(sender, account) !== nonce) throw rejected('gapped-nonce tx from delegated accounts')
    return
  }
  if (pending.at(nonce) === undefined) {
    throw rejected('in-flight transaction limit reached for delegated accounts')
  }
}

/**
 * Code of an account can take its balance away under what it has pooled: one that has, or is about to get, a delegation has one
 * transaction at a time, and one that has more of them pooled gets none.
 * @throws AppError TX_REJECTED
 * @see EIP-7702
 */
export function checkDelegation(transaction: SignedTransaction, account: PoolAccount, view: DelegationView): void {
  checkSender(transaction, account, view)
  for (const authority of authoritiesOf(transaction)) {
    const pooled = (view.pending(authority)?.length ?? 0) + (view.queued(authority)?.length ?? 0)
    if (pooled > 1 || view.reserver.isOthers(authority)) throw rejected('authority already reserved')
  }
}
