import fc from 'fast-check'
import {
  type Address,
  bytesToBigInt,
  bytesToHex,
  concatBytes,
  type Hex,
  hexToBytes,
} from '../../../src/primitives/hex.ts'
import { keccakHash } from '../../../src/primitives/keccak.ts'
import { encodeRlp, type RlpInput } from '../../../src/primitives/rlp.ts'
import { type BlobSidecar, encodeNetworkTransaction } from '../../../src/protocol/blob-sidecar.ts'
import { constantSidecar, hashesOf, WRONG_PROOF } from './constant-blob.ts'
import type { DevAccount } from './dev-accounts.ts'
import { L1_CHAIN_ID } from './l1-genesis.ts'

/** What may be wrong with a transaction beside its numbers. */
export const FAULTS = [
  'wrongProof',
  'wrongHash',
  'noSidecar',
  'otherVersion',
  'missingProof',
  'missingCommitment',
  'missingBlob',
  'noBlobs',
  'fieldTooLarge',
  'noPoint',
] as const

type Fault = (typeof FAULTS)[number] | 'none'

/** The prices of a blob transaction, in wei. */
export interface BlobPrices {
  readonly tip: bigint
  readonly cap: bigint
  readonly blobCap: bigint
}

/** A blob transaction before it is signed. */
export interface BlobFields extends BlobPrices {
  readonly nonce: number
  readonly gas: bigint
  readonly value: bigint
  readonly chainId: number
  readonly data: Uint8Array
  /** A field element each. */
  readonly blobs: readonly number[]
  readonly fault: Fault
}

const price = (min: number, max: number): fc.Arbitrary<bigint> =>
  fc
    .tuple(fc.integer({ min, max }), fc.nat({ max: 999_999 }))
    .map(([gwei, rest]) => BigInt(gwei * 1_000_000 + rest) * 1000n)

/** Prices, some of them too low. */
export const blobPrices: fc.Arbitrary<BlobPrices> = fc.record({
  tip: fc.oneof({ weight: 30, arbitrary: price(1, 3) }, { weight: 1, arbitrary: fc.constantFrom(0n, 1n) }),
  cap: fc.oneof({ weight: 20, arbitrary: price(4, 40) }, { weight: 2, arbitrary: fc.constantFrom(1n, 800_000_000n) }),
  blobCap: fc.oneof({ weight: 20, arbitrary: price(0, 5) }, { weight: 4, arbitrary: fc.constantFrom(0n, 1n, 2n, 77n) }),
})

/** One blob transaction of the stream. */
export const blobSend = fc.record({
  from: fc.nat({ max: 5 }),
  ahead: fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, fc.constantFrom(-2, -1, 1, 2)),
  ...{ prices: blobPrices },
  gas: fc.oneof({ weight: 16, arbitrary: fc.constant(21_000n) }, fc.constantFrom(20_999n, 17_000_000n, 70_000_000n)),
  share: fc.oneof({ weight: 9, arbitrary: fc.constant(0n) }, fc.integer({ min: 1, max: 110 }).map(BigInt)),
  blobs: fc.oneof(
    { weight: 9, arbitrary: fc.array(fc.integer({ min: 1, max: 9_999 }), { minLength: 1, maxLength: 2 }) },
    { weight: 1, arbitrary: fc.array(fc.integer({ min: 1, max: 99 }), { minLength: 6, maxLength: 7 }) },
  ),
  other: fc.oneof(
    { weight: 20, arbitrary: fc.constant('none' as const) },
    fc.constantFrom('chain' as const, 'data' as const, 'size' as const),
  ),
  fault: fc.oneof({ weight: 24, arbitrary: fc.constant<Fault>('none') }, fc.constantFrom<Fault>(...FAULTS)),
})

/** Prices in the place of others, in percent of these. */
export const replacement = fc.record({
  from: fc.nat({ max: 5 }),
  which: fc.nat({ max: 15 }),
  percent: fc.constantFrom(
    ...[
      [200, 200, 200],
      [200, 200, 200],
      [250, 200, 300],
      [199, 200, 200],
      [200, 199, 200],
      [200, 200, 199],
      [100, 200, 200],
      [200, 100, 200],
      [200, 200, 100],
    ].map((each) => each as [number, number, number]),
  ),
  /** What is lost when a percentage is rounded. */
  less: fc.constantFrom(0n, 0n, 1n),
})

/** A transaction without blobs. */
export const plainSend = fc.record({
  from: fc.nat({ max: 7 }),
  ahead: fc.constantFrom(0, 0, 0, -1),
  tip: price(1, 3),
  cap: price(4, 40),
})

function faulty(sidecar: BlobSidecar, fault: Fault): BlobSidecar {
  const { blobs, commitments, proofs } = sidecar
  if (fault === 'wrongProof') return { ...sidecar, proofs: proofs.with(-1, WRONG_PROOF) }
  // An x without a y.
  if (fault === 'noPoint') return { ...sidecar, proofs: proofs.with(0, Uint8Array.of(0x80, ...new Uint8Array(46), 1)) }
  if (fault === 'missingProof') return { ...sidecar, proofs: proofs.slice(1) }
  if (fault === 'missingCommitment') return { ...sidecar, commitments: commitments.slice(1) }
  if (fault === 'missingBlob') return { ...sidecar, blobs: blobs.slice(1) }
  if (fault === 'fieldTooLarge')
    return { ...sidecar, blobs: blobs.with(0, new Uint8Array(blobs[0] as Uint8Array).fill(0xff, 0, 32)) }
  return sidecar
}

/** Signs a blob transaction; also one that no wallet signs. */
export async function signBlobs(signer: DevAccount, fields: BlobFields, version: 0 | 1): Promise<Hex> {
  const { nonce, tip, cap, gas, value, data, blobCap, chainId, blobs, fault } = fields
  const of = fault === 'otherVersion' ? ((1 - version) as 0 | 1) : version
  const sidecar = constantSidecar(fault === 'noBlobs' ? [] : blobs, of)
  const hashes = hashesOf(sidecar).map(hexToBytes)
  if (fault === 'wrongHash') (hashes[0] as Uint8Array)[31] = ((hashes[0] as Uint8Array)[31] as number) ^ 1
  const to: Address = `0x${'77'.repeat(20)}`
  const body: RlpInput[] = [
    ...[BigInt(chainId), BigInt(nonce), tip, cap, gas],
    hexToBytes(to),
    value,
    data,
    [],
    blobCap,
    hashes,
  ]
  const type = Uint8Array.of(3)
  const { sign } = signer.account
  if (sign === undefined) throw new Error('the account signs nothing')
  const signature = hexToBytes(await sign({ hash: keccakHash(concatBytes(type, encodeRlp(body))) }))
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32, 64)].map(bytesToBigInt) as [bigint, bigint]
  const raw = concatBytes(type, encodeRlp([...body, BigInt((signature[64] as number) - 27), r, s]))
  if (fault === 'noSidecar') return bytesToHex(raw)
  return bytesToHex(encodeNetworkTransaction({ raw, sidecar: faulty(sidecar, fault) }))
}

/** Signs a transaction without blobs. */
export function signPlain(
  signer: DevAccount,
  fields: { readonly nonce: number; readonly tip: bigint; readonly cap: bigint; readonly value: bigint },
): Promise<Hex> {
  const { nonce, tip, cap, value } = fields
  return signer.account.signTransaction({
    chainId: L1_CHAIN_ID,
    nonce,
    gas: 21_000n,
    to: `0x${'77'.repeat(20)}`,
    value,
    maxFeePerGas: cap,
    maxPriorityFeePerGas: tip,
  })
}
