import {
  type BlobSidecar,
  decodeNetworkTransaction,
  encodeNetworkTransaction,
} from '../../src/protocol/blob-sidecar.ts'
import type { BlobTransaction } from '../../src/protocol/transaction.ts'
import { rejected } from '../validate.ts'
import type { BlobRules } from './blob-head.ts'
import { validateBasics, validateSidecar } from './validate.ts'

/** What blobs are verified with. */
export interface BlobProver {
  /** Why the proofs do not show that the commitments are those of the blobs, in geth's words; undefined where they do. */
  fault(sidecar: BlobSidecar): Promise<string | undefined>
  /** Why a blob is none, in geth's words; undefined where it is one. */
  blobFault(blob: Uint8Array): string | undefined
  /** The proofs of a blob from Osaka. */
  cellProofs(blob: Uint8Array): Promise<readonly Uint8Array[]>
}

/** A sidecar with a proof for each cell in the place of those for blobs. @throws AppError TX_REJECTED */
export async function withCellProofs(sidecar: BlobSidecar, prover: BlobProver): Promise<BlobSidecar> {
  const proofs: Uint8Array[] = []
  for (const blob of sidecar.blobs) {
    const fault = prover.blobFault(blob)
    if (fault !== undefined) throw rejected(`blob sidecar conversion failed: ${fault}`)
    const made = await prover.cellProofs(blob)
    proofs.push(...made)
  }
  return { ...sidecar, version: 1, proofs }
}

/**
 * Does everything that needs no state, in geth's order: makes the proofs that Osaka asks for of the one for each blob that came,
 * then checks the transaction, what is beside it, and the proofs.
 * @param raw as it was sent
 * @param priceLimit wei per gas
 * @returns the network form to be held
 * @throws AppError TX_REJECTED
 * @see geth's internal/ethapi/api.go, SendRawTransaction, and core/txpool/blobpool/blobpool.go, preCheck
 */
export async function preparedForm(
  tx: BlobTransaction,
  raw: Uint8Array,
  rules: BlobRules,
  priceLimit: bigint,
  prover: BlobProver,
): Promise<Uint8Array> {
  let sidecar = decodeNetworkTransaction(raw)?.sidecar
  let form = raw
  // geth's size of what it has converted does not count the version.
  let bytes = raw.length
  if (sidecar?.version === 0 && rules.osaka) {
    sidecar = await withCellProofs(sidecar, prover)
    form = encodeNetworkTransaction({ raw: tx.raw, sidecar })
    bytes = form.length - 1
  }
  validateBasics(tx, bytes, rules, priceLimit)
  validateSidecar(tx, sidecar)
  const fault = await prover.fault(sidecar)
  if (fault !== undefined) throw rejected(`KZG verification error: ${fault}`)
  if (sidecar.version === 1 && !rules.osaka) throw rejected('cell proof is not supported yet')
  return form
}
