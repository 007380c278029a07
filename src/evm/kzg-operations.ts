import type { BlobSidecar } from '../protocol/blob-sidecar.ts'

/** What is computed of blobs. Commitments and proofs have 48 bytes. */
export interface Kzg {
  /**
   * Whether the proofs of a sidecar show that its commitments are those of its blobs; the numbers of each must fit.
   * @see EIP-4844 verify_blob_kzg_proof, EIP-7594 verify_cell_kzg_proof_batch
   */
  verifySidecar(sidecar: BlobSidecar): Promise<boolean>
  /** Throws on field elements out of range. */
  commitmentOf(blob: Uint8Array): Promise<Uint8Array>
  /** The proof that goes with a blob before Osaka and in the beacon API's sidecars. */
  blobProof(blob: Uint8Array, commitment: Uint8Array): Promise<Uint8Array>
  /** A blob's proofs from Osaka, one for each cell. */
  cellProofs(blob: Uint8Array): Promise<readonly Uint8Array[]>
}
