import { l1Cost, operatorFee, type RollupCostData } from '../protocol/l1-fee.ts'
import type { SignedTransaction } from '../protocol/transaction.ts'
import { addBalance } from './balances.ts'
import { BASE_FEE_VAULT, type FeeRules, L1_FEE_VAULT, OPERATOR_FEE_VAULT } from './fees.ts'
import type { TransactionCharges } from './transaction-charges.ts'

/**
 * Pays the fees of a message to the vaults, the base fee too, and gives back what was taken for an operator fee of the
 * whole gas limit.
 * @param l1Fee wei
 * @param baseFee wei per gas
 * @param isthmus whether there is an operator fee vault
 */
export function opSettlement(
  fees: FeeRules,
  gasLimit: bigint,
  l1Fee: bigint,
  baseFee: bigint,
  isthmus: boolean,
): TransactionCharges['settle'] {
  return async (overlay, sender, gasUsed) => {
    await addBalance(overlay, BASE_FEE_VAULT, gasUsed * baseFee)
    await addBalance(overlay, L1_FEE_VAULT, l1Fee)
    if (!isthmus) return
    const operatorFeeUsed = operatorFee(fees.operatorFee, gasUsed)
    await addBalance(overlay, sender, operatorFee(fees.operatorFee, gasLimit) - operatorFeeUsed)
    await addBalance(overlay, OPERATOR_FEE_VAULT, operatorFeeUsed)
  }
}

/**
 * What an OP-Stack chain charges: the L1 fee and, from Isthmus, the operator fee. All fees but the tip go to the vaults.
 * @param cost the transaction's data, measured
 * @param baseFee wei per gas
 * @param isthmus whether there is an operator fee vault
 * @see OP specs: Fjord, Isthmus and Jovian fees
 */
export function opCharges(
  fees: FeeRules,
  tx: SignedTransaction,
  cost: RollupCostData,
  baseFee: bigint,
  isthmus: boolean,
): TransactionCharges {
  const l1Fee = l1Cost(fees.l1Cost, cost).fee
  const taken = l1Fee + operatorFee(fees.operatorFee, tx.gasLimit)
  return { required: taken, taken, settle: opSettlement(fees, tx.gasLimit, l1Fee, baseFee, isthmus) }
}
