import { AppError } from '../primitives/errors.ts'
import type { Header } from './header.ts'
import { type BlobParams, blobParamsAt, isL1ForkActive, type L1ChainConfig } from './l1-chain.ts'

/** Codes of blob pricing. */
export type BlobFeeErrorCode = 'BLOB_SCHEDULE_UNKNOWN'

/** Gas of one blob. */
export const GAS_PER_BLOB = 131_072n

const MIN_BLOB_BASE_FEE = 1n
/** EIP-7918: execution gas whose price is the least that a blob costs. */
const BLOB_BASE_COST = 8_192n
const CANCUN_UPDATE_FRACTION = 3_338_477n

/** factor * e ** (numerator / denominator) by Taylor expansion. @see EIP-4844, fake_exponential */
function fakeExponential(factor: bigint, numerator: bigint, denominator: bigint): bigint {
  let sum = 0n
  let term = factor * denominator
  for (let i = 1n; term > 0n; i++) {
    sum += term
    term = (term * numerator) / denominator / i
  }
  return sum / denominator
}

/** wei per blob gas. */
export function blobBaseFee(excessBlobGas: bigint, updateFraction: bigint): bigint {
  return fakeExponential(MIN_BLOB_BASE_FEE, excessBlobGas, updateFraction)
}

function requireParams(config: L1ChainConfig, timestamp: bigint): BlobParams {
  const params = blobParamsAt(config, timestamp)
  if (params === undefined) {
    throw new AppError<BlobFeeErrorCode>('BLOB_SCHEDULE_UNKNOWN', {
      message: `the L1 chain configuration has no blob schedule for time ${timestamp}`,
      severity: 'critical',
    })
  }
  return params
}

/**
 * The blob base fee of an L1 block that the L1-attributes transaction carries.
 * @param pectraBlobScheduleTime until this L1 time Cancun's parameters are used, whatever L1 itself does: chains on
 * Sepolia and Holesky missed the change at first and keep what they agreed on
 * @returns wei per blob gas; undefined before Cancun
 * @throws AppError BLOB_SCHEDULE_UNKNOWN
 */
export function l1BlobBaseFee(
  config: L1ChainConfig,
  pectraBlobScheduleTime: bigint | undefined,
  header: Pick<Header, 'timestamp' | 'excessBlobGas'>,
): bigint | undefined {
  if (header.excessBlobGas === undefined) return undefined
  if (pectraBlobScheduleTime !== undefined && header.timestamp < pectraBlobScheduleTime) {
    return blobBaseFee(header.excessBlobGas, CANCUN_UPDATE_FRACTION)
  }
  return blobBaseFee(header.excessBlobGas, requireParams(config, header.timestamp).updateFraction)
}

/**
 * The excess blob gas of the L1 block on top of `parent`.
 * @param timestamp the new block's, in seconds
 * @throws AppError BLOB_SCHEDULE_UNKNOWN
 * @see EIP-4844, EIP-7918
 */
export function nextExcessBlobGas(
  config: L1ChainConfig,
  parent: Pick<Header, 'excessBlobGas' | 'blobGasUsed' | 'baseFeePerGas'>,
  timestamp: bigint,
): bigint {
  const params = requireParams(config, timestamp)
  const excess = parent.excessBlobGas ?? 0n
  const used = parent.excessBlobGas === undefined ? 0n : (parent.blobGasUsed ?? 0n)
  const target = BigInt(params.target) * GAS_PER_BLOB
  if (excess + used < target) return 0n
  if (isL1ForkActive(config, 'osaka', timestamp)) {
    const reserve = BLOB_BASE_COST * (parent.baseFeePerGas ?? 0n)
    if (reserve > GAS_PER_BLOB * blobBaseFee(excess, params.updateFraction)) {
      return excess + (used * BigInt(params.max - params.target)) / BigInt(params.max)
    }
  }
  return excess + used - target
}
