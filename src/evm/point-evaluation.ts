import { bls12_381 as bls } from '@noble/curves/bls12-381.js'
import { hexToBytes } from '../primitives/hex.ts'

/**
 * [s]₂ of the KZG ceremony that Ethereum uses: the only element of the trusted setup that checking a proof needs.
 * @see EIP-4844, consensus-specs trusted_setup_4096.json (g2_monomial[1])
 */
const S_G2 = bls.G2.Point.fromBytes(
  hexToBytes(
    'b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72' +
      '185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2',
  ),
)
const ORDER = bls.fields.Fr.ORDER

/**
 * Whether a KZG proof shows that the committed polynomial has the value `y` at `z`. All arguments are 0x hex: commitment
 * and proof 48 bytes, z and y 32 bytes.
 * @throws an error of the curve library on points that are not in the group, and on z or y outside the field: the
 * precompile fails on all of them alike
 * @see EIP-4844, verify_kzg_proof
 */
export function verifyKzgProof(commitment: string, z: string, y: string, proof: string): boolean {
  const zValue = BigInt(z)
  const yValue = BigInt(y)
  if (zValue >= ORDER || yValue >= ORDER) throw new RangeError('C_KZG_BADARGS')
  const g1 = bls.G1.Point
  const g2 = bls.G2.Point
  const multiply = <P extends { multiplyUnsafe(n: bigint): P }>(point: P, by: bigint): P => point.multiplyUnsafe(by)
  const commitmentMinusY = g1.fromBytes(hexToBytes(commitment)).subtract(multiply(g1.BASE, yValue))
  const sMinusZ = S_G2.subtract(multiply(g2.BASE, zValue))
  // e(C − y, −g₂) · e(proof, s − z) = 1
  const pairs = [
    { g1: commitmentMinusY, g2: g2.BASE.negate() },
    { g1: g1.fromBytes(hexToBytes(proof)), g2: sMinusZ },
  ].filter((pair) => !pair.g1.is0() && !pair.g2.is0())
  if (pairs.length === 0) return true
  return bls.fields.Fp12.eql(bls.pairingBatch(pairs), bls.fields.Fp12.ONE)
}
