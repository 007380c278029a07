import { createHash } from 'node:crypto'
import { AppError } from '../primitives/errors.ts'
import { bytesToHex, concatBytes, type Hash } from '../primitives/hex.ts'
import { decodeRlp, encodeRlp, type RlpInput, rlpBytes, rlpList, rlpUint } from '../primitives/rlp.ts'
import { MAX_TRANSACTION_ITEMS, type TransactionErrorCode } from './transaction.ts'

/** Bytes of a blob. */
export const BLOB_SIZE = 131_072
/** Proofs that each blob has from Osaka: one for each cell. @see EIP-7594 */
export const CELLS_PER_BLOB = 128

const BLOB_TYPE = 3
const CURVE_POINT_SIZE = 48

/** What travels with a blob transaction and does not stand in the block. */
export interface BlobSidecar {
  /** 0: a proof for each blob (EIP-4844); 1: a proof for each cell of each blob (EIP-7594). */
  readonly version: number
  /** {@link BLOB_SIZE} bytes each. */
  readonly blobs: readonly Uint8Array[]
  /** 48 bytes each. */
  readonly commitments: readonly Uint8Array[]
  /** 48 bytes each. */
  readonly proofs: readonly Uint8Array[]
}

/** A blob transaction in its network form, taken apart. */
export interface NetworkTransaction {
  /** As it stands in a block. */
  readonly raw: Uint8Array
  readonly sidecar: BlobSidecar
}

function invalid(message: string): never {
  throw new AppError<TransactionErrorCode>('TX_INVALID', { message: `invalid transaction: ${message}` })
}

function items(item: Parameters<typeof rlpList>[0], size: number, what: string): Uint8Array[] {
  return rlpList(item).map((entry) => {
    const bytes = rlpBytes(entry)
    if (bytes.length !== size) invalid(`${what} is not ${size} bytes`)
    return bytes
  })
}

/**
 * Takes a blob transaction in its network form apart.
 * @returns undefined for any other encoding, also that of a blob transaction as it stands in a block
 * @throws AppError TX_INVALID or RLP_INVALID
 * @see EIP-4844 "Networking", EIP-7594 "Networking"
 */
export function decodeNetworkTransaction(bytes: Uint8Array): NetworkTransaction | undefined {
  if (bytes[0] !== BLOB_TYPE) return undefined
  const fields = rlpList(decodeRlp(bytes.subarray(1), MAX_TRANSACTION_ITEMS))
  const [body, ...rest] = fields
  if (body === undefined || body instanceof Uint8Array) return undefined
  const cells = rest.length === 4
  if (!cells && rest.length !== 3) invalid(`blob transaction with sidecar has ${fields.length} fields`)
  const version = cells ? Number(rlpUint(rest.shift(), 1)) : 0
  if (cells && version !== 1) invalid(`blob sidecar version ${version}`)
  const [blobs, commitments, proofs] = rest
  return {
    raw: concatBytes(Uint8Array.of(BLOB_TYPE), encodeRlp(body as RlpInput)),
    sidecar: {
      version,
      blobs: items(blobs, BLOB_SIZE, 'blob'),
      commitments: items(commitments, CURVE_POINT_SIZE, 'blob commitment'),
      proofs: items(proofs, CURVE_POINT_SIZE, 'blob proof'),
    },
  }
}

/** The network form of a blob transaction. @param raw as it stands in a block */
export function encodeNetworkTransaction({ raw, sidecar }: NetworkTransaction): Uint8Array {
  const { version, blobs, commitments, proofs } = sidecar
  const body = decodeRlp(raw.subarray(1)) as RlpInput
  const wrapper: RlpInput[] = version === 0 ? [body] : [body, version]
  return concatBytes(Uint8Array.of(BLOB_TYPE), encodeRlp([...wrapper, blobs, commitments, proofs]))
}

/** What a transaction calls a blob: the hash of its commitment, with a version in front. @see EIP-4844 */
export function versionedHash(commitment: Uint8Array): Hash {
  const digest = createHash('sha256').update(commitment).digest()
  digest[0] = 1
  return bytesToHex(digest)
}
