import { AppError } from '../primitives/errors.ts'
import { decodeParentExtraData, type Eip1559Constants, type Eip1559Params, eip1559ConstantsAt } from './extra-data.ts'
import type { OpForks } from './forks.ts'
import type { Header } from './header.ts'

/** Codes of the base fee rule. */
export type BaseFeeErrorCode = 'BASE_FEE_UNKNOWN'

/** What the next block's base fee depends on. */
export type BaseFeeParent = Pick<
  Header,
  'number' | 'timestamp' | 'gasLimit' | 'gasUsed' | 'baseFeePerGas' | 'blobGasUsed' | 'extraData'
>

/** EIP-1559's own parameters: L1. */
const L1_EIP1559: Eip1559Params = { denominator: 8n, elasticity: 2n }

/** wei per gas of the first London block. */
export const INITIAL_BASE_FEE = 1_000_000_000n

/**
 * EIP-1559's formula.
 * @param metered the parent's gas used, or what counts as such
 * @returns wei per gas
 */
function baseFeeAfter(baseFee: bigint, metered: bigint, gasLimit: bigint, params: Eip1559Params): bigint {
  const target = gasLimit / params.elasticity
  if (metered === target) return baseFee
  if (target === 0n) throw new AppError<BaseFeeErrorCode>('BASE_FEE_UNKNOWN', { message: 'parent has no gas target' })
  if (metered > target) {
    const delta = (baseFee * (metered - target)) / target / params.denominator
    return baseFee + (delta < 1n ? 1n : delta)
  }
  const next = baseFee - (baseFee * (target - metered)) / target / params.denominator
  return next < 0n ? 0n : next
}

/**
 * The base fee of the OP-Stack block on top of `parent`. The parent's fork decides where the parameters come from: its
 * extraData from Holocene, before that the chain's constants at the new block's time.
 * @param timestamp the new block's, in seconds
 * @returns wei per gas
 * @throws AppError EXTRA_DATA_INVALID when the parent's extraData is malformed, BASE_FEE_UNKNOWN without a base fee
 * @see OP specs: Holocene "Dynamic EIP-1559 Parameters", Jovian "Minimum Base Fee" and "DA Footprint"
 */
export function nextOpBaseFee(
  forks: OpForks,
  constants: Eip1559Constants,
  parent: BaseFeeParent,
  timestamp: bigint,
): bigint {
  if (parent.baseFeePerGas === undefined) {
    throw new AppError<BaseFeeErrorCode>('BASE_FEE_UNKNOWN', { message: 'parent header is missing baseFee' })
  }
  const jovian = forks.isActive('jovian', parent.timestamp)
  const stated = forks.isActive('holocene', parent.timestamp)
    ? decodeParentExtraData(jovian, parent.extraData)
    : undefined
  const params = stated ?? eip1559ConstantsAt(forks, constants, timestamp)
  let metered = parent.gasUsed
  if (jovian) {
    if (parent.blobGasUsed === undefined) {
      throw new AppError<BaseFeeErrorCode>('BASE_FEE_UNKNOWN', { message: 'parent header is missing blobGasUsed' })
    }
    if (parent.blobGasUsed > metered) metered = parent.blobGasUsed
  }
  const next = baseFeeAfter(parent.baseFeePerGas, metered, parent.gasLimit, params)
  const minimum = stated?.minBaseFee ?? 0n
  return next < minimum ? minimum : next
}

/** The base fee of the L1 block on top of `parent`, in wei per gas; the initial one when the parent has none. */
export function nextL1BaseFee(parent: BaseFeeParent): bigint {
  if (parent.baseFeePerGas === undefined) return INITIAL_BASE_FEE
  return baseFeeAfter(parent.baseFeePerGas, parent.gasUsed, parent.gasLimit, L1_EIP1559)
}
