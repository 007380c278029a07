import type { Address } from '../primitives/hex.ts'
import { KECCAK_EMPTY } from '../primitives/keccak.ts'
import { recoverAuthority } from '../protocol/authority.ts'
import type { Authorization } from '../protocol/transaction.ts'
import { accountOrEmpty } from './balances.ts'
import { delegationTo, isDelegation } from './delegation.ts'
import { EXISTING_AUTHORITY_REFUND } from './intrinsic-gas.ts'
import type { TransactionContext } from './transaction-context.ts'

/** The highest nonce, which an account cannot leave. @see EIP-2681 */
export const MAX_NONCE = 2n ** 64n - 1n

async function authorize(
  context: TransactionContext,
  authorization: Authorization,
): Promise<{ refund: bigint; authority: Address | undefined }> {
  const { overlay } = context
  const none = { refund: 0n, authority: undefined }
  if (authorization.chainId !== 0n && authorization.chainId !== context.chainId) return none
  if (authorization.nonce >= MAX_NONCE) return none
  const authority = recoverAuthority(authorization)
  if (authority === undefined) return none
  // From here on the authority is warm even if the authorization turns out not to apply.
  const existing = await overlay.account(authority)
  const account = await accountOrEmpty(overlay, authority)
  if (account.codeHash !== KECCAK_EMPTY && !isDelegation(await overlay.code(account.codeHash, authority))) {
    return { refund: 0n, authority }
  }
  if (account.nonce !== authorization.nonce) return { refund: 0n, authority }
  const clears = BigInt(authorization.address) === 0n
  const codeHash = clears ? KECCAK_EMPTY : overlay.addCode(delegationTo(authorization.address))
  overlay.setAccount(authority, { balance: account.balance, nonce: account.nonce + 1n, codeHash })
  return { refund: existing === undefined ? 0n : EXISTING_AUTHORITY_REFUND, authority }
}

/**
 * Applies a message's authorizations; those that do not hold are passed over.
 * @returns the gas to refund, and the accounts that are warm from here on
 * @see EIP-7702
 */
export async function applyAuthorizations(
  context: TransactionContext,
  authorizations: readonly Authorization[],
): Promise<{ refund: bigint; warm: readonly Address[] }> {
  let refund = 0n
  const warm: Address[] = []
  for (const authorization of authorizations) {
    const applied = await authorize(context, authorization)
    refund += applied.refund
    if (applied.authority !== undefined) warm.push(applied.authority)
  }
  return { refund, warm }
}
