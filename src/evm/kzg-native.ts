import type { DasContextJs } from '@crate-crypto/node-eth-kzg'
import { type BlobSidecar, CELLS_PER_BLOB } from '../protocol/blob-sidecar.ts'
import type { Kzg } from './kzg-operations.ts'

/** The library throws on points outside the group and on field elements out of range: such a proof shows nothing. */
function holds(verify: () => Promise<boolean>): Promise<boolean> {
  return verify().catch(() => false)
}

async function verifyCells(native: DasContextJs, sidecar: BlobSidecar): Promise<boolean> {
  const { blobs, commitments, proofs } = sidecar
  const indices = Array.from({ length: CELLS_PER_BLOB }, (_, index) => index)
  const cells = await Promise.all(blobs.map((blob) => native.asyncComputeCells(blob)))
  return native.asyncVerifyCellKzgProofBatch(
    commitments.flatMap((commitment) => indices.map(() => commitment)),
    commitments.flatMap(() => indices),
    cells.flat(),
    [...proofs],
  )
}

/**
 * In native code, on threads of their own: a commitment or a proof takes some 45 ms, the proofs of cells 160.
 * @returns undefined on a machine that there is no binary for: the package is optional
 */
export async function openNativeKzg(): Promise<Kzg | undefined> {
  let native: DasContextJs
  try {
    native = (await import('@crate-crypto/node-eth-kzg')).DasContextJs.create({ usePrecomp: false })
  } catch {
    return undefined
  }
  return {
    verifySidecar: (sidecar) =>
      holds(() =>
        sidecar.version === 0
          ? native.asyncVerifyBlobKzgProofBatch([...sidecar.blobs], [...sidecar.commitments], [...sidecar.proofs])
          : verifyCells(native, sidecar),
      ),
    commitmentOf: (blob) => native.asyncBlobToKzgCommitment(blob),
    blobProof: (blob, commitment) => native.asyncComputeBlobKzgProof(blob, commitment),
    cellProofs: async (blob) => (await native.asyncComputeCellsAndKzgProofs(blob)).proofs,
  }
}
