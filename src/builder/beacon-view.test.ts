import { describe, expect, it } from 'vitest'
import { type Hash, toWord } from '../primitives/hex.ts'
import { versionedHash } from '../protocol/blob-sidecar.ts'
import { EMPTY_HEADER } from '../protocol/header.ts'
import type { BlobTransaction } from '../protocol/transaction.ts'
import { BeaconView } from './beacon-view.ts'
import { BlobStore } from './blob-store.ts'
import type { ChainReader } from './ports.ts'
import { ProvenBlobs } from './proven-blobs.ts'
import type { SealedBlock } from './service.ts'

const GENESIS_TIME = 1_000n
const commitment = new Uint8Array(48).fill(7)
const HASH = versionedHash(commitment)

/** A block that names blobs. */
function block(hash: Hash, timestamp: bigint, blobHashes: readonly Hash[] = []): SealedBlock {
  const transaction = { type: 3, blobVersionedHashes: blobHashes }
  const header = { ...EMPTY_HEADER, number: 5n, timestamp }
  return { hash, header, transactions: [{ transaction }], committed: true, published: false } as unknown as SealedBlock
}

function view() {
  const canonical = { hash: toWord(1n) }
  const chain: ChainReader = {
    block: async (id) => ({
      hash: canonical.hash,
      header: { ...EMPTY_HEADER, timestamp: id === 0n ? GENESIS_TIME : 0n },
      firstTransaction: undefined,
    }),
    ancestorHash: async () => undefined,
  }
  const proved: Uint8Array[] = []
  const blobs = new BlobStore(async () => true)
  const proven = new ProvenBlobs(blobs, {
    async proof(blob) {
      proved.push(blob)
      return Uint8Array.of(9)
    },
    cellProofs: async () => [],
  })
  const beacon = new BeaconView(blobs, chain, proven)
  return { beacon, blobs, canonical, proved }
}

describe('what a beacon node would know', () => {
  it('finds the canonical one of the blocks that share a slot', async () => {
    const { beacon, canonical } = view()
    expect(await beacon.genesisTime({})).toBe(GENESIS_TIME)
    for (const hash of [toWord(1n), toWord(2n), toWord(2n)]) beacon.add(block(hash, 1_017n, [HASH]))
    expect(await beacon.block(17n, {})).toMatchObject({ hash: toWord(1n), blobHashes: [HASH] })
    canonical.hash = toWord(2n)
    expect((await beacon.block(17n, {}))?.hash).toBe(toWord(2n))
    canonical.hash = toWord(3n)
    expect(await beacon.block(17n, {})).toBeUndefined()
    expect(await beacon.block(18n, {})).toBeUndefined()
  })

  it('makes the proof of a blob that came with cell proofs, once', async () => {
    const { beacon, blobs, proved } = view()
    const transaction = { type: 3, blobVersionedHashes: [HASH] } as unknown as BlobTransaction
    const blob = Uint8Array.of(1)
    const proofs = Array.from({ length: 128 }, () => commitment)
    expect(await beacon.proven(HASH)).toBeUndefined()
    await blobs.admit(transaction, { version: 1, blobs: [blob], commitments: [commitment], proofs }, 1)
    expect(beacon.blob(HASH)).toEqual(blob)
    for (let i = 0; i < 2; i++) expect(await beacon.proven(HASH)).toEqual({ blob, commitment, proof: Uint8Array.of(9) })
    expect(proved).toEqual([blob])
  })
})
