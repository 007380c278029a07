import { AppError } from '../primitives/errors.ts'
import {
  type Address,
  bigIntToPadded,
  bytesToHex,
  concatBytes,
  EMPTY_BYTES,
  type Hash,
  hexToBytes,
} from '../primitives/hex.ts'
import { keccak256, keccakHash } from '../primitives/keccak.ts'
import { decodeRlp, encodeRlp, type RlpInput, type RlpItem, rlpBytes, rlpList, rlpUint } from '../primitives/rlp.ts'
import { isValidSignature, recoverAddress } from '../primitives/secp256k1.ts'

/** Codes of transaction decoding. */
export type TransactionErrorCode = 'TX_INVALID' | 'TX_TYPE_UNSUPPORTED'

/** One entry of an EIP-2930 access list. */
export interface AccessListEntry {
  readonly address: Address
  readonly storageKeys: readonly Hash[]
}

/** One EIP-7702 authorization, as signed. */
export interface Authorization {
  readonly chainId: bigint
  readonly address: Address
  readonly nonce: bigint
  readonly yParity: bigint
  readonly r: bigint
  readonly s: bigint
}

interface TransactionBase {
  /** keccak of {@link raw}. */
  readonly hash: Hash
  /** The EIP-2718 encoding, as it stands in a block. */
  readonly raw: Uint8Array
  /** Recovered from the signature, or a deposit's `from`. */
  readonly sender: Address
  /** Absent for a contract creation. */
  readonly to: Address | undefined
  readonly value: bigint
  readonly gasLimit: bigint
  readonly data: Uint8Array
}

interface SignedBase extends TransactionBase {
  readonly nonce: bigint
  /** Absent on a legacy transaction without replay protection. */
  readonly chainId: bigint | undefined
  /** wei per gas; equal to {@link maxPriorityFeePerGas} on types 0 and 1, where it is the gas price. */
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
  readonly accessList: readonly AccessListEntry[]
  /** As signed: 27/28 or EIP-155 on type 0, else the y parity. */
  readonly v: bigint
  readonly r: bigint
  readonly s: bigint
}

/** Type 0. */
export interface LegacyTransaction extends SignedBase {
  readonly type: 0
}
/** Type 1, EIP-2930. */
export interface AccessListTransaction extends SignedBase {
  readonly type: 1
}
/** Type 2, EIP-1559. */
export interface FeeMarketTransaction extends SignedBase {
  readonly type: 2
}
/** Type 3, EIP-4844, without its sidecar. Not allowed on OP-Stack chains. */
export interface BlobTransaction extends SignedBase {
  readonly type: 3
  readonly maxFeePerBlobGas: bigint
  readonly blobVersionedHashes: readonly Hash[]
}
/** Type 4, EIP-7702. */
export interface SetCodeTransaction extends SignedBase {
  readonly type: 4
  readonly authorizationList: readonly Authorization[]
}
/** Type 0x7E: a deposit, forced in by the L1 or by the protocol. @see OP specs: deposits */
export interface DepositTransaction extends TransactionBase {
  readonly type: 0x7e
  readonly sourceHash: Hash
  /** wei created on L2 before execution; 0 when absent (both encode alike). */
  readonly mint: bigint
  readonly isSystemTx: boolean
}

/** A transaction that somebody signed. */
export type SignedTransaction =
  | LegacyTransaction
  | AccessListTransaction
  | FeeMarketTransaction
  | BlobTransaction
  | SetCodeTransaction
/** Any transaction that can stand in a block. */
export type Transaction = SignedTransaction | DepositTransaction

/** What differs between chains in reading transactions. */
export interface DecodeOptions {
  /**
   * Takes a signature with `s = 0` and even y parity, which no key makes, to name the sender in `r`: how chains of tests
   * store what accounts did whose key nobody has. Everywhere else such a transaction is invalid.
   */
  readonly impersonation?: boolean
}

/** What identifies a deposit before it is encoded. */
export interface DepositFields {
  readonly sourceHash: Hash
  readonly from: Address
  readonly to: Address | undefined
  readonly mint: bigint
  readonly value: bigint
  readonly gasLimit: bigint
  readonly isSystemTx: boolean
  readonly data: Uint8Array
}

function invalid(message: string): never {
  throw new AppError<TransactionErrorCode>('TX_INVALID', { message: `invalid transaction: ${message}` })
}

function fixed(item: RlpItem | undefined, size: number, what: string): Uint8Array {
  const bytes = rlpBytes(item)
  if (bytes.length !== size) invalid(`${what} is not ${size} bytes`)
  return bytes
}

function optionalTo(item: RlpItem | undefined): Address | undefined {
  const bytes = rlpBytes(item)
  return bytes.length === 0 ? undefined : bytesToHex(fixed(bytes, 20, 'to'))
}

function accessList(item: RlpItem | undefined): AccessListEntry[] {
  return rlpList(item).map((entry) => {
    const fields = rlpList(entry)
    if (fields.length !== 2) invalid('access list entry')
    return {
      address: bytesToHex(fixed(fields[0], 20, 'access list address')),
      storageKeys: rlpList(fields[1]).map((key) => bytesToHex(fixed(key, 32, 'storage key'))),
    }
  })
}

function authorizations(item: RlpItem | undefined): Authorization[] {
  return rlpList(item).map((entry) => {
    const fields = rlpList(entry)
    if (fields.length !== 6) invalid('authorization')
    return {
      chainId: rlpUint(fields[0]),
      address: bytesToHex(fixed(fields[1], 20, 'authorization address')),
      nonce: rlpUint(fields[2], 8),
      yParity: rlpUint(fields[3], 1),
      r: rlpUint(fields[4]),
      s: rlpUint(fields[5]),
    }
  })
}

function recover(hash: Uint8Array, r: bigint, s: bigint, parity: number): Address {
  if (!isValidSignature(r, s)) invalid('invalid signature values')
  try {
    return recoverAddress(hash, concatBytes(bigIntToPadded(r, 32), bigIntToPadded(s, 32)), parity)
  } catch (cause) {
    throw new AppError<TransactionErrorCode>('TX_INVALID', { message: 'invalid transaction: invalid signature', cause })
  }
}

/** Addresses are below. */
const ADDRESS_BOUND = 1n << 160n

interface Signature {
  readonly r: bigint
  readonly s: bigint
  readonly parity: number
}

function senderOf(hash: Uint8Array, { r, s, parity }: Signature, { impersonation = false }: DecodeOptions): Address {
  if (impersonation && s === 0n && parity === 0 && r < ADDRESS_BOUND) return bytesToHex(bigIntToPadded(r, 20))
  return recover(hash, r, s, parity)
}

/**
 * The most items of a transaction: more than the gas of any block pays for, since all but a few are in lists of which each entry
 * costs hundreds of gas.
 */
export const MAX_TRANSACTION_ITEMS = 1 << 18

function decodeLegacy(raw: Uint8Array, options: DecodeOptions): LegacyTransaction {
  const fields = rlpList(decodeRlp(raw, MAX_TRANSACTION_ITEMS))
  if (fields.length !== 9) invalid(`legacy transaction has ${fields.length} fields`)
  const v = rlpUint(fields[6])
  let chainId: bigint | undefined
  let parity: number
  if (v === 27n || v === 28n) {
    parity = Number(v - 27n)
  } else if (v >= 35n) {
    chainId = (v - 35n) / 2n
    parity = Number((v - 35n) % 2n)
  } else invalid(`v = ${v}`)
  const r = rlpUint(fields[7])
  const s = rlpUint(fields[8])
  const unsigned: RlpInput[] = (fields as RlpInput[]).slice(0, 6)
  if (chainId !== undefined) unsigned.push(chainId, EMPTY_BYTES, EMPTY_BYTES)
  const gasPrice = rlpUint(fields[1])
  return {
    type: 0,
    hash: keccakHash(raw),
    raw,
    chainId,
    nonce: rlpUint(fields[0], 8),
    maxFeePerGas: gasPrice,
    maxPriorityFeePerGas: gasPrice,
    gasLimit: rlpUint(fields[2], 8),
    to: optionalTo(fields[3]),
    value: rlpUint(fields[4]),
    data: rlpBytes(fields[5]),
    accessList: [],
    v,
    r,
    s,
    sender: senderOf(keccak256(encodeRlp(unsigned)), { r, s, parity }, options),
  }
}

/** Where each field of a typed transaction stands in its list; absent when the type does not have it. */
interface TypedLayout {
  readonly fields: number
  readonly feeMarket: boolean
}

const TYPED_LAYOUT: Readonly<Record<1 | 2 | 3 | 4, TypedLayout>> = {
  1: { fields: 11, feeMarket: false },
  2: { fields: 12, feeMarket: true },
  3: { fields: 14, feeMarket: true },
  4: { fields: 13, feeMarket: true },
}

function decodeTyped(raw: Uint8Array, type: 1 | 2 | 3 | 4, options: DecodeOptions): SignedTransaction {
  const layout = TYPED_LAYOUT[type]
  const fields = rlpList(decodeRlp(raw.subarray(1), MAX_TRANSACTION_ITEMS))
  if (fields.length !== layout.fields) invalid(`type ${type} transaction has ${fields.length} fields`)
  const next = iterate(fields)
  const chainId = rlpUint(next())
  const nonce = rlpUint(next(), 8)
  const maxPriorityFeePerGas = rlpUint(next())
  const maxFeePerGas = layout.feeMarket ? rlpUint(next()) : maxPriorityFeePerGas
  const gasLimit = rlpUint(next(), 8)
  const to = optionalTo(next())
  const value = rlpUint(next())
  const data = rlpBytes(next())
  const list = accessList(next())
  let extra: { maxFeePerBlobGas?: bigint; blobVersionedHashes?: Hash[]; authorizationList?: Authorization[] } = {}
  if (type === 3) {
    if (to === undefined) invalid('blob transaction of type create')
    extra = {
      maxFeePerBlobGas: rlpUint(next()),
      blobVersionedHashes: rlpList(next()).map((hash) => bytesToHex(fixed(hash, 32, 'blob hash'))),
    }
  }
  if (type === 4) {
    if (to === undefined) invalid('EIP-7702 transaction of type create')
    extra = { authorizationList: authorizations(next()) }
  }
  const v = rlpUint(next(), 1)
  if (v > 1n) invalid(`y parity = ${v}`)
  const r = rlpUint(next())
  const s = rlpUint(next())
  const signed = encodeRlp((fields as RlpInput[]).slice(0, -3))
  const hash = keccak256(concatBytes(Uint8Array.of(type), signed))
  return {
    type,
    hash: keccakHash(raw),
    raw,
    chainId,
    nonce,
    maxPriorityFeePerGas,
    maxFeePerGas,
    gasLimit,
    to,
    value,
    data,
    accessList: list,
    ...extra,
    v,
    r,
    s,
    sender: senderOf(hash, { r, s, parity: Number(v) }, options),
  } as SignedTransaction
}

function iterate(fields: readonly RlpItem[]): () => RlpItem | undefined {
  let at = 0
  return () => fields[at++]
}

function decodeDeposit(raw: Uint8Array): DepositTransaction {
  const fields = rlpList(decodeRlp(raw.subarray(1), MAX_TRANSACTION_ITEMS))
  if (fields.length !== 8) invalid(`deposit has ${fields.length} fields`)
  const system = rlpUint(fields[6], 1)
  if (system > 1n) invalid('isSystemTx is not a boolean')
  return {
    type: 0x7e,
    hash: keccakHash(raw),
    raw,
    sourceHash: bytesToHex(fixed(fields[0], 32, 'source hash')),
    sender: bytesToHex(fixed(fields[1], 20, 'from')),
    to: optionalTo(fields[2]),
    mint: rlpUint(fields[3]),
    value: rlpUint(fields[4]),
    gasLimit: rlpUint(fields[5], 8),
    isSystemTx: system === 1n,
    data: rlpBytes(fields[7]),
  }
}

/**
 * Decodes a transaction as it stands in a block (EIP-2718; blob transactions without sidecar) and recovers its sender.
 * The bytes are kept by reference: do not change them afterwards.
 * @throws AppError TX_INVALID, TX_TYPE_UNSUPPORTED or RLP_INVALID
 */
export function decodeTransaction(raw: Uint8Array, options: DecodeOptions = {}): Transaction {
  const first = raw[0]
  if (first === undefined) invalid('empty')
  if (first >= 0xc0) return decodeLegacy(raw, options)
  switch (first) {
    case 1:
    case 2:
    case 3:
    case 4:
      return decodeTyped(raw, first, options)
    case 0x7e:
      return decodeDeposit(raw)
    default:
      throw new AppError<TransactionErrorCode>('TX_TYPE_UNSUPPORTED', { message: 'transaction type not supported' })
  }
}

/** Builds a deposit transaction from its fields. @see OP specs: deposits, "The Deposited Transaction Type" */
export function createDeposit(fields: DepositFields): DepositTransaction {
  const raw = concatBytes(
    Uint8Array.of(0x7e),
    encodeRlp([
      hexToBytes(fields.sourceHash),
      hexToBytes(fields.from),
      fields.to === undefined ? EMPTY_BYTES : hexToBytes(fields.to),
      fields.mint,
      fields.value,
      fields.gasLimit,
      fields.isSystemTx ? 1 : 0,
      fields.data,
    ]),
  )
  return {
    type: 0x7e,
    hash: keccakHash(raw),
    raw,
    sourceHash: fields.sourceHash,
    sender: fields.from,
    to: fields.to,
    mint: fields.mint,
    value: fields.value,
    gasLimit: fields.gasLimit,
    isSystemTx: fields.isSystemTx,
    data: fields.data,
  }
}

/** Which part of the protocol a deposit comes from. @see OP specs: deposits, "Source hash computation" */
export type SourceDomain = 'user' | 'l1Info' | 'upgrade' | 'invalidatedBlock'

const SOURCE_DOMAIN: Readonly<Record<SourceDomain, bigint>> = {
  user: 0n,
  l1Info: 1n,
  upgrade: 2n,
  invalidatedBlock: 4n,
}

/** keccak(u256(domain) ‖ inner): the identity of a deposit. `inner` is 32 bytes. */
export function sourceHash(domain: SourceDomain, inner: Uint8Array): Hash {
  return keccakHash(concatBytes(bigIntToPadded(SOURCE_DOMAIN[domain], 32), inner))
}

/** Whether the transaction is a deposit. */
export function isDeposit(transaction: Transaction): transaction is DepositTransaction {
  return transaction.type === 0x7e
}

/** The price per gas that a signed transaction pays at a base fee (wei). */
export function effectiveGasPrice(transaction: SignedTransaction, baseFee: bigint): bigint {
  const priced = baseFee + transaction.maxPriorityFeePerGas
  return priced < transaction.maxFeePerGas ? priced : transaction.maxFeePerGas
}
