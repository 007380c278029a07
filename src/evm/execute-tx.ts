import { isImpersonated } from '../protocol/impersonation.ts'
import { effectiveGasPrice, type SignedTransaction } from '../protocol/transaction.ts'
import { executeMessage, type Outcome } from './execute-message.ts'
import { TRANSACTION_POLICY } from './message.ts'
import { refusal } from './refusal.ts'
import type { TransactionCharges } from './transaction-charges.ts'
import type { TransactionContext } from './transaction-context.ts'

function checkType(context: TransactionContext, tx: SignedTransaction): void {
  const unsupported = (tx.type === 3 && context.blobs === undefined) || (tx.type === 4 && !context.rules.prague)
  if (unsupported) throw refusal('typeNotSupported', 'transaction type not supported')
  if (tx.chainId !== undefined && tx.chainId !== context.chainId) {
    throw refusal('invalidChainId', 'invalid chain id for signer', `have ${tx.chainId} want ${context.chainId}`)
  }
}

/**
 * Runs a signed transaction. The caller takes the state back when it throws.
 * @param charges what the chain takes beside the price of gas
 * @throws AppError TX_REFUSED
 */
export async function executeSigned(
  context: TransactionContext,
  tx: SignedTransaction,
  charges: TransactionCharges,
): Promise<Outcome> {
  checkType(context, tx)
  const gasPrice = effectiveGasPrice(tx, context.env.baseFeePerGas)
  // A test that acts for a contract knows that it is one.
  const policy = isImpersonated(tx) ? { ...TRANSACTION_POLICY, ofNoContract: false } : TRANSACTION_POLICY
  return executeMessage(context, tx, gasPrice, charges, policy)
}
