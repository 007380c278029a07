import type { Address, Hash } from '../primitives/hex.ts'
import { toWord } from '../primitives/hex.ts'
import { flzCompressLength } from './fastlz.ts'
import type { OpForks } from './forks.ts'

/** The L1Block predeploy, which holds the fee parameters. */
export const L1_BLOCK_ADDRESS: Address = '0x4200000000000000000000000000000000000015'

/** The storage slots of L1Block that fees depend on. */
export const L1_BLOCK_SLOTS = {
  l1BaseFee: toWord(1n),
  /** Packed: the two Ecotone scalars and the sequence number. */
  feeScalars: toWord(3n),
  overhead: toWord(5n),
  scalar: toWord(6n),
  l1BlobBaseFee: toWord(7n),
  /** Packed: the operator fee's scalar and constant. */
  operatorFee: toWord(8n),
} as const satisfies Readonly<Record<string, Hash>>

/** The values of {@link L1_BLOCK_SLOTS}, each as the 256-bit word of storage. */
export type L1BlockSlots = Readonly<Record<keyof typeof L1_BLOCK_SLOTS, bigint>>

/** What of a transaction's raw bytes its L1 fee depends on. */
export interface RollupCostData {
  readonly zeroes: number
  readonly nonZeroes: number
  /** Length after FastLZ, in bytes. */
  readonly fastLzSize: number
}

/** How the L1 fee is computed in a block, and from what (fees in wei per gas). */
export type L1CostRule =
  | {
      readonly tag: 'bedrock'
      readonly l1BaseFee: bigint
      readonly overhead: bigint
      /** In millionths. */
      readonly scalar: bigint
      /** Before Regolith 68 bytes are charged for a signature that is not there. */
      readonly regolith: boolean
    }
  | {
      readonly tag: 'ecotone' | 'fjord'
      readonly l1BaseFee: bigint
      readonly l1BlobBaseFee: bigint
      /** In millionths. */
      readonly baseFeeScalar: bigint
      /** In millionths. */
      readonly blobBaseFeeScalar: bigint
    }

/** An L1 fee: wei, and the L1 gas that it stands for. */
export interface L1Cost {
  readonly fee: bigint
  readonly gasUsed: bigint
}

/** How the operator fee is computed in a block. */
export interface OperatorFeeRule {
  readonly tag: 'isthmus' | 'jovian'
  readonly scalar: bigint
  /** wei */
  readonly constant: bigint
}

const U32 = 0xffff_ffffn
const U64 = 0xffff_ffff_ffff_ffffn
const REGOLITH_DROPPED_BYTES = 68

/** Measures a transaction's EIP-2718 bytes. */
export function rollupCostData(raw: Uint8Array): RollupCostData {
  let zeroes = 0
  for (let i = 0; i < raw.length; i++) if (raw[i] === 0) zeroes++
  return { zeroes, nonZeroes: raw.length - zeroes, fastLzSize: flzCompressLength(raw) }
}

/** The transaction's estimated size in a batch, in millionths of a byte. @see OP specs: Fjord, "L1-Cost fees" */
export function estimatedDaSizeScaled(data: RollupCostData): bigint {
  const estimate = 836_500 * data.fastLzSize - 42_585_600
  return BigInt(estimate < 100_000_000 ? 100_000_000 : estimate)
}

/** The transaction's estimated size in a batch, in whole bytes. */
export function estimatedDaSize(data: RollupCostData): bigint {
  return estimatedDaSizeScaled(data) / 1_000_000n
}

/** The fee for a transaction's data, in wei. */
export function l1Cost(rule: L1CostRule, data: RollupCostData): L1Cost {
  const calldataGas = (nonZeroes: number): bigint => BigInt(4 * data.zeroes + 16 * nonZeroes)
  if (rule.tag === 'bedrock') {
    const gasUsed = calldataGas(data.nonZeroes + (rule.regolith ? 0 : REGOLITH_DROPPED_BYTES)) + rule.overhead
    return { gasUsed, fee: (gasUsed * rule.l1BaseFee * rule.scalar) / 1_000_000n }
  }
  const perByte = 16n * rule.l1BaseFee * rule.baseFeeScalar + rule.l1BlobBaseFee * rule.blobBaseFeeScalar
  if (rule.tag === 'ecotone') {
    const gasUsed = calldataGas(data.nonZeroes)
    return { gasUsed, fee: (gasUsed * perByte) / 16_000_000n }
  }
  const size = estimatedDaSizeScaled(data)
  return { gasUsed: (size * 16n) / 1_000_000n, fee: (size * perByte) / 1_000_000_000_000n }
}

/**
 * The rule for a block's user transactions. Read the slots after the L1-attributes deposit has run, before the first user
 * transaction, and keep the rule for the whole block.
 */
export function l1CostRule(forks: OpForks, timestamp: bigint, slots: L1BlockSlots): L1CostRule {
  const baseFeeScalar = (slots.feeScalars >> 96n) & U32
  const blobBaseFeeScalar = (slots.feeScalars >> 64n) & U32
  // In the first Ecotone block the attributes are still in the old format, whichever later fork starts with it.
  const unset = slots.l1BlobBaseFee === 0n && baseFeeScalar === 0n && blobBaseFeeScalar === 0n
  if (!forks.isActive('ecotone', timestamp) || unset) {
    return {
      tag: 'bedrock',
      l1BaseFee: slots.l1BaseFee,
      overhead: slots.overhead,
      scalar: slots.scalar,
      regolith: forks.isActive('regolith', timestamp),
    }
  }
  return {
    tag: forks.isActive('fjord', timestamp) ? 'fjord' : 'ecotone',
    l1BaseFee: slots.l1BaseFee,
    l1BlobBaseFee: slots.l1BlobBaseFee,
    baseFeeScalar,
    blobBaseFeeScalar,
  }
}

/** The operator fee's rule for a block; undefined when none is charged. Read the slots as for {@link l1CostRule}. */
export function operatorFeeRule(forks: OpForks, timestamp: bigint, slots: L1BlockSlots): OperatorFeeRule | undefined {
  if (!forks.isActive('isthmus', timestamp) || slots.operatorFee === 0n) return undefined
  return {
    tag: forks.isActive('jovian', timestamp) ? 'jovian' : 'isthmus',
    scalar: (slots.operatorFee >> 64n) & U32,
    constant: slots.operatorFee & U64,
  }
}

/** The operator fee for an amount of gas, in wei. Never exceeds 103 bits. @see OP specs: Isthmus, Jovian "Operator Fee" */
export function operatorFee(rule: OperatorFeeRule | undefined, gas: bigint): bigint {
  if (rule === undefined) return 0n
  const variable = rule.tag === 'jovian' ? gas * rule.scalar * 100n : (gas * rule.scalar) / 1_000_000n
  return variable + rule.constant
}
