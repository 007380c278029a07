import { describe, expect, it } from 'vitest'
import { bytesToHex, type Hex, hexToBytes } from '../primitives/hex.ts'
import { BLOB_SIZE, versionedHash } from '../protocol/blob-sidecar.ts'
import { verifySidecar } from './kzg.ts'
import { openNativeKzg } from './kzg-native.ts'
import type { Kzg } from './kzg-operations.ts'
import { portableKzg } from './kzg-portable.ts'

/** Field elements that grow: proofs of two such blobs differ. */
function blobOf(seed: number): Uint8Array {
  const blob = new Uint8Array(BLOB_SIZE)
  for (let at = 0; at < BLOB_SIZE; at += 32) blob.set([seed * (at >> 5), at >> 8], at + 5)
  return blob
}

// Where there is no binary for this machine, the other one is all there is.
const native = await openNativeKzg()
const implementations: [string, Kzg][] = [['on any machine', portableKzg]]
if (native !== undefined) implementations.push(['in native code', native])

describe.each(implementations)('KZG %s', (_, kzg) => {
  const { commitmentOf, blobProof, cellProofs, verifySidecar } = kzg

  it('commits to zeros with the point at infinity', async () => {
    const commitment = await commitmentOf(new Uint8Array(BLOB_SIZE))
    expect(bytesToHex(commitment)).toBe(`0xc0${'00'.repeat(47)}`)
    expect(versionedHash(commitment)).toBe('0x010657f37554c781402a22917dee2f75def7ab966d7b770905398eba3c444014')
  })

  it('takes the proofs of a blob and no others', { timeout: 60_000 }, async () => {
    const blobs = [blobOf(1), blobOf(2)] as const
    const commitments = [await commitmentOf(blobs[0]), await commitmentOf(blobs[1])] as const
    const proofs = [await blobProof(blobs[0], commitments[0]), await blobProof(blobs[1], commitments[1])]
    expect(await verifySidecar({ version: 0, blobs, commitments, proofs })).toBe(true)
    expect(await verifySidecar({ version: 0, blobs, commitments, proofs: [...proofs].reverse() })).toBe(false)
    const cells = await cellProofs(blobs[0])
    const one = { version: 1, blobs: [blobs[0]], commitments: [commitments[0]] }
    expect(await verifySidecar({ ...one, proofs: cells })).toBe(true)
    expect(await verifySidecar({ ...one, proofs: [...cells.slice(1), ...cells.slice(0, 1)] })).toBe(false)
    expect(await verifySidecar({ ...one, blobs: [blobs[1]], proofs: cells })).toBe(false)
  })

  it('takes no bytes that are no points, and no elements outside the field', async () => {
    const blob = blobOf(3)
    const commitment = await commitmentOf(blob)
    const garbage = new Uint8Array(48).fill(0xff)
    const sidecar = { version: 0, blobs: [blob], commitments: [commitment], proofs: [garbage] }
    expect(await verifySidecar(sidecar)).toBe(false)
    const outside = new Uint8Array(BLOB_SIZE).fill(0xff)
    expect(await verifySidecar({ ...sidecar, blobs: [outside], proofs: [commitment] })).toBe(false)
  })
})

it('gives the same in either way', { timeout: 60_000 }, async () => {
  const blob = blobOf(9)
  const all = await Promise.all(
    implementations.map(async ([, { commitmentOf, blobProof, cellProofs }]) => {
      const commitment = await commitmentOf(blob)
      return [commitment, await blobProof(blob, commitment), ...(await cellProofs(blob))].map(bytesToHex)
    }),
  )
  for (const each of all) expect(each).toEqual(all[0])
  const [commitment, proof] = (all[0] as string[]).map((hex) => hexToBytes(hex as Hex))
  const sidecar = { version: 0, blobs: [blob], commitments: [commitment as Uint8Array], proofs: [proof as Uint8Array] }
  expect(await verifySidecar(sidecar)).toBe(true)
})
