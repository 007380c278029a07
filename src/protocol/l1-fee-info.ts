import { AppError } from '../primitives/errors.ts'
import { bytesToBigInt, equalBytes } from '../primitives/hex.ts'
import { daFootprint, daFootprintGasScalar } from './da-footprint.ts'
import { formatFeeScalar } from './fee-scalar-format.ts'
import type { OpForks } from './forks.ts'
import { type L1CostRule, l1Cost, type RollupCostData } from './l1-fee.ts'
import { L1_INFO_LENGTH, L1_INFO_SELECTOR, type L1InfoErrorCode } from './l1-info.ts'

/** What a user transaction paid for L1 data, as its RPC receipt shows it. Derived from calldata, not from state. */
export interface L1FeeInfo {
  /** wei per gas */
  readonly l1GasPrice: bigint
  readonly l1GasUsed: bigint
  /** wei */
  readonly l1Fee: bigint
  /** With Bedrock's rule: the scalar as a decimal, e.g. "0.684". */
  readonly l1FeeScalar?: string
  readonly l1BlobBaseFee?: bigint
  readonly l1BaseFeeScalar?: bigint
  readonly l1BlobBaseFeeScalar?: bigint
  readonly operatorFeeScalar?: bigint
  readonly operatorFeeConstant?: bigint
  readonly daFootprintGasScalar?: bigint
  /** From Jovian: this transaction's DA footprint, `blobGasUsed` in its RPC receipt. */
  readonly daFootprint?: bigint
}

interface Parsed {
  readonly rule: L1CostRule
  /** The fields that are alike on every receipt of the block. */
  readonly shared: Partial<L1FeeInfo>
}

function short(want: string, length: number): never {
  throw new AppError<L1InfoErrorCode>('L1_INFO_INVALID', { message: `expected ${want} L1 info bytes, got ${length}` })
}

function parse(forks: OpForks, timestamp: bigint, data: Uint8Array): Parsed {
  const uint = (from: number, size: number): bigint => bytesToBigInt(data.subarray(from, from + size))
  const has = (selector: Uint8Array): boolean => data.length >= 4 && equalBytes(data.subarray(0, 4), selector)
  // An activation block's attributes are in the format before: the old selector gives it away.
  const isthmus = forks.isActive('isthmus', timestamp) && data.length >= 4 && !has(L1_INFO_SELECTOR.ecotone)
  const ecotone = forks.isActive('ecotone', timestamp) && data.length >= 4 && !has(L1_INFO_SELECTOR.bedrock)
  if (!isthmus && !ecotone) {
    if (data.length < L1_INFO_LENGTH.bedrock) short(`at least ${L1_INFO_LENGTH.bedrock}`, data.length)
    const scalar = uint(228, 32)
    const regolith = forks.isActive('regolith', timestamp)
    return {
      rule: { tag: 'bedrock', l1BaseFee: uint(68, 32), overhead: uint(196, 32), scalar, regolith },
      shared: { l1FeeScalar: formatFeeScalar(scalar) },
    }
  }
  if (isthmus && data.length < L1_INFO_LENGTH.isthmus) short(`at least ${L1_INFO_LENGTH.isthmus}`, data.length)
  if (!isthmus && data.length !== L1_INFO_LENGTH.ecotone) short(`${L1_INFO_LENGTH.ecotone}`, data.length)
  const rule: L1CostRule = {
    tag: isthmus || forks.isActive('fjord', timestamp) ? 'fjord' : 'ecotone',
    l1BaseFee: uint(36, 32),
    l1BlobBaseFee: uint(68, 32),
    baseFeeScalar: uint(4, 4),
    blobBaseFeeScalar: uint(8, 4),
  }
  const operatorFeeScalar = isthmus ? uint(164, 4) : 0n
  const operatorFeeConstant = isthmus ? uint(168, 8) : 0n
  const operator = operatorFeeScalar !== 0n || operatorFeeConstant !== 0n
  return {
    rule,
    shared: {
      l1BlobBaseFee: rule.l1BlobBaseFee,
      l1BaseFeeScalar: rule.baseFeeScalar,
      l1BlobBaseFeeScalar: rule.blobBaseFeeScalar,
      ...(operator ? { operatorFeeScalar, operatorFeeConstant } : {}),
    },
  }
}

/**
 * Reads a block's L1-attributes calldata once, for the receipts of all its user transactions.
 * @param l1Attributes the data of the block's first transaction
 * @throws AppError L1_INFO_INVALID, DA_FOOTPRINT_UNKNOWN
 */
export function l1FeeInfo(
  forks: OpForks,
  timestamp: bigint,
  l1Attributes: Uint8Array,
): (data: RollupCostData) => L1FeeInfo {
  const { rule, shared } = parse(forks, timestamp, l1Attributes)
  const scalar = forks.isActive('jovian', timestamp) ? daFootprintGasScalar(l1Attributes) : undefined
  return (data) => {
    const cost = l1Cost(rule, data)
    return {
      l1GasPrice: rule.l1BaseFee,
      l1GasUsed: cost.gasUsed,
      l1Fee: cost.fee,
      ...shared,
      ...(scalar === undefined ? {} : { daFootprintGasScalar: scalar, daFootprint: daFootprint(data, scalar) }),
    }
  }
}
