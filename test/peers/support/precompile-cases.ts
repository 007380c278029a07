import { createHash } from 'node:crypto'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { bn254 } from '@noble/curves/bn254.js'
import { p256 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bytesToHex } from '../../../src/primitives/hex.ts'

/** One input of a precompile, as hex digits without prefix. */
export interface PrecompileCase {
  readonly address: number
  readonly name: string
  readonly input: string
  /** Gas to forward: some ask for millions. */
  readonly gas: bigint
}

const word = (value: bigint | number): string => value.toString(16).padStart(64, '0')
const hex = (bytes: Uint8Array): string => bytesToHex(bytes).slice(2)
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())
const digest = (text: string): Uint8Array => sha256(new TextEncoder().encode(text))

const bnG1 = (scalar: bigint): string => {
  const { x, y } = bn254.G1.Point.BASE.multiply(scalar).toAffine()
  return word(x) + word(y)
}
const bnG2 = (scalar: bigint): string => {
  const { x, y } = bn254.G2.Point.BASE.multiply(scalar).toAffine()
  return word(x.c1) + word(x.c0) + word(y.c1) + word(y.c0)
}
const BN_ORDER = bn254.fields.Fr.ORDER

const fp = (value: bigint): string => value.toString(16).padStart(128, '0')
const blsG1 = (scalar: bigint): string => {
  const { x, y } = bls12_381.G1.Point.BASE.multiply(scalar).toAffine()
  return fp(x) + fp(y)
}
const blsG2 = (scalar: bigint): string => {
  const { x, y } = bls12_381.G2.Point.BASE.multiply(scalar).toAffine()
  return fp(x.c0) + fp(x.c1) + fp(y.c0) + fp(y.c1)
}
const BLS_ORDER = bls12_381.fields.Fr.ORDER
const BLS_P = bls12_381.fields.Fp.ORDER

/** On the curve y² = x³ + 4, but outside the subgroup of the generator. */
function blsG1OutsideSubgroup(): string {
  const { Fp } = bls12_381.fields
  for (let x = 4n; ; x++) {
    const square = Fp.add(Fp.pow(x, 3n), 4n)
    if (Fp.pow(square, (BLS_P - 1n) / 2n) !== 1n) continue
    const y = Fp.sqrt(square)
    const point = bls12_381.G1.Point.fromAffine({ x, y })
    if (!point.isTorsionFree()) return fp(x) + fp(y)
  }
}

function ecrecoverInput(v: number): string {
  const message = digest('message')
  const key = digest('key')
  const signature = secp256k1.sign(message, key, { prehash: false })
  return hex(message) + word(v) + hex(signature)
}

function modexp(base: string, exponent: string, modulus: string): string {
  const length = (digits: string): string => word(digits.length / 2)
  return length(base) + length(exponent) + length(modulus) + base + exponent + modulus
}

/** A proof that the constant polynomial `value` has that value everywhere: the commitment is [value]₁, the proof is infinity. */
function pointEvaluation(value: bigint): string {
  const commitment = bls12_381.G1.Point.BASE.multiply(value).toBytes(true)
  const hash = sha256(commitment)
  hash[0] = 1
  return [hex(hash), word(12_345), word(value), hex(commitment), 'c0', '00'.repeat(47)].join('')
}

function p256Input(): string {
  const message = digest('message')
  const key = digest('p256 key')
  const signature = p256.sign(message, key, { prehash: false })
  return hex(message) + hex(signature) + hex(p256.getPublicKey(key, false).subarray(1))
}

function blake2f(rounds: number, final: string): string {
  return `${rounds.toString(16).padStart(8, '0')}${'5a'.repeat(64)}${'61'.repeat(128)}${'03'.padEnd(32, '0')}${final}`
}

const GAS = 400_000n

/** Inputs of every precompile: good, edge and wrong ones. */
export function precompileCases(): readonly PrecompileCase[] {
  const bnPair = bnG1(3n) + bnG2(5n) + bnG1(BN_ORDER - 15n) + bnG2(1n)
  const blsPair = blsG1(3n) + blsG2(5n) + blsG1(BLS_ORDER - 15n) + blsG2(1n)
  const cases: readonly (readonly [number, string, string])[] = [
    [0x01, 'v 27', ecrecoverInput(27)],
    [0x01, 'v 28', ecrecoverInput(28)],
    [0x01, 'v 29', ecrecoverInput(29)],
    [0x01, 'short', ecrecoverInput(27).slice(0, 200)],
    [0x01, 'r zero', hex(digest('m')) + word(27) + word(0) + word(1)],
    [0x01, 'v with high bytes', hex(digest('m')) + word((1n << 64n) + 27n) + hex(digest('r')) + word(7)],
    [0x02, 'empty', ''],
    [0x02, '100 bytes', 'ab'.repeat(100)],
    [0x03, 'empty', ''],
    [0x03, '33 bytes', 'cd'.repeat(33)],
    [0x04, '65 bytes', 'ef'.repeat(65)],
    [0x05, 'empty', ''],
    [0x05, 'zero lengths', word(0) + word(0) + word(0)],
    [0x05, 'small', modexp('03', '05', '07')],
    [0x05, 'modulus zero', modexp('03', '05', '00')],
    [0x05, 'even modulus', modexp('03'.repeat(40), '05'.repeat(5), `${'08'.repeat(39)}00`)],
    [0x05, 'long exponent', modexp('11'.repeat(32), 'ff'.repeat(64), 'fb'.repeat(32))],
    [0x05, 'base length only', word(32) + word(0) + word(32) + 'aa'.repeat(20)],
    [0x05, 'huge base length', word(1n << 70n) + word(1) + word(1)],
    [0x05, 'huge exponent length', word(0) + word(1n << 70n) + word(0)],
    [0x06, 'good', bnG1(2n) + bnG1(9n)],
    [0x06, 'short', bnG1(2n)],
    [0x06, 'infinity', '00'.repeat(128)],
    [0x06, 'off the curve', word(1) + word(3) + bnG1(9n)],
    [0x06, 'long', bnG1(2n) + bnG1(9n) + '77'.repeat(40)],
    [0x07, 'good', bnG1(2n) + word((1n << 255n) + 12n)],
    [0x07, 'by zero', bnG1(2n) + word(0)],
    [0x07, 'short', bnG1(2n).slice(0, 100)],
    [0x08, 'empty', ''],
    [0x08, 'one', bnPair],
    [0x08, 'not one', bnG1(3n) + bnG2(5n)],
    [0x08, 'odd length', `${bnPair}00`],
    [0x08, 'infinities', '00'.repeat(384)],
    [0x08, 'off the curve', word(1) + word(3) + bnG2(5n)],
    [0x09, '12 rounds', blake2f(12, '01')],
    [0x09, 'no rounds', blake2f(0, '00')],
    [0x09, 'final 2', blake2f(1, '02')],
    [0x09, 'short', blake2f(1, '01').slice(2)],
    [0x09, 'too many rounds', blake2f(0xffffffff, '01')],
    [0x0a, 'good', pointEvaluation(5n)],
    [0x0a, 'wrong value', pointEvaluation(5n).replace(word(5), word(6))],
    [0x0a, 'wrong hash', `02${pointEvaluation(5n).slice(2)}`],
    [0x0a, 'long', `${pointEvaluation(5n)}00`],
    [0x0b, 'good', blsG1(2n) + blsG1(9n)],
    [0x0b, 'infinity', blsG1(2n) + '00'.repeat(128)],
    [0x0b, 'outside the subgroup', blsG1OutsideSubgroup() + blsG1(9n)],
    [0x0b, 'off the curve', fp(1n) + fp(1n) + blsG1(9n)],
    [0x0b, 'not reduced', fp(BLS_P) + fp(1n) + blsG1(9n)],
    [0x0b, 'short', blsG1(2n)],
    [0x0c, 'one pair', blsG1(2n) + word(7)],
    [0x0c, 'three pairs', blsG1(2n) + word(7) + blsG1(3n) + word(BLS_ORDER + 4n) + '00'.repeat(128) + word(1)],
    [0x0c, 'outside the subgroup', blsG1OutsideSubgroup() + word(7)],
    [0x0c, 'empty', ''],
    [0x0d, 'good', blsG2(2n) + blsG2(9n)],
    [0x0d, 'short', blsG2(2n)],
    [0x0e, 'two pairs', blsG2(2n) + word(7) + blsG2(3n) + word((1n << 255n) + 1n)],
    [0x0e, 'odd length', `${blsG2(2n) + word(7)}00`],
    [0x0f, 'one', blsPair],
    [0x0f, 'not one', blsG1(3n) + blsG2(5n)],
    [0x0f, 'outside the subgroup', blsG1OutsideSubgroup() + blsG2(5n)],
    [0x0f, 'empty', ''],
    [0x10, 'good', fp(BLS_P - 5n)],
    [0x10, 'not reduced', fp(BLS_P)],
    [0x11, 'good', fp(7n) + fp(11n)],
    [0x11, 'short', fp(7n)],
    [0x12, 'no precompile', 'ff'.repeat(8)],
    [0x100, 'good', p256Input()],
    [0x100, 'wrong hash', `00${p256Input().slice(2)}`],
    [0x100, 'short', p256Input().slice(2)],
    [0x100, 'zero key', p256Input().slice(0, 192) + '00'.repeat(64)],
  ]
  return cases.map(([address, name, input]) => ({ address, name, input, gas: GAS }))
}

/** What the gas of an input of zeros is bounded by: a block's worth. */
const LIMIT_GAS = 24_000_000n

/** An input around a limit. */
export interface LimitCase extends PrecompileCase {
  /** Bytes. */
  readonly limit: number
}

/** Inputs of zeros (points at infinity) around the input limits of Granite, Isthmus and Jovian. */
export const LIMIT_CASES: readonly LimitCase[] = [
  // bytes of one element, and the limits of the forks
  { address: 0x08, element: 192, limits: [112_687, 81_984] },
  { address: 0x0c, element: 160, limits: [513_760, 288_960] },
  { address: 0x0e, element: 288, limits: [488_448, 278_784] },
  { address: 0x0f, element: 384, limits: [235_008, 156_672] },
].flatMap(({ address, element, limits }) =>
  limits.flatMap((limit) => {
    const most = Math.floor(limit / element)
    return [most - 1, most, most + 1].map((count) => ({
      address,
      name: `${count} elements, limit ${limit}`,
      input: '00'.repeat(count * element),
      gas: LIMIT_GAS,
      limit,
    }))
  }),
)
