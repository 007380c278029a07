import { checksumAddress } from '../primitives/checksum-address.ts'
import { EMPTY_BYTES, ZERO_ADDRESS } from '../primitives/hex.ts'
import type { DepositTransaction } from '../protocol/transaction.ts'
import { accountOrEmpty, addBalance, incrementNonce } from './balances.ts'
import type { Outcome } from './execute-message.ts'
import { gasAfterRefund } from './gas-refund.ts'
import { floorDataGas, intrinsicGas, MAX_INIT_CODE_SIZE } from './intrinsic-gas.ts'
import { refusal } from './refusal.ts'
import { removeDestroyed, runMessage, type TransactionContext } from './transaction-context.ts'
import type { EnteredCall } from './watch.ts'

/** A deposit's outcome, and the nonce that its receipt records. */
export interface DepositOutcome extends Outcome {
  /** The sender's nonce before execution. */
  readonly nonceBefore: bigint
}

/** How geth shows a deposit that never began. */
const FAILED_DEPOSIT: EnteredCall = {
  depth: 0,
  kind: 'STOP',
  from: ZERO_ADDRESS,
  to: ZERO_ADDRESS,
  input: EMPTY_BYTES,
  gas: 0n,
  value: undefined,
}

/** Why a deposit fails before its first instruction; undefined when it does not. */
async function failsEarly(context: TransactionContext, deposit: DepositTransaction): Promise<boolean> {
  const { overlay, rules } = context
  if (deposit.gasLimit < intrinsicGas(deposit, rules)) return true
  if (rules.prague && deposit.gasLimit < floorDataGas(deposit.data)) return true
  const { balance } = await accountOrEmpty(overlay, deposit.sender)
  if (balance < deposit.value) return true
  return deposit.to === undefined && rules.shanghai && deposit.data.length > MAX_INIT_CODE_SIZE
}

/**
 * Runs a deposit: mints, executes for free, and includes it even when it fails. The caller takes the state back when it
 * throws.
 * @param regolith whether Regolith's rules hold
 * @throws AppError TX_REFUSED when the block's gas does not suffice, and for a system transaction after Regolith
 * @see OP specs: deposits, "Execution"; Regolith
 */
export async function executeDeposit(
  context: TransactionContext,
  deposit: DepositTransaction,
  regolith: boolean,
): Promise<DepositOutcome> {
  const { overlay, rules } = context
  overlay.beginTransaction()
  if (deposit.isSystemTx && regolith) {
    throw refusal('systemTransaction', 'system tx not supported', `address ${checksumAddress(deposit.sender)}`)
  }
  if (!deposit.isSystemTx && context.gasLeft < deposit.gasLimit) throw refusal('gasLimitReached', 'gas limit reached')

  const { nonce: nonceBefore, balance } = await accountOrEmpty(overlay, deposit.sender)
  if (balance + deposit.mint >= 1n << 256n) throw refusal('mintOverflow', 'mint value exceeds uint256')
  if (deposit.mint > 0n) await addBalance(overlay, deposit.sender, deposit.mint)
  // What a deposit reports when its gas is not measured: all of it, and nothing for a system transaction.
  const flatGas = deposit.isSystemTx ? 0n : deposit.gasLimit

  if (await failsEarly(context, deposit)) {
    await incrementNonce(overlay, deposit.sender)
    context.evm.watch?.observer?.enter?.(FAILED_DEPOSIT)
    return { status: 0, gasUsed: flatGas, logs: [], nonceBefore }
  }
  await incrementNonce(overlay, deposit.sender)
  const intrinsic = intrinsicGas(deposit, rules)
  const result = await runMessage(context, {
    from: deposit.sender,
    to: deposit.to,
    value: deposit.value,
    data: deposit.data,
    gas: deposit.gasLimit - intrinsic,
    gasPrice: 0n,
    accessList: [],
    warm: [],
    blobVersionedHashes: [],
    refund: 0n,
  })
  let gasUsed = flatGas
  if (regolith) {
    const floor = rules.prague ? floorDataGas(deposit.data) : 0n
    gasUsed = gasAfterRefund(intrinsic + result.gasUsed, result.refund, floor)
  }
  removeDestroyed(overlay, result.destroyed)
  return {
    status: result.success ? 1 : 0,
    gasUsed,
    logs: result.logs,
    nonceBefore,
    ...(result.reverted ? { revertData: result.returnValue } : {}),
  }
}
