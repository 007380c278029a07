import { AppError } from '../primitives/errors.ts'
import { type Address, bytesToBigInt, type Hash, hexToBytes } from '../primitives/hex.ts'

/** Codes of the system configuration. */
export type SystemConfigErrorCode = 'SYSTEM_CONFIG_INVALID'

/** What the L1 SystemConfig contract sets for L2 blocks; carried from block to block. @see OP specs: System Config */
export interface SystemConfig {
  /** The only account whose batcher transactions count. */
  readonly batcherAddress: Address
  /** 32 bytes; always zero from Ecotone. */
  readonly overhead: Hash
  /** 32 bytes; from Ecotone a versioned encoding of two scalars. */
  readonly scalar: Hash
  readonly gasLimit: bigint
  /** 8 bytes; zeros mean the chain's constants. Holocene. */
  readonly eip1559Params: Uint8Array
  /** 32 bytes: scalar u32 at 20, constant u64 at 24. Isthmus. */
  readonly operatorFeeParams: Hash
  /** wei. Jovian. */
  readonly minBaseFee: bigint
  /** u16; 0 means the default. Jovian. */
  readonly daFootprintGasScalar: number
}

/** The two fee scalars from Ecotone on, u32 each, in millionths. */
export interface EcotoneScalars {
  readonly baseFeeScalar: bigint
  readonly blobBaseFeeScalar: bigint
}

const MAX_U32 = 0xffff_ffffn

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0)
}

/** Whether the rules from Ecotone on take the scalar: a known version, and nothing in its padding. */
export function isEcotoneScalar(scalar: Hash): boolean {
  const bytes = hexToBytes(scalar)
  if (bytes[0] === 0) return isZero(bytes.subarray(1, 28))
  return bytes[0] === 1 && isZero(bytes.subarray(1, 24))
}

/**
 * Splits a scalar as the rules from Ecotone on read it.
 * @throws AppError SYSTEM_CONFIG_INVALID, critical: such a scalar cannot have come through the update rules
 */
export function ecotoneScalars(scalar: Hash): EcotoneScalars {
  const bytes = hexToBytes(scalar)
  if (!isEcotoneScalar(scalar)) {
    // A scalar from before Ecotone that does not fit: the highest fee, rather than one that is wrong by chance.
    if (bytes[0] === 0) return { baseFeeScalar: MAX_U32, blobBaseFeeScalar: 0n }
    throw new AppError<SystemConfigErrorCode>('SYSTEM_CONFIG_INVALID', {
      message: `system config scalar ${scalar} is not an Ecotone scalar`,
      severity: 'critical',
    })
  }
  return {
    baseFeeScalar: bytesToBigInt(bytes.subarray(28, 32)),
    blobBaseFeeScalar: bytes[0] === 1 ? bytesToBigInt(bytes.subarray(24, 28)) : 0n,
  }
}

/** Joins two scalars in the versioned encoding. */
export function encodeEcotoneScalar(scalars: EcotoneScalars): Hash {
  const word = (1n << 248n) | (scalars.blobBaseFeeScalar << 32n) | scalars.baseFeeScalar
  return `0x${word.toString(16).padStart(64, '0')}`
}

/** The operator fee's scalar (u32) and constant (u64). */
export interface OperatorFeeParams {
  readonly scalar: bigint
  readonly constant: bigint
}

/** Splits {@link SystemConfig.operatorFeeParams}. Its first 20 bytes are not looked at. */
export function decodeOperatorFeeParams(params: Hash): OperatorFeeParams {
  const bytes = hexToBytes(params)
  return { scalar: bytesToBigInt(bytes.subarray(20, 24)), constant: bytesToBigInt(bytes.subarray(24, 32)) }
}

/** Joins {@link SystemConfig.operatorFeeParams}. */
export function encodeOperatorFeeParams(params: OperatorFeeParams): Hash {
  const word = (params.scalar << 64n) | params.constant
  return `0x${word.toString(16).padStart(64, '0')}`
}
