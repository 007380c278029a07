import { type Address, EMPTY_BYTES, type Hash } from '../primitives/hex.ts'
import { keccakHash } from '../primitives/keccak.ts'
import { type BlobSidecar, encodeNetworkTransaction, versionedHash } from '../protocol/blob-sidecar.ts'
import { signTransaction } from '../protocol/transaction-encoding.ts'
import type { InboxData } from './inbox-data.ts'
import { refuseInput } from './input-error.ts'
import type { BlobProver } from './ports.ts'

/** Who sends to the inbox. */
export interface BatcherAccount {
  readonly address: Address
  /** 32 bytes. */
  readonly key: Hash
}

/** What a transaction offers at most: wei per gas, and per blob gas. */
export interface InboxFees {
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
  readonly maxFeePerBlobGas: bigint
}

/** Data of a transaction with all that goes with it but nonce and price. */
export interface ProvenData {
  readonly data: Uint8Array
  readonly sidecar: BlobSidecar | undefined
  readonly blobVersionedHashes: readonly Hash[]
}

/** What the sender and its chain say of a transaction. */
export interface InboxFields {
  readonly chainId: bigint
  readonly to: Address
  readonly nonce: bigint
  readonly fees: InboxFees
}

/** A transaction that can be sent. */
export interface InboxTransaction {
  readonly hash: Hash
  readonly nonce: bigint
  /** With blobs in its network form. */
  readonly raw: Uint8Array
  readonly blobVersionedHashes: readonly Hash[]
}

const BASE_GAS = 21_000n
/** EIP-7623's floor, which is more than what data costs otherwise: before Prague the rest comes back. */
const GAS_PER_ZERO = 10n
const GAS_PER_OTHER = 40n

function gasFor(data: Uint8Array): bigint {
  let zeros = 0
  for (const byte of data) if (byte === 0) zeros++
  return BASE_GAS + BigInt(zeros) * GAS_PER_ZERO + BigInt(data.length - zeros) * GAS_PER_OTHER
}

async function commitments(blobs: readonly Uint8Array[], prover: BlobProver): Promise<Uint8Array[]> {
  const made: Uint8Array[] = []
  for (const [index, blob] of blobs.entries()) {
    try {
      made.push(await prover.commitment(blob))
    } catch {
      refuseInput(`blob ${index} has a field element that is out of range`)
    }
  }
  return made
}

/**
 * Commits to blobs and proves them, one after the other.
 * @param cells whether with a proof for each cell, as from Osaka
 * @throws AppError BATCH_INPUT_INVALID: a blob cannot be committed to
 */
export async function provenData(inbox: InboxData, prover: BlobProver, cells: boolean): Promise<ProvenData> {
  if (inbox.da === 'calldata') return { data: inbox.data, sidecar: undefined, blobVersionedHashes: [] }
  const { blobs } = inbox
  const committed = await commitments(blobs, prover)
  const proofs: Uint8Array[] = []
  for (const [index, blob] of blobs.entries()) {
    if (cells) proofs.push(...(await prover.cellProofs(blob)))
    else proofs.push(await prover.proof(blob, committed[index] as Uint8Array))
  }
  const sidecar = { version: cells ? 1 : 0, blobs, commitments: committed, proofs }
  return { data: EMPTY_BYTES, sidecar, blobVersionedHashes: committed.map(versionedHash) }
}

/** Signs what goes to the inbox: a transaction of type 2, or of type 3 with blobs. */
export function inboxTransaction(
  { data, sidecar, blobVersionedHashes }: ProvenData,
  { chainId, to, nonce, fees }: InboxFields,
  key: Hash,
): InboxTransaction {
  const { maxFeePerGas, maxPriorityFeePerGas, maxFeePerBlobGas } = fees
  const market = { maxFeePerGas, maxPriorityFeePerGas, accessList: [] }
  const common = { chainId, nonce, gasLimit: gasFor(data), to, value: 0n, data, ...market }
  if (sidecar === undefined) {
    const raw = signTransaction({ type: 2, ...common }, key)
    return { hash: keccakHash(raw), nonce, raw, blobVersionedHashes }
  }
  const signed = signTransaction({ type: 3, ...common, maxFeePerBlobGas, blobVersionedHashes }, key)
  return {
    hash: keccakHash(signed),
    nonce,
    raw: encodeNetworkTransaction({ raw: signed, sidecar }),
    blobVersionedHashes,
  }
}
