import { describe, expect, it } from 'vitest'
import type { Hash } from '../primitives/hex.ts'
import { type BlobSidecar, CELLS_PER_BLOB, versionedHash } from '../protocol/blob-sidecar.ts'
import type { BlobTransaction } from '../protocol/transaction.ts'
import { BlobStore } from './blob-store.ts'

const point = (seed: number): Uint8Array => new Uint8Array(48).fill(seed)
const hashOf = (seed: number): Hash => versionedHash(point(seed))

function transaction(...seeds: readonly number[]): BlobTransaction {
  return { type: 3, blobVersionedHashes: seeds.map(hashOf) } as unknown as BlobTransaction
}

function sidecar(version: number, ...seeds: readonly number[]): BlobSidecar {
  return {
    version,
    blobs: seeds.map((seed) => Uint8Array.of(seed)),
    commitments: seeds.map(point),
    proofs: seeds.flatMap((seed) => Array.from({ length: version === 0 ? 1 : CELLS_PER_BLOB }, () => point(seed))),
  }
}

const store = (holds = true, maxBlobs?: number): BlobStore => new BlobStore(async () => holds, maxBlobs)

describe('the blob store', () => {
  it('keeps the blobs of a transaction by versioned hash', async () => {
    const blobs = store()
    await blobs.admit(transaction(1, 2), sidecar(0, 1, 2), 0)
    expect(blobs.get(hashOf(2))).toEqual({ blob: Uint8Array.of(2), commitment: point(2), proof: point(2) })
    expect(blobs.get(hashOf(3))).toBeUndefined()
  })

  it('keeps the proofs of either kind that a blob came with, and those that somebody has made', async () => {
    const blobs = store()
    await blobs.admit(transaction(1, 2), sidecar(1, 1, 2), 1)
    const cellProofs = (seed: number): Uint8Array[] => Array.from({ length: CELLS_PER_BLOB }, () => point(seed))
    for (const seed of [1, 2]) {
      const blob = { blob: Uint8Array.of(seed), commitment: point(seed), cellProofs: cellProofs(seed) }
      expect(blobs.get(hashOf(seed))).toEqual(blob)
    }
    blobs.keep(hashOf(1), { proof: point(9) })
    await blobs.admit(transaction(1), sidecar(1, 1), 1)
    expect(blobs.get(hashOf(1))?.proof).toEqual(point(9))
    blobs.keep(hashOf(3), { proof: point(9) })
    expect(blobs.get(hashOf(3))).toBeUndefined()
  })

  it('takes a transaction without its blobs when it has them', async () => {
    const blobs = store()
    await expect(blobs.admit(transaction(1), undefined, 0)).rejects.toMatchObject({
      code: 'TX_REFUSED',
      message: 'missing sidecar in blob transaction',
    })
    await blobs.admit(transaction(1, 2), sidecar(0, 1, 2), 0)
    await blobs.admit(transaction(2, 1), undefined, 1)
  })

  it.each([
    ['another version', transaction(1), sidecar(0, 1), 1, 'unexpected sidecar version, want: 1, got: 0'],
    ['no blob', transaction(), sidecar(0), 0, 'blobless blob transaction'],
    ['a blob too many', transaction(1), sidecar(0, 1, 2), 0, 'invalid number of 2 blobs compared to 1 blob hashes'],
    [
      'a commitment too few',
      transaction(1, 2),
      { ...sidecar(0, 1, 2), commitments: [point(1)] },
      0,
      'invalid number of 1 blob commitments compared to 2 blob hashes',
    ],
    ['another blob', transaction(1), sidecar(0, 2), 0, `blob 0: computed hash ${hashOf(2)} mismatches`],
    [
      'a proof too few',
      transaction(1),
      { ...sidecar(1, 1), proofs: [] },
      1,
      'invalid number of 0 blob proofs expected 128',
    ],
  ])('refuses %s', async (_, tx, given, version, message) => {
    const blobs = store()
    await expect(blobs.admit(tx, given, version)).rejects.toMatchObject({
      code: 'TX_REFUSED',
      message: expect.stringContaining(message),
    })
    expect(blobs.get(hashOf(1))).toBeUndefined()
  })

  it('refuses proofs that show nothing', async () => {
    await expect(store(false).admit(transaction(1), sidecar(0, 1), 0)).rejects.toThrow('KZG verification error')
  })

  it('forgets the oldest beyond its bound', async () => {
    const blobs = store(true, 2)
    for (const seed of [1, 2, 3]) await blobs.admit(transaction(seed), sidecar(0, seed), 0)
    expect([1, 2, 3].map((seed) => blobs.get(hashOf(seed)) !== undefined)).toEqual([false, true, true])
  })
})
