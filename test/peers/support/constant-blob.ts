import { bls12_381 } from '@noble/curves/bls12-381.js'
import { BLOB_SIZE, type BlobSidecar, CELLS_PER_BLOB, versionedHash } from '../../../src/protocol/blob-sidecar.ts'

const { Point } = bls12_381.G1
const { BASE } = Point

/** A point that proves nothing of a blob that {@link constantSidecar} makes. */
export const WRONG_PROOF: Uint8Array = BASE.toBytes()

/** The sidecar of blobs whose field elements are all the same: their proofs are the point at infinity, and cost nothing to make. */
export function constantSidecar(values: readonly number[], version: 0 | 1): BlobSidecar {
  const proof = Point.ZERO.toBytes()
  return {
    version,
    blobs: values.map((value) => {
      const blob = new Uint8Array(BLOB_SIZE)
      const view = new DataView(blob.buffer)
      for (let at = 0; at < BLOB_SIZE; at += 32) view.setUint32(at + 28, value)
      return blob
    }),
    commitments: values.map((value) => BASE.multiply(BigInt(value)).toBytes()),
    proofs: values.flatMap(() => new Array<Uint8Array>(version === 0 ? 1 : CELLS_PER_BLOB).fill(proof)),
  }
}

/** The hashes by which transactions call the blobs of a sidecar. */
export function hashesOf({ commitments }: BlobSidecar): ReturnType<typeof versionedHash>[] {
  return commitments.map(versionedHash)
}
