import { AppError } from '../primitives/errors.ts'
import {
  type Address,
  bigIntToPadded,
  bytesToBigInt,
  bytesToHex,
  concatBytes,
  equalBytes,
  type Hash,
  hexToBytes,
} from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import type { OpForks } from './forks.ts'
import { L1_BLOCK_ADDRESS } from './l1-fee.ts'
import { decodeOperatorFeeParams, ecotoneScalars, type SystemConfig } from './system-config.ts'
import { createDeposit, type DepositTransaction, sourceHash } from './transaction.ts'

/** Codes of the L1-attributes transaction. */
export type L1InfoErrorCode = 'L1_INFO_INVALID'

/** The layouts of the L1-attributes calldata. Karst and Interop kept Jovian's. */
export type L1InfoFormat = 'bedrock' | 'ecotone' | 'isthmus' | 'jovian'

/** The function selector of each format. */
export const L1_INFO_SELECTOR: Readonly<Record<L1InfoFormat, Uint8Array>> = {
  bedrock: Uint8Array.of(0x01, 0x5d, 0x8e, 0xb9),
  ecotone: Uint8Array.of(0x44, 0x0a, 0x5e, 0x20),
  isthmus: Uint8Array.of(0x09, 0x89, 0x99, 0xbe),
  jovian: Uint8Array.of(0x3d, 0xb6, 0xbe, 0x2b),
}

/** Bytes of calldata in each format, selector included. */
export const L1_INFO_LENGTH: Readonly<Record<L1InfoFormat, number>> = {
  bedrock: 260,
  ecotone: 164,
  isthmus: 176,
  jovian: 178,
}

/** The account that sends the L1-attributes transaction. */
export const L1_INFO_DEPOSITOR: Address = '0xdeaddeaddeaddeaddeaddeaddeaddeaddead0001'
/** The DA footprint scalar where the system configuration states none. */
const DEFAULT_DA_FOOTPRINT_GAS_SCALAR = 400n

const REGOLITH_SYSTEM_GAS = 1_000_000n
const BEDROCK_SYSTEM_GAS = 150_000_000n
/** EIP-4844's minimum, which stands in for an L1 without blobs. */
const MIN_BLOB_BASE_FEE = 1n

/** What of an L1 block enters the L1-attributes transaction. */
export interface L1InfoSource {
  readonly hash: Hash
  readonly number: bigint
  /** Unix seconds. */
  readonly timestamp: bigint
  /** wei per gas */
  readonly baseFeePerGas: bigint
  /** wei per blob gas; absent before Cancun. @see l1BlobBaseFee in blob-fee.ts */
  readonly blobBaseFee?: bigint
}

interface L1InfoBase {
  /** Of the L1 origin: number, time, hash, base fee. */
  readonly number: bigint
  readonly timestamp: bigint
  readonly hash: Hash
  readonly baseFeePerGas: bigint
  /** Number of L2 blocks before this one with the same origin. */
  readonly sequenceNumber: bigint
  readonly batcherAddress: Address
}

/** Attributes until the Ecotone activation block. */
export interface BedrockL1Info extends L1InfoBase {
  readonly format: 'bedrock'
  readonly overhead: Hash
  readonly scalar: Hash
}

/** Attributes after it. */
export interface EcotoneL1Info extends L1InfoBase {
  readonly format: 'ecotone' | 'isthmus' | 'jovian'
  readonly blobBaseFee: bigint
  readonly baseFeeScalar: bigint
  readonly blobBaseFeeScalar: bigint
  /** From Isthmus, else 0. */
  readonly operatorFeeScalar: bigint
  /** From Isthmus, else 0. In wei. */
  readonly operatorFeeConstant: bigint
  /** From Jovian, else 0. */
  readonly daFootprintGasScalar: bigint
}

/** What an L1-attributes transaction says. */
export type L1Info = BedrockL1Info | EcotoneL1Info

/** The format in a block at `timestamp`: the first block of a fork still has the one before. */
export function l1InfoFormat(forks: OpForks, timestamp: bigint, blockTime: bigint): L1InfoFormat {
  for (const fork of ['jovian', 'isthmus', 'ecotone'] as const) {
    if (forks.isActive(fork, timestamp) && !forks.isActivationBlock(fork, timestamp, blockTime)) return fork
  }
  return 'bedrock'
}

/** The calldata of an L1-attributes transaction. @see OP specs: L1 attributes deposited transaction calldata */
export function encodeL1Info(info: L1Info): Uint8Array {
  const word = (value: bigint): Uint8Array => bigIntToPadded(value, 32)
  const batcher = concatBytes(new Uint8Array(12), hexToBytes(info.batcherAddress))
  if (info.format === 'bedrock') {
    return concatBytes(
      L1_INFO_SELECTOR.bedrock,
      word(info.number),
      word(info.timestamp),
      word(info.baseFeePerGas),
      hexToBytes(info.hash),
      word(info.sequenceNumber),
      batcher,
      hexToBytes(info.overhead),
      hexToBytes(info.scalar),
    )
  }
  const parts = [
    L1_INFO_SELECTOR[info.format],
    bigIntToPadded(info.baseFeeScalar, 4),
    bigIntToPadded(info.blobBaseFeeScalar, 4),
    bigIntToPadded(info.sequenceNumber, 8),
    bigIntToPadded(info.timestamp, 8),
    bigIntToPadded(info.number, 8),
    word(info.baseFeePerGas),
    word(info.blobBaseFee),
    hexToBytes(info.hash),
    batcher,
  ]
  if (info.format !== 'ecotone') {
    parts.push(bigIntToPadded(info.operatorFeeScalar, 4), bigIntToPadded(info.operatorFeeConstant, 8))
  }
  if (info.format === 'jovian') parts.push(bigIntToPadded(info.daFootprintGasScalar, 2))
  return concatBytes(...parts)
}

function invalid(message: string): never {
  throw new AppError<L1InfoErrorCode>('L1_INFO_INVALID', { message: `L1 info: ${message}` })
}

/**
 * Decodes L1-attributes calldata of a known format.
 * @throws AppError L1_INFO_INVALID on any deviation from that format
 */
export function decodeL1Info(data: Uint8Array, format: L1InfoFormat): L1Info {
  if (data.length !== L1_INFO_LENGTH[format]) invalid(`data is unexpected length: ${data.length}`)
  if (!equalBytes(data.subarray(0, 4), L1_INFO_SELECTOR[format])) invalid('invalid function signature')
  const uint = (from: number, size: number): bigint => bytesToBigInt(data.subarray(from, from + size))
  const hash = (from: number): Hash => bytesToHex(data.subarray(from, from + 32))
  const padded = (from: number, size: number): Uint8Array => {
    const value = data.subarray(from + 32 - size, from + 32)
    if (data.subarray(from, from + 32 - size).some((byte) => byte !== 0)) invalid(`padding at ${from} is not empty`)
    return value
  }
  if (format === 'bedrock') {
    return {
      format,
      number: bytesToBigInt(padded(4, 8)),
      timestamp: bytesToBigInt(padded(36, 8)),
      baseFeePerGas: uint(68, 32),
      hash: hash(100),
      sequenceNumber: bytesToBigInt(padded(132, 8)),
      batcherAddress: bytesToHex(padded(164, 20)),
      overhead: hash(196),
      scalar: hash(228),
    }
  }
  return {
    format,
    baseFeeScalar: uint(4, 4),
    blobBaseFeeScalar: uint(8, 4),
    sequenceNumber: uint(12, 8),
    timestamp: uint(20, 8),
    number: uint(28, 8),
    baseFeePerGas: uint(36, 32),
    blobBaseFee: uint(68, 32),
    hash: hash(100),
    batcherAddress: bytesToHex(padded(132, 20)),
    operatorFeeScalar: format === 'ecotone' ? 0n : uint(164, 4),
    operatorFeeConstant: format === 'ecotone' ? 0n : uint(168, 8),
    daFootprintGasScalar: format === 'jovian' ? uint(176, 2) : 0n,
  }
}

/** Where an L1-attributes transaction stands. */
export interface L1InfoContext {
  readonly forks: OpForks
  /** Seconds between L2 blocks. */
  readonly blockTime: bigint
  readonly systemConfig: SystemConfig
  readonly sequenceNumber: bigint
  /** Of the L2 block, in seconds. */
  readonly timestamp: bigint
}

/** What the L1-attributes transaction of a block says. @throws AppError SYSTEM_CONFIG_INVALID */
export function l1InfoOf(source: L1InfoSource, context: L1InfoContext): L1Info {
  const { forks, timestamp, blockTime, systemConfig } = context
  const format = l1InfoFormat(forks, timestamp, blockTime)
  const base: L1InfoBase = {
    number: source.number,
    timestamp: source.timestamp,
    hash: source.hash,
    baseFeePerGas: source.baseFeePerGas,
    sequenceNumber: context.sequenceNumber,
    batcherAddress: systemConfig.batcherAddress,
  }
  if (format === 'bedrock') {
    return { format, ...base, overhead: systemConfig.overhead, scalar: systemConfig.scalar }
  }
  const operatorFee = decodeOperatorFeeParams(systemConfig.operatorFeeParams)
  const daScalar = BigInt(systemConfig.daFootprintGasScalar)
  return {
    format,
    ...base,
    ...ecotoneScalars(systemConfig.scalar),
    blobBaseFee: source.blobBaseFee ?? MIN_BLOB_BASE_FEE,
    operatorFeeScalar: format === 'ecotone' ? 0n : operatorFee.scalar,
    operatorFeeConstant: format === 'ecotone' ? 0n : operatorFee.constant,
    daFootprintGasScalar: format !== 'jovian' ? 0n : daScalar === 0n ? DEFAULT_DA_FOOTPRINT_GAS_SCALAR : daScalar,
  }
}

/** Wraps attributes into the deposit that opens a block. @param regolith whether Regolith's rules hold in that block */
export function l1InfoDeposit(info: L1Info, regolith: boolean): DepositTransaction {
  const seed = keccak256(concatBytes(hexToBytes(info.hash), bigIntToPadded(info.sequenceNumber, 32)))
  return createDeposit({
    sourceHash: sourceHash('l1Info', seed),
    from: L1_INFO_DEPOSITOR,
    to: L1_BLOCK_ADDRESS,
    mint: 0n,
    value: 0n,
    gasLimit: regolith ? REGOLITH_SYSTEM_GAS : BEDROCK_SYSTEM_GAS,
    isSystemTx: !regolith,
    data: encodeL1Info(info),
  })
}

/** The L1-attributes transaction of a block. @throws AppError SYSTEM_CONFIG_INVALID */
export function createL1InfoDeposit(source: L1InfoSource, context: L1InfoContext): DepositTransaction {
  return l1InfoDeposit(l1InfoOf(source, context), context.forks.isActive('regolith', context.timestamp))
}
