import type { PrecompileFunc } from '@ethereumjs/evm'
import { checksumAddress } from '../primitives/checksum-address.ts'
import { AppError } from '../primitives/errors.ts'
import type { Address } from '../primitives/hex.ts'
import { KECCAK_EMPTY } from '../primitives/keccak.ts'
import type { AccountOverride, StateOverrides } from '../protocol/call-arguments.ts'
import type { Overlay } from '../state/overlay.ts'
import { accountOrEmpty } from './balances.ts'

/**
 * Codes of running what is no transaction. `CALL_INVALID`: it cannot run, in geth's words; `data.reason` says why where a
 * transaction would be refused for it. `CALL_ABORTED`: it took too long.
 */
export type CallErrorCode = 'CALL_INVALID' | 'CALL_ABORTED'

function invalid(address: Address, what: string): AppError<CallErrorCode> {
  return new AppError('CALL_INVALID', { message: `account ${checksumAddress(address)} ${what}` })
}

const key = (address: Address): string => address.slice(2)

function movePrecompile(
  precompiles: Map<string, PrecompileFunc>,
  from: Address,
  to: Address,
  overrides: StateOverrides,
): void {
  const moved = precompiles.get(key(from))
  if (moved === undefined) throw invalid(from, 'is not a precompile')
  if (overrides.has(to)) throw invalid(to, 'is already overridden')
  precompiles.set(key(to), moved)
}

async function overrideAccount(overlay: Overlay, address: Address, override: AccountOverride): Promise<void> {
  const { nonce, code, balance, state, stateDiff } = override
  if (nonce !== undefined || code !== undefined || balance !== undefined) {
    const account = await accountOrEmpty(overlay, address)
    const codeHash = code === undefined ? account.codeHash : code.length === 0 ? KECCAK_EMPTY : overlay.addCode(code)
    overlay.setAccount(address, { nonce: nonce ?? account.nonce, balance: balance ?? account.balance, codeHash })
  }
  if (state !== undefined && stateDiff !== undefined) throw invalid(address, "has both 'state' and 'stateDiff'")
  if (state !== undefined) overlay.clearStorage(address)
  for (const [slot, value] of state ?? stateDiff ?? []) overlay.setSlot(address, slot, value)
}

/**
 * Makes accounts what a caller wants them to be, as if a transaction had done it before. An account that is overridden is no
 * precompile any more.
 * @param precompiles changed in place
 * @throws AppError CALL_INVALID @see geth, internal/ethapi/override
 */
export async function applyStateOverrides(
  overlay: Overlay,
  precompiles: Map<string, PrecompileFunc>,
  overrides: StateOverrides,
): Promise<void> {
  const moved = new Set<Address>()
  for (const [address, override] of [...overrides].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (moved.has(address)) throw invalid(address, 'has already been overridden by a precompile')
    const target = override.movePrecompileToAddress
    if (target !== undefined) {
      movePrecompile(precompiles, address, target, overrides)
      moved.add(target)
    }
    precompiles.delete(key(address))
    await overrideAccount(overlay, address, override)
  }
  overlay.beginTransaction()
}
