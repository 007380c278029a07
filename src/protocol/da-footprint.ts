import { AppError } from '../primitives/errors.ts'
import { equalBytes } from '../primitives/hex.ts'
import { estimatedDaSize, type RollupCostData } from './l1-fee.ts'
import { L1_INFO_LENGTH, L1_INFO_SELECTOR } from './l1-info.ts'

/** Codes of the DA footprint rule. The message is the execution layer's own. */
export type DaFootprintErrorCode = 'DA_FOOTPRINT_UNKNOWN'

/**
 * The DA footprint scalar of a Jovian block, out of its L1-attributes calldata.
 * @returns undefined in the activation block, whose attributes are still in Isthmus' format: its footprint is 0 and it may
 * not hold user transactions
 * @throws AppError DA_FOOTPRINT_UNKNOWN
 * @see OP specs: Jovian, "DA footprint block limit"
 */
export function daFootprintGasScalar(l1Attributes: Uint8Array): bigint | undefined {
  if (l1Attributes.length === L1_INFO_LENGTH.isthmus) return undefined
  const refuse = (message: string): never => {
    throw new AppError<DaFootprintErrorCode>('DA_FOOTPRINT_UNKNOWN', { message })
  }
  if (l1Attributes.length < L1_INFO_LENGTH.jovian) {
    refuse(`L1 attributes transaction data too short for DA footprint gas scalar: ${l1Attributes.length}`)
  }
  if (!equalBytes(l1Attributes.subarray(0, 4), L1_INFO_SELECTOR.jovian)) {
    refuse('L1 attributes transaction data does not have Jovian selector')
  }
  const at = L1_INFO_LENGTH.jovian - 2
  return BigInt(((l1Attributes[at] as number) << 8) | (l1Attributes[at + 1] as number))
}

/** What a user transaction adds to its block's DA footprint, in gas. Deposits add nothing. */
export function daFootprint(data: RollupCostData, scalar: bigint): bigint {
  return estimatedDaSize(data) * scalar
}
