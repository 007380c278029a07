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
  const slots: Record<keyof L1BlockSlots, bigint> = {
    l1BaseFee: 0n,
    feeScalars: 0n,
    overhead: 0n,
    scalar: 0n,
    l1BlobBaseFee: 0n,
    operatorFee: 0n,
  }
  const read = async (...names: (keyof L1BlockSlots)[]): Promise<void> => {
    const values = await Promise.all(names.map((name) => overlay.slot(L1_BLOCK_ADDRESS, L1_BLOCK_SLOTS[name])))
    names.forEach((name, i) => {
      slots[name] = values[i] as bigint
    })
  }
  // Only what the fork's rule asks for: a slot too many is a round trip too many, and a witness does not hold it.
  const ecotone = forks.isActive('ecotone', timestamp)
  const operator: (keyof L1BlockSlots)[] = forks.isActive('isthmus', timestamp) ? ['operatorFee'] : []
  if (ecotone) await read('l1BaseFee', 'feeScalars', 'l1BlobBaseFee', ...operator)
  if (!ecotone || l1CostRule(forks, timestamp, slots).tag === 'bedrock') await read('l1BaseFee', 'overhead', 'scalar')
  return {
    l1Cost: l1CostRule(forks, timestamp, slots),
    operatorFee: operatorFeeRule(forks, timestamp, slots),
  }
}
