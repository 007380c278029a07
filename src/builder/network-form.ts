import { encodeNetworkTransaction } from '../protocol/blob-sidecar.ts'
import type { SignedTransaction } from '../protocol/transaction.ts'
import type { BlobStore } from './blob-store.ts'

/** How a transaction travels between nodes: one with blobs brings them. @returns undefined where blobs or proofs are gone */
export function networkForm(transaction: SignedTransaction, blobs: BlobStore): Uint8Array | undefined {
  if (transaction.type !== 3) return transaction.raw
  const stored = transaction.blobVersionedHashes.map((hash) => blobs.get(hash))
  const present = stored.filter((blob) => blob !== undefined)
  if (present.length < stored.length) return undefined
  // They came with proofs of one kind, which is the one that the chain asks for.
  const cells = present.every(({ cellProofs }) => cellProofs !== undefined)
  const proofs = present.flatMap(({ proof, cellProofs = [] }) =>
    cells ? cellProofs : proof === undefined ? [] : [proof],
  )
  if (proofs.length === 0 && present.length > 0) return undefined
  const sidecar = {
    version: cells ? 1 : 0,
    blobs: present.map(({ blob }) => blob),
    commitments: present.map(({ commitment }) => commitment),
    proofs,
  }
  return encodeNetworkTransaction({ raw: transaction.raw, sidecar })
}
