import { AppError } from '../primitives/errors.ts'
import { bigIntToPadded, bytesToBigInt, bytesToHex, concatBytes, EMPTY_BYTES } from '../primitives/hex.ts'
import type { OpForks } from './forks.ts'

/** Codes of EIP-1559 parameters in header or attributes. The message is the execution layer's own. */
export type ExtraDataErrorCode = 'EXTRA_DATA_INVALID' | 'EIP1559_PARAMS_INVALID'

/** The EIP-1559 parameters that a Holocene block states; both fit in u32. */
export interface Eip1559Params {
  readonly denominator: bigint
  readonly elasticity: bigint
}

/** The EIP-1559 constants of an OP chain, as its chain configuration states them. */
export interface Eip1559Constants {
  readonly elasticity: bigint
  /** Before Canyon. */
  readonly denominator: bigint
  /** From Canyon. */
  readonly denominatorCanyon: bigint
}

/** What a header's extraData says from Holocene on. */
export interface DecodedExtraData extends Eip1559Params {
  /** wei; Jovian. */
  readonly minBaseFee?: bigint
}

const HOLOCENE_VERSION = 0
const JOVIAN_VERSION = 1
const HOLOCENE_LENGTH = 9
const JOVIAN_LENGTH = 17

/** 8 bytes: denominator u32, elasticity u32. @throws RangeError when one does not fit */
export function encodeEip1559Params(params: Eip1559Params): Uint8Array {
  return concatBytes(bigIntToPadded(params.denominator, 4), bigIntToPadded(params.elasticity, 4))
}

/** Reads 8 bytes of parameters. @throws AppError EIP1559_PARAMS_INVALID when it is another length */
function decodeEip1559Params(bytes: Uint8Array): Eip1559Params {
  if (bytes.length !== 8) {
    throw new AppError<ExtraDataErrorCode>('EIP1559_PARAMS_INVALID', {
      message: `holocene eip-1559 params should be 8 bytes, got ${bytes.length}`,
    })
  }
  return { denominator: bytesToBigInt(bytes.subarray(0, 4)), elasticity: bytesToBigInt(bytes.subarray(4, 8)) }
}

/**
 * Reads the parameters of payload attributes, where both may be zero, which means the chain's constants.
 * @throws AppError EIP1559_PARAMS_INVALID
 */
export function decodeAttributesParams(bytes: Uint8Array): Eip1559Params {
  const params = decodeEip1559Params(bytes)
  if ((params.denominator === 0n) !== (params.elasticity === 0n)) {
    const [zero, other] = params.denominator === 0n ? ['denominator', 'elasticity'] : ['elasticity', 'denominator']
    throw new AppError<ExtraDataErrorCode>('EIP1559_PARAMS_INVALID', {
      message: `holocene params cannot have a 0 ${zero} unless ${other} is also 0`,
    })
  }
  return params
}

/** The chain's constants for a block at `timestamp`: Canyon changed the denominator. */
export function eip1559ConstantsAt(forks: OpForks, constants: Eip1559Constants, timestamp: bigint): Eip1559Params {
  const denominator = forks.isActive('canyon', timestamp) ? constants.denominatorCanyon : constants.denominator
  return { denominator, elasticity: constants.elasticity }
}

/** A header's extraData: empty before Holocene, 9 bytes from it, 17 from Jovian. Zeros are not resolved here. */
export function encodeExtraData(
  forks: OpForks,
  timestamp: bigint,
  params: Eip1559Params,
  minBaseFee: bigint,
): Uint8Array {
  if (forks.isActive('jovian', timestamp)) {
    return concatBytes(Uint8Array.of(JOVIAN_VERSION), encodeEip1559Params(params), bigIntToPadded(minBaseFee, 8))
  }
  if (forks.isActive('holocene', timestamp)) {
    return concatBytes(Uint8Array.of(HOLOCENE_VERSION), encodeEip1559Params(params))
  }
  return EMPTY_BYTES
}

/**
 * The extraData of a block built from payload attributes: zero parameters become the chain's constants.
 * @param params the attributes' 8 bytes; undefined before Holocene
 * @param minBaseFee the attributes' minBaseFee, in wei; required from Jovian, ignored before
 * @throws AppError EIP1559_PARAMS_INVALID as the engine refuses such attributes
 */
export function extraDataFromAttributes(
  forks: OpForks,
  constants: Eip1559Constants,
  timestamp: bigint,
  params: Uint8Array | undefined,
  minBaseFee: bigint | undefined,
): Uint8Array {
  const refuse = (message: string): never => {
    throw new AppError<ExtraDataErrorCode>('EIP1559_PARAMS_INVALID', { message })
  }
  if (forks.isActive('jovian', timestamp) && minBaseFee === undefined) refuse('missing minBaseFee')
  if (!forks.isActive('holocene', timestamp)) {
    if (params !== undefined) refuse('got eip1559 params, expected none')
    return EMPTY_BYTES
  }
  const stated = decodeAttributesParams(params ?? EMPTY_BYTES)
  const used = stated.denominator === 0n ? eip1559ConstantsAt(forks, constants, timestamp) : stated
  return encodeExtraData(forks, timestamp, used, minBaseFee ?? 0n)
}

/**
 * Reads the parameters that a parent's extraData sets for the next block. The execution layer is lenient here: a Jovian
 * parent may carry the 9-byte form (a genesis block does), and the version byte is not looked at.
 * @throws AppError EXTRA_DATA_INVALID when there is nothing to compute with
 */
export function decodeParentExtraData(jovian: boolean, extraData: Uint8Array): DecodedExtraData {
  const long = jovian && extraData.length === JOVIAN_LENGTH
  const params =
    long || extraData.length === HOLOCENE_LENGTH ? decodeEip1559Params(extraData.subarray(1, 9)) : undefined
  if (params === undefined || params.denominator === 0n || params.elasticity === 0n) {
    throw new AppError<ExtraDataErrorCode>('EXTRA_DATA_INVALID', {
      message: 'parent extraData holds no EIP-1559 parameters',
      data: { extraData: bytesToHex(extraData) },
    })
  }
  return long ? { ...params, minBaseFee: bytesToBigInt(extraData.subarray(9)) } : params
}

/**
 * Reads a header's extraData by the rules of its own timestamp.
 * @returns undefined before Holocene, where extraData must be empty (the genesis block excepted: do not ask for it)
 * @throws AppError EXTRA_DATA_INVALID
 */
export function decodeExtraData(
  forks: OpForks,
  timestamp: bigint,
  extraData: Uint8Array,
): DecodedExtraData | undefined {
  const refuse = (message: string): never => {
    throw new AppError<ExtraDataErrorCode>('EXTRA_DATA_INVALID', { message })
  }
  if (!forks.isActive('holocene', timestamp)) {
    if (extraData.length > 0) refuse('extraData must be empty before Holocene')
    return undefined
  }
  const jovian = forks.isActive('jovian', timestamp)
  const name = jovian ? 'Jovian' : 'holocene'
  const length = jovian ? JOVIAN_LENGTH : HOLOCENE_LENGTH
  const version = jovian ? JOVIAN_VERSION : HOLOCENE_VERSION
  if (extraData.length !== length) refuse(`${name} extraData should be ${length} bytes, got ${extraData.length}`)
  if (extraData[0] !== version) refuse(`${name} extraData version byte should be ${version}, got ${extraData[0]}`)
  const params = decodeEip1559Params(extraData.subarray(1, 9))
  if (params.denominator === 0n) refuse('holocene extraData must encode a non-zero denominator')
  if (params.elasticity === 0n) refuse('holocene extraData must encode a non-zero elasticity')
  return jovian ? { ...params, minBaseFee: bytesToBigInt(extraData.subarray(9)) } : params
}
