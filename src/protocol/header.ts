import { AppError } from '../primitives/errors.ts'
import {
  type Address,
  bytesToHex,
  EMPTY_BYTES,
  type Hash,
  hexToBytes,
  ZERO_ADDRESS,
  ZERO_HASH,
} from '../primitives/hex.ts'
import { EMPTY_LIST_HASH, keccakHash } from '../primitives/keccak.ts'
import { decodeRlp, encodeRlp, type RlpInput, type RlpItem, rlpBytes, rlpList, rlpUint } from '../primitives/rlp.ts'

/** sha256 of nothing: the requests hash of a block without execution requests (EIP-7685). */
export const EMPTY_REQUESTS_HASH: Hash = '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** A block header. Fields that came with an upgrade are absent before it. */
export interface Header {
  readonly parentHash: Hash
  readonly ommersHash: Hash
  readonly beneficiary: Address
  readonly stateRoot: Hash
  readonly transactionsRoot: Hash
  readonly receiptsRoot: Hash
  /** 256 bytes. */
  readonly logsBloom: Uint8Array
  readonly difficulty: bigint
  readonly number: bigint
  readonly gasLimit: bigint
  readonly gasUsed: bigint
  /** Unix seconds. */
  readonly timestamp: bigint
  readonly extraData: Uint8Array
  readonly mixHash: Hash
  /** 8 bytes. */
  readonly nonce: Uint8Array
  /** wei. London. */
  readonly baseFeePerGas?: bigint
  /** Shanghai / Canyon. On OP from Isthmus: the storage root of the L2ToL1MessagePasser. */
  readonly withdrawalsRoot?: Hash
  /** Cancun / Ecotone. On OP from Jovian: the block's DA footprint. */
  readonly blobGasUsed?: bigint
  readonly excessBlobGas?: bigint
  readonly parentBeaconBlockRoot?: Hash
  /** Prague / Isthmus. */
  readonly requestsHash?: Hash
}

/** Codes of header decoding. */
export type HeaderErrorCode = 'HEADER_INVALID'

const OPTIONAL_FIELDS = [
  'baseFeePerGas',
  'withdrawalsRoot',
  'blobGasUsed',
  'excessBlobGas',
  'parentBeaconBlockRoot',
  'requestsHash',
] as const

/** The values a post-merge block always has, for building headers. */
export const POST_MERGE_CONSTANTS: Pick<Header, 'ommersHash' | 'difficulty' | 'nonce'> = {
  ommersHash: EMPTY_LIST_HASH,
  difficulty: 0n,
  nonce: new Uint8Array(8),
}

/** The header as the list that is hashed. */
export function headerToRlp(header: Header): RlpInput[] {
  const list: RlpInput[] = [
    hexToBytes(header.parentHash),
    hexToBytes(header.ommersHash),
    hexToBytes(header.beneficiary),
    hexToBytes(header.stateRoot),
    hexToBytes(header.transactionsRoot),
    hexToBytes(header.receiptsRoot),
    header.logsBloom,
    header.difficulty,
    header.number,
    header.gasLimit,
    header.gasUsed,
    header.timestamp,
    header.extraData,
    hexToBytes(header.mixHash),
    header.nonce,
  ]
  let last = -1
  OPTIONAL_FIELDS.forEach((field, index) => {
    if (header[field] !== undefined) last = index
  })
  for (const field of OPTIONAL_FIELDS.slice(0, last + 1)) {
    const value = header[field]
    // A gap can only come from a header that was deliberately broken; geth writes the zero value there.
    if (value === undefined) list.push(EMPTY_BYTES)
    else list.push(typeof value === 'bigint' ? value : hexToBytes(value))
  }
  return list
}

/** keccak of the RLP header: the block hash. */
export function hashHeader(header: Header): Hash {
  return keccakHash(encodeRlp(headerToRlp(header)))
}

/**
 * Reads a header from its decoded RLP list.
 * @throws AppError HEADER_INVALID or RLP_INVALID
 */
export function headerFromRlp(item: RlpItem): Header {
  const fields = rlpList(item)
  if (fields.length < 15 || fields.length > 15 + OPTIONAL_FIELDS.length) {
    throw new AppError<HeaderErrorCode>('HEADER_INVALID', { message: `header has ${fields.length} fields` })
  }
  const hex = (index: number, size: number): Hash => {
    const bytes = rlpBytes(fields[index])
    if (bytes.length !== size) {
      throw new AppError<HeaderErrorCode>('HEADER_INVALID', { message: `header field ${index} is not ${size} bytes` })
    }
    return bytesToHex(bytes)
  }
  const optional: { -readonly [K in (typeof OPTIONAL_FIELDS)[number]]?: Header[K] } = {}
  if (fields.length > 15) optional.baseFeePerGas = rlpUint(fields[15])
  if (fields.length > 16) optional.withdrawalsRoot = hex(16, 32)
  if (fields.length > 17) optional.blobGasUsed = rlpUint(fields[17], 8)
  if (fields.length > 18) optional.excessBlobGas = rlpUint(fields[18], 8)
  if (fields.length > 19) optional.parentBeaconBlockRoot = hex(19, 32)
  if (fields.length > 20) optional.requestsHash = hex(20, 32)
  return {
    parentHash: hex(0, 32),
    ommersHash: hex(1, 32),
    beneficiary: hex(2, 20),
    stateRoot: hex(3, 32),
    transactionsRoot: hex(4, 32),
    receiptsRoot: hex(5, 32),
    logsBloom: hexToBytes(hex(6, 256)),
    difficulty: rlpUint(fields[7]),
    number: rlpUint(fields[8], 8),
    gasLimit: rlpUint(fields[9], 8),
    gasUsed: rlpUint(fields[10], 8),
    timestamp: rlpUint(fields[11], 8),
    extraData: rlpBytes(fields[12]),
    mixHash: hex(13, 32),
    nonce: hexToBytes(hex(14, 8)),
    ...(optional as Pick<Header, (typeof OPTIONAL_FIELDS)[number]>),
  }
}

/** Decodes an RLP header. @throws AppError HEADER_INVALID or RLP_INVALID */
export function decodeHeader(bytes: Uint8Array): Header {
  return headerFromRlp(decodeRlp(bytes))
}

/** A header of zeros, for tests and for deriving from. */
export const EMPTY_HEADER: Header = {
  parentHash: ZERO_HASH,
  beneficiary: ZERO_ADDRESS,
  stateRoot: ZERO_HASH,
  transactionsRoot: ZERO_HASH,
  receiptsRoot: ZERO_HASH,
  logsBloom: new Uint8Array(256),
  number: 0n,
  gasLimit: 0n,
  gasUsed: 0n,
  timestamp: 0n,
  extraData: EMPTY_BYTES,
  mixHash: ZERO_HASH,
  ...POST_MERGE_CONSTANTS,
}
