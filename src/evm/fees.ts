import type { Address } from '../primitives/hex.ts'
import type { OpForks } from '../protocol/forks.ts'
import {
  L1_BLOCK_ADDRESS,
  L1_BLOCK_SLOTS,
  type L1BlockSlots,
  type L1CostRule,
  l1CostRule,
  type OperatorFeeRule,
  operatorFeeRule,
} from '../protocol/l1-fee.ts'
import type { Overlay } from '../state/overlay.ts'

/** Receives the base fee of user transactions. */
export const BASE_FEE_VAULT: Address = '0x4200000000000000000000000000000000000019'
/** Receives the L1 fee. */
export const L1_FEE_VAULT: Address = '0x420000000000000000000000000000000000001a'
/** Receives the operator fee, from Isthmus. */
export const OPERATOR_FEE_VAULT: Address = '0x420000000000000000000000000000000000001b'

/** How the fees of one block's user transactions are computed. */
export interface FeeRules {
  readonly l1Cost: L1CostRule
  /** Undefined where no operator fee is charged. */
  readonly operatorFee: OperatorFeeRule | undefined
}

/**
 * Reads the fee parameters out of L1Block. Must run after the L1-attributes deposit and before the first user transaction;
 * the rules then hold for the whole block.
 */
export async function readFeeRules(overlay: Overlay, forks: OpForks, timestamp: bigint): Promise<FeeRules> {
  const names = Object.keys(L1_BLOCK_SLOTS) as (keyof typeof L1_BLOCK_SLOTS)[]
  const values = await Promise.all(names.map((name) => overlay.slot(L1_BLOCK_ADDRESS, L1_BLOCK_SLOTS[name])))
  const slots = Object.fromEntries(names.map((name, i) => [name, values[i]])) as Record<keyof L1BlockSlots, bigint>
  return {
    l1Cost: l1CostRule(forks, timestamp, slots),
    operatorFee: operatorFeeRule(forks, timestamp, slots),
  }
}
