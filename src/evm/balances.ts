import type { Address } from '../primitives/hex.ts'
import type { AccountFields, Overlay } from '../state/overlay.ts'
import { NO_ACCOUNT } from './state-adapter.ts'

/** The account, or one of zeros where there is none. */
export async function accountOrEmpty(overlay: Overlay, address: Address): Promise<AccountFields> {
  const read = overlay.account(address)
  return (read instanceof Promise ? await read : read) ?? NO_ACCOUNT
}

/**
 * Adds wei to a balance, modulo 2^256: nothing but a simulated call can owe more than it has. Adding nothing still touches
 * the account: an empty one then goes away (EIP-161).
 */
export async function addBalance(overlay: Overlay, address: Address, amount: bigint): Promise<void> {
  const account = await accountOrEmpty(overlay, address)
  overlay.setAccount(address, { ...account, balance: BigInt.asUintN(256, account.balance + amount) })
}

/** Raises an account's nonce by one. */
export async function incrementNonce(overlay: Overlay, address: Address): Promise<void> {
  const account = await accountOrEmpty(overlay, address)
  overlay.setAccount(address, { ...account, nonce: account.nonce + 1n })
}

/** Moves wei between accounts; the sender's balance must cover it. */
export async function transfer(overlay: Overlay, from: Address, to: Address, value: bigint): Promise<void> {
  await addBalance(overlay, from, -value)
  await addBalance(overlay, to, value)
}
