import type { OpForks } from '../src/protocol/forks.ts'
import {
  type L1BlockSlots,
  l1Cost,
  l1CostRule,
  operatorFee,
  operatorFeeRule,
  type RollupCostData,
  rollupCostData,
} from '../src/protocol/l1-fee.ts'
import type { SignedTransaction } from '../src/protocol/transaction.ts'
import type { RollupFee } from './validate.ts'

/** Compressing is what costs time, and its result never changes. */
const measured = new WeakMap<SignedTransaction, RollupCostData>()

function measure(transaction: SignedTransaction): RollupCostData {
  const known = measured.get(transaction)
  if (known !== undefined) return known
  const data = rollupCostData(transaction.raw)
  measured.set(transaction, data)
  return data
}

/**
 * L1 and operator fee as op-geth's pool charges them: by the rules of the head block, the operator fee for the whole gas limit.
 * @param timestamp the head's
 * @param slots of L1Block after the head
 */
export function opRollupFee(forks: OpForks, timestamp: bigint, slots: L1BlockSlots): RollupFee {
  const l1 = l1CostRule(forks, timestamp, slots)
  const operator = operatorFeeRule(forks, timestamp, slots)
  return (transaction) => l1Cost(l1, measure(transaction)).fee + operatorFee(operator, transaction.gasLimit)
}
