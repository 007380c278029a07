import { type Address, bytesToHex, concatBytes, EMPTY_BYTES, type Hash, hexToBytes } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import { encodeRlp, type RlpInput } from '../primitives/rlp.ts'
import { signHash } from '../primitives/secp256k1.ts'
import type { AccessListEntry, Authorization } from './transaction.ts'

interface FieldsBase {
  readonly chainId: bigint
  readonly nonce: bigint
  readonly gasLimit: bigint
  /** Undefined creates a contract. */
  readonly to: Address | undefined
  /** wei */
  readonly value: bigint
  readonly data: Uint8Array
}

interface FeeMarketFields extends FieldsBase {
  /** wei per gas */
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
  readonly accessList: readonly AccessListEntry[]
}

/** What a wallet signs: a transaction before it has a signature, always of one chain (EIP-155). */
export type TransactionFields =
  | (FieldsBase & { readonly type: 0; readonly gasPrice: bigint })
  | (FieldsBase & { readonly type: 1; readonly gasPrice: bigint; readonly accessList: readonly AccessListEntry[] })
  | (FeeMarketFields & { readonly type: 2 })
  | (FeeMarketFields & {
      readonly type: 3
      /** wei per blob gas */
      readonly maxFeePerBlobGas: bigint
      readonly blobVersionedHashes: readonly Hash[]
    })
  | (FeeMarketFields & { readonly type: 4; readonly authorizationList: readonly Authorization[] })

/** A signature of a transaction: the y parity, and the two numbers. */
export interface TransactionSignature {
  readonly yParity: 0 | 1
  readonly r: bigint
  readonly s: bigint
}

function accessList(entries: readonly AccessListEntry[]): RlpInput {
  return entries.map(({ address, storageKeys }) => [hexToBytes(address), storageKeys.map(hexToBytes)])
}

function authorizations(list: readonly Authorization[]): RlpInput {
  return list.map(({ chainId, address, nonce, yParity, r, s }) => [chainId, hexToBytes(address), nonce, yParity, r, s])
}

function payload(fields: TransactionFields): RlpInput[] {
  const { chainId, nonce, gasLimit, value, data } = fields
  const to = fields.to === undefined ? EMPTY_BYTES : hexToBytes(fields.to)
  const body: RlpInput[] = [gasLimit, to, value, data]
  switch (fields.type) {
    case 0:
      return [nonce, fields.gasPrice, ...body]
    case 1:
      return [chainId, nonce, fields.gasPrice, ...body, accessList(fields.accessList)]
    case 2:
    case 3:
    case 4: {
      const { maxPriorityFeePerGas, maxFeePerGas } = fields
      const list = [chainId, nonce, maxPriorityFeePerGas, maxFeePerGas, ...body, accessList(fields.accessList)]
      if (fields.type === 3) return [...list, fields.maxFeePerBlobGas, fields.blobVersionedHashes.map(hexToBytes)]
      return fields.type === 4 ? [...list, authorizations(fields.authorizationList)] : list
    }
  }
}

function enveloped(type: number, list: readonly RlpInput[]): Uint8Array {
  const encoded = encodeRlp([...list])
  return type === 0 ? encoded : concatBytes(Uint8Array.of(type), encoded)
}

/** What the sender signs: 32 bytes. @see EIP-155, EIP-2718 */
function signingHash(fields: TransactionFields): Uint8Array {
  const list = payload(fields)
  return keccak256(
    enveloped(fields.type, fields.type === 0 ? [...list, fields.chainId, EMPTY_BYTES, EMPTY_BYTES] : list),
  )
}

/** The transaction as it stands in a block. */
export function encodeSigned(fields: TransactionFields, { yParity, r, s }: TransactionSignature): Uint8Array {
  const v = fields.type === 0 ? fields.chainId * 2n + 35n + BigInt(yParity) : BigInt(yParity)
  return enveloped(fields.type, [...payload(fields), v, r, s])
}

/** The transaction as it stands in a block, with zeros in place of a signature: what `eth_fillTransaction` gives. */
export function encodeUnsigned(fields: TransactionFields): Uint8Array {
  return enveloped(fields.type, [...payload(fields), 0n, 0n, 0n])
}

function wordAt(bytes: Uint8Array, at: number): bigint {
  return BigInt(bytesToHex(bytes.subarray(at, at + 32)))
}

/** Signs a transaction. @param key 32 bytes */
export function signTransaction(fields: TransactionFields, key: Hash): Uint8Array {
  const signature = signHash(signingHash(fields), hexToBytes(key))
  const yParity = signature[64] === 1 ? 1 : 0
  return encodeSigned(fields, { yParity, r: wordAt(signature, 0), s: wordAt(signature, 32) })
}
