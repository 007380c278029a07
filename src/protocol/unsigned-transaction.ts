import { type Address, concatBytes, EMPTY_BYTES, type Hash, hexToBytes } from '../primitives/hex.ts'
import { keccakHash } from '../primitives/keccak.ts'
import { encodeRlp, type RlpInput } from '../primitives/rlp.ts'
import type { AccessListEntry, Authorization, SignedTransaction } from './transaction.ts'

/** What a call would be as a transaction, before anybody signs it. */
export interface UnsignedFields {
  readonly type: SignedTransaction['type']
  readonly chainId: bigint
  readonly sender: Address
  readonly nonce: bigint
  readonly gasLimit: bigint
  /** Absent for a contract creation. */
  readonly to: Address | undefined
  /** wei */
  readonly value: bigint
  readonly data: Uint8Array
  /** wei per gas; the gas price on types 0 and 1. */
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
  readonly accessList: readonly AccessListEntry[]
  readonly maxFeePerBlobGas?: bigint
  readonly blobVersionedHashes?: readonly Hash[]
  readonly authorizationList?: readonly Authorization[]
}

const NO_SIGNATURE: readonly RlpInput[] = [0n, 0n, 0n]

function payload(fields: UnsignedFields): RlpInput[] {
  const { type, chainId, nonce, gasLimit, value, data, maxFeePerGas, maxPriorityFeePerGas } = fields
  const to = fields.to === undefined ? EMPTY_BYTES : hexToBytes(fields.to)
  const body: RlpInput[] = [gasLimit, to, value, data]
  if (type === 0) return [nonce, maxFeePerGas, ...body]
  const prices = type === 1 ? [maxFeePerGas] : [maxPriorityFeePerGas, maxFeePerGas]
  const list = fields.accessList.map(({ address, storageKeys }) => [hexToBytes(address), storageKeys.map(hexToBytes)])
  const common: RlpInput[] = [chainId, nonce, ...prices, ...body, list]
  if (type === 3) {
    const hashes = (fields.blobVersionedHashes ?? []).map(hexToBytes)
    return [...common, fields.maxFeePerBlobGas ?? 0n, hashes]
  }
  if (type !== 4) return common
  const authorizations = (fields.authorizationList ?? []).map(
    ({ chainId: chain, address, nonce: from, yParity, r, s }) => [chain, hexToBytes(address), from, yParity, r, s],
  )
  return [...common, authorizations]
}

/** The transaction with zeros for its signature: geth hashes calls in this form. */
export function unsignedTransaction(fields: UnsignedFields): SignedTransaction {
  const { type } = fields
  const encoded = encodeRlp([...payload(fields), ...NO_SIGNATURE])
  const raw = type === 0 ? encoded : concatBytes(Uint8Array.of(type), encoded)
  const { chainId, ...rest } = fields
  return {
    ...rest,
    hash: keccakHash(raw),
    raw,
    chainId: type === 0 ? undefined : chainId,
    v: 0n,
    r: 0n,
    s: 0n,
    ...(type === 0 && { accessList: [] }),
  } as SignedTransaction
}
