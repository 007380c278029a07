import { describe, expect, it } from 'vitest'
import { constantSidecar, WRONG_PROOF } from '../../test/peers/support/constant-blob.ts'
import type { BlobSidecar } from '../protocol/blob-sidecar.ts'
import { sidecarFault } from './sidecar-fault.ts'

const point = (first: number, last = 0): Uint8Array => {
  const bytes = new Uint8Array(48)
  bytes[0] = first
  bytes[47] = last
  return bytes
}

describe.each([0, 1] as const)('what is wrong with the proofs of a sidecar of version %i', (version) => {
  const good = constantSidecar([1, 2], version)
  const proof = (bad: Uint8Array): Partial<BlobSidecar> => ({ proofs: good.proofs.with(-1, bad) })
  const prefix = version === 0 ? 'invalid blob proof: ' : ''

  it('is nothing where they fit', async () => {
    expect(await sidecarFault(good)).toBeUndefined()
  })

  // In the words of the library that geth verifies with.
  const faults: readonly (readonly [string, Partial<BlobSidecar>, string])[] = [
    ['another proof', proof(WRONG_PROOF), "can't verify opening proof"],
    ['another commitment', { commitments: good.commitments.toReversed() }, "can't verify opening proof"],
    ['no x of the curve', proof(point(0x80, 1)), "invalid compressed coordinate: square root doesn't exist"],
    ['a point outside the group', proof(point(0x80, 4)), 'invalid point: subgroup check failed'],
    ['no element of the field', proof(point(0x9f).fill(0xff, 1)), 'invalid fp.Element encoding'],
    ['an infinity that is none', proof(point(0xc0, 1)), 'invalid infinity point encoding'],
    ['no point at all', proof(point(0xe0)), 'invalid point encoding'],
    ['half a point', proof(point(0x00)), 'short buffer'],
    [
      'no element of the blob’s field',
      { blobs: good.blobs.with(1, new Uint8Array(131_072).fill(0xff, 0, 32)) },
      'scalar is not canonical when interpreted as a big integer in big-endian',
    ],
  ]
  it.each(faults)('%s', async (_what, changed, words) => {
    expect(await sidecarFault({ ...good, ...changed })).toBe(`${prefix}${words}`)
  })
})
