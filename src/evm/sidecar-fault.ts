import { bls12_381 as bls } from '@noble/curves/bls12-381.js'
import { bytesToBigInt } from '../primitives/hex.ts'
import type { BlobSidecar } from '../protocol/blob-sidecar.ts'
import { verifySidecar } from './kzg.ts'

const { Fp, Fr } = bls.fields
const FIELD_ELEMENT_SIZE = 32

const NOT_PROVEN = "can't verify opening proof"

/** What is wrong with the elements of a blob, in the words of the library that geth verifies with; undefined where nothing is. */
export function blobFault(blob: Uint8Array): string | undefined {
  for (let at = 0; at < blob.length; at += FIELD_ELEMENT_SIZE) {
    // No smaller first byte makes an element that is not in the field.
    if ((blob[at] as number) < 0x73) continue
    if (bytesToBigInt(blob.subarray(at, at + FIELD_ELEMENT_SIZE)) >= Fr.ORDER) {
      return 'scalar is not canonical when interpreted as a big integer in big-endian'
    }
  }
  return undefined
}

function pointFault(bytes: Uint8Array): string | undefined {
  const [first = 0] = bytes
  const flags = first >> 5
  if (flags === 0b111 || flags === 0b011 || flags === 0b001) return 'invalid point encoding'
  if (flags === 0b000 || flags === 0b010) return 'short buffer'
  const coordinate = bytes.slice()
  coordinate[0] = first & 0x1f
  const x = bytesToBigInt(coordinate)
  if (flags === 0b110) return x === 0n ? undefined : 'invalid infinity point encoding'
  if (x >= Fp.ORDER) return 'invalid fp.Element encoding'
  const squared = Fp.add(Fp.mul(Fp.mul(x, x), x), 4n)
  if (Fp.pow(squared, (Fp.ORDER - 1n) / 2n) === Fp.ORDER - 1n) {
    return "invalid compressed coordinate: square root doesn't exist"
  }
  const { Point } = bls.G1
  return Point.fromAffine({ x, y: Fp.sqrt(squared) }).isTorsionFree()
    ? undefined
    : 'invalid point: subgroup check failed'
}

function first(items: readonly Uint8Array[], fault: (item: Uint8Array) => string | undefined): string | undefined {
  for (const item of items) {
    const found = fault(item)
    if (found !== undefined) return found
  }
  return undefined
}

async function legacyFault({ blobs, commitments, proofs }: BlobSidecar): Promise<string | undefined> {
  for (const [index, blob] of blobs.entries()) {
    const commitment = commitments[index] as Uint8Array
    const proof = proofs[index] as Uint8Array
    const one = { version: 0, blobs: [blob], commitments: [commitment], proofs: [proof] }
    const fault = blobFault(blob) ?? pointFault(commitment) ?? pointFault(proof)
    if (fault !== undefined) return fault
    if (!(await verifySidecar(one))) return NOT_PROVEN
  }
  return undefined
}

/**
 * Why the proofs of a sidecar do not show that its commitments are those of its blobs, as geth says it; undefined where they
 * do. The numbers of each must fit.
 */
export async function sidecarFault(sidecar: BlobSidecar): Promise<string | undefined> {
  if (await verifySidecar(sidecar)) return undefined
  const { version, blobs, commitments, proofs } = sidecar
  if (version === 0) return `invalid blob proof: ${await legacyFault(sidecar)}`
  return first(blobs, blobFault) ?? first(commitments, pointFault) ?? first(proofs, pointFault) ?? NOT_PROVEN
}
