import { bls12_381 as bls } from '@noble/curves/bls12-381.js'
import { bn254 } from '@noble/curves/bn254.js'
import { bytesToBigInt } from '../primitives/hex.ts'

/** The field that a group's coordinates are in, as far as its equation y² = x³ + b asks for it. */
interface Field<T> {
  readonly ZERO: T
  add(a: T, b: T): T
  mul(a: T, b: T): T
  eql(a: T, b: T): boolean
}

/** An element of the field that a second group is over. */
interface Complex {
  readonly c0: bigint
  readonly c1: bigint
}

/** One group of points, and how the bytes of a precompile's input say one. */
interface Group {
  /** Bytes of a point. */
  readonly size: number
  /** What is wrong with the point; undefined when nothing is. */
  readonly fault: (bytes: Uint8Array, inSubgroup: boolean) => string | undefined
}

/** What is said of points that a library refuses. */
interface Words {
  readonly offCurve: string
  readonly outside: string
}

const BAD_ELEMENT = 'invalid fp.Element encoding'
const BAD_TOP_BYTES = 'invalid field element top bytes'

function group<T>(
  field: Field<T>,
  b: T,
  elements: { readonly count: number; readonly size: number; readonly modulus: bigint },
  coordinates: (elements: readonly bigint[]) => readonly [x: T, y: T],
  isTorsionFree: (x: T, y: T) => boolean,
  words: Words,
): Group {
  const { count, size, modulus } = elements
  return {
    size: count * size,
    fault(bytes, inSubgroup) {
      const values: bigint[] = []
      for (let at = 0; at < count * size; at += size) {
        const element = bytes.subarray(at, at + size)
        if (size > 48 && element.subarray(0, size - 48).some((byte) => byte !== 0)) return BAD_TOP_BYTES
        const value = bytesToBigInt(element)
        if (value >= modulus) return BAD_ELEMENT
        values.push(value)
      }
      if (values.every((value) => value === 0n)) return undefined
      const [x, y] = coordinates(values)
      const right = field.add(field.mul(field.mul(x, x), x), b)
      if (!field.eql(field.mul(y, y), right)) return words.offCurve
      return inSubgroup && !isTorsionFree(x, y) ? words.outside : undefined
    },
  }
}

const BN_WORDS: Words = { offCurve: 'point is not on curve', outside: 'point is not in correct subgroup' }
const OFF_BLS_CURVE = 'invalid point: not on curve'

const { Fp: BnFp, Fp2: BnFp2 } = bn254.fields
const { Fp: BlsFp, Fp2: BlsFp2 } = bls.fields

/** BN254's first group, as EIP-196 encodes it. */
export const BN_G1: Group = group(
  BnFp,
  3n,
  { count: 2, size: 32, modulus: BnFp.ORDER },
  ([x = 0n, y = 0n]) => [x, y],
  () => true,
  BN_WORDS,
)

/** BN254's second group, as EIP-197 encodes it: imaginary parts first. */
export const BN_G2: Group = group<Complex>(
  BnFp2,
  BnFp2.div({ c0: 3n, c1: 0n }, { c0: 9n, c1: 1n }),
  { count: 4, size: 32, modulus: BnFp.ORDER },
  ([x1 = 0n, x0 = 0n, y1 = 0n, y0 = 0n]) => [
    { c0: x0, c1: x1 },
    { c0: y0, c1: y1 },
  ],
  (x, y) => bn254.G2.Point.fromAffine({ x, y }).isTorsionFree(),
  BN_WORDS,
)

/** BLS12-381's first group, as EIP-2537 encodes it. */
export const BLS_G1: Group = group(
  BlsFp,
  4n,
  { count: 2, size: 64, modulus: BlsFp.ORDER },
  ([x = 0n, y = 0n]) => [x, y],
  (x, y) => bls.G1.Point.fromAffine({ x, y }).isTorsionFree(),
  { offCurve: OFF_BLS_CURVE, outside: 'g1 point is not on correct subgroup' },
)

/** BLS12-381's second group, as EIP-2537 encodes it. */
export const BLS_G2: Group = group<Complex>(
  BlsFp2,
  { c0: 4n, c1: 4n },
  { count: 4, size: 64, modulus: BlsFp.ORDER },
  ([x0 = 0n, x1 = 0n, y0 = 0n, y1 = 0n]) => [
    { c0: x0, c1: x1 },
    { c0: y0, c1: y1 },
  ],
  (x, y) => bls.G2.Point.fromAffine({ x, y }).isTorsionFree(),
  { offCurve: OFF_BLS_CURVE, outside: 'g2 point is not on correct subgroup' },
)

/** What is wrong with the field elements of a map to BLS12-381. */
export function blsElementsFault(bytes: Uint8Array): string | undefined {
  for (let at = 0; at < bytes.length; at += 64) {
    const element = bytes.subarray(at, at + 64)
    if (element.subarray(0, 16).some((byte) => byte !== 0)) return BAD_TOP_BYTES
    if (bytesToBigInt(element) >= BlsFp.ORDER) return BAD_ELEMENT
  }
  return undefined
}
