import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { concatBytes, hexToBytes } from '../primitives/hex.ts'
import { encodeRlp } from '../primitives/rlp.ts'
import {
  BLOB_SIZE,
  type BlobSidecar,
  CELLS_PER_BLOB,
  decodeNetworkTransaction,
  encodeNetworkTransaction,
  versionedHash,
} from './blob-sidecar.ts'

const bytes = (size: number, seed: number): Uint8Array => new Uint8Array(size).fill(seed & 0xff)
const point = fc.uint8Array({ minLength: 48, maxLength: 48 })
const raw = concatBytes(Uint8Array.of(3), encodeRlp([1n, 2n, new Uint8Array(20), []]))

const sidecar: fc.Arbitrary<BlobSidecar> = fc
  .record({ version: fc.constantFrom(0, 1), seeds: fc.array(fc.nat(), { maxLength: 2 }), point })
  .map(({ version, seeds, point: one }) => ({
    version,
    blobs: seeds.map((seed) => bytes(BLOB_SIZE, seed)),
    commitments: seeds.map(() => one),
    proofs: seeds.flatMap(() => Array.from({ length: version === 0 ? 1 : CELLS_PER_BLOB }, () => one)),
  }))

it('reads back the network form of both versions', () => {
  fc.assert(
    fc.property(sidecar, (given) => {
      expect(decodeNetworkTransaction(encodeNetworkTransaction({ raw, sidecar: given }))).toEqual({
        raw,
        sidecar: given,
      })
    }),
    { numRuns: 10 },
  )
})

it('leaves any other encoding alone', () => {
  expect(decodeNetworkTransaction(raw)).toBeUndefined()
  expect(decodeNetworkTransaction(Uint8Array.of(2, 0xc0))).toBeUndefined()
  expect(decodeNetworkTransaction(encodeRlp([[], [], [], []]))).toBeUndefined()
})

it.each([
  ['a field too few', [[], [], []], '3 fields'],
  ['a version that does not exist', [[], 2, [], [], []], 'sidecar version 2'],
  ['version 0 with cell proofs', [[], 0, [], [], []], 'sidecar version 0'],
  ['a short blob', [[], [randomBytes(3)], [], []], 'blob is not 131072 bytes'],
  ['a short proof', [[], [], [], [randomBytes(47)]], 'blob proof is not 48 bytes'],
])('refuses %s', (_, fields, message) => {
  const encoded = concatBytes(Uint8Array.of(3), encodeRlp(fields as never))
  expect(() => decodeNetworkTransaction(encoded)).toThrow(message)
})

it('names a blob by its commitment', () => {
  // The point at infinity: the commitment of a blob of zeros, as geth's and every client's tests have it.
  expect(versionedHash(hexToBytes(`c0${'00'.repeat(47)}`))).toBe(
    '0x010657f37554c781402a22917dee2f75def7ab966d7b770905398eba3c444014',
  )
})
