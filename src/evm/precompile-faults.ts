import { createHash } from 'node:crypto'
import { EVMError } from '@ethereumjs/evm'
import { bls12_381 as bls } from '@noble/curves/bls12-381.js'
import { bytesToBigInt, equalBytes } from '../primitives/hex.ts'
import { BLS_G1, BLS_G2, BN_G1, BN_G2, blsElementsFault } from './curve-faults.ts'
import { VmFault } from './vm-fault.ts'

const BAD_LENGTH = 'invalid input length'

/** The bytes of a range; behind the end there are zeroes. */
function range(input: Uint8Array, at: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  bytes.set(input.subarray(at, at + size))
  return bytes
}

/** Groups that follow each other in an input, again and again; `rest`: bytes of a number behind them. */
interface Layout {
  readonly groups: readonly { readonly group: typeof BN_G1; readonly inSubgroup: boolean }[]
  readonly rest: number
}

function entriesFault(input: Uint8Array, { groups, rest }: Layout, count: number): string | undefined {
  let at = 0
  for (let entry = 0; entry < count; entry++) {
    const subgroupFaults: (string | undefined)[] = []
    for (const { group, inSubgroup } of groups) {
      const bytes = range(input, at, group.size)
      const fault = group.fault(bytes, false)
      if (fault !== undefined) return fault
      if (inSubgroup) subgroupFaults.push(group.fault(bytes, true))
      at += group.size
    }
    const outside = subgroupFaults.find((fault) => fault !== undefined)
    if (outside !== undefined) return outside
    at += rest
  }
  return undefined
}

const open = (group: typeof BN_G1) => ({ group, inSubgroup: false })
const closed = (group: typeof BN_G1) => ({ group, inSubgroup: true })

const BN_PAIR = 192
const BLS_G1_TERM = 160
const BLS_G2_TERM = 288
const BLS_PAIR = 384

function termsFault(input: Uint8Array, size: number, layout: Layout, tooLong: string): string {
  if (input.length === 0 || input.length % size !== 0) return BAD_LENGTH
  // An OP-Stack chain looks at the length before anything else, but nothing else is wrong with a long input here.
  return entriesFault(input, layout, input.length / size) ?? tooLong
}

function bnPairingFault(input: Uint8Array): string {
  if (input.length % BN_PAIR !== 0) return 'bad elliptic curve pairing size'
  // Each point is checked as soon as it is read.
  for (let at = 0; at < input.length; at += BN_PAIR) {
    const fault = BN_G1.fault(range(input, at, 64), true) ?? BN_G2.fault(range(input, at + 64, 128), true)
    if (fault !== undefined) return fault
  }
  return 'bad elliptic curve pairing input size'
}

function pointEvaluationFault(input: Uint8Array): string {
  if (input.length !== 192) return BAD_LENGTH
  const hash = new Uint8Array(createHash('sha256').update(input.subarray(96, 144)).digest())
  hash[0] = 1
  if (!equalBytes(hash, input.subarray(0, 32))) return 'mismatched versioned hash'
  const { ORDER } = bls.fields.Fr
  const scalars = [input.subarray(64, 96), input.subarray(32, 64)]
  const reason = scalars.some((bytes) => bytesToBigInt(bytes) >= ORDER)
    ? 'scalar is not canonical when interpreted as a big integer in big-endian'
    : "can't verify opening proof"
  return `error verifying kzg proof: ${reason}`
}

/** What each precompile says when it fails for another reason than gas. */
const FAULTS: ReadonlyMap<number, (input: Uint8Array) => string | undefined> = new Map<
  number,
  (input: Uint8Array) => string | undefined
>([
  [0x06, (input) => entriesFault(input, { groups: [open(BN_G1), open(BN_G1)], rest: 0 }, 1)],
  [0x07, (input) => entriesFault(input, { groups: [open(BN_G1)], rest: 0 }, 1)],
  [0x08, bnPairingFault],
  [0x09, (input) => (input.length === 213 ? 'invalid final flag' : BAD_LENGTH)],
  [0x0a, pointEvaluationFault],
  [
    0x0b,
    (input) =>
      input.length === 256 ? entriesFault(input, { groups: [open(BLS_G1), open(BLS_G1)], rest: 0 }, 1) : BAD_LENGTH,
  ],
  [
    0x0c,
    (input) =>
      termsFault(input, BLS_G1_TERM, { groups: [closed(BLS_G1)], rest: 32 }, 'g1 msm input size exceeds maximum'),
  ],
  [
    0x0d,
    (input) =>
      input.length === 512 ? entriesFault(input, { groups: [open(BLS_G2), open(BLS_G2)], rest: 0 }, 1) : BAD_LENGTH,
  ],
  [
    0x0e,
    (input) =>
      termsFault(input, BLS_G2_TERM, { groups: [closed(BLS_G2)], rest: 32 }, 'g2 msm input size exceeds maximum'),
  ],
  [
    0x0f,
    (input) =>
      termsFault(
        input,
        BLS_PAIR,
        { groups: [closed(BLS_G1), closed(BLS_G2)], rest: 0 },
        'pairing input size exceeds maximum',
      ),
  ],
  [0x10, (input) => (input.length === 64 ? blsElementsFault(input) : BAD_LENGTH)],
  [0x11, (input) => (input.length === 128 ? blsElementsFault(input) : BAD_LENGTH)],
])

/** Gas that a precompile asks for, where the library looks at the input before the gas or calls a bad input want of gas. */
const REQUIRED: ReadonlyMap<number, (size: number) => number> = new Map<number, (size: number) => number>([
  [0x06, () => 150],
  [0x07, () => 6_000],
  [0x08, (size) => 45_000 + 34_000 * Math.floor(size / BN_PAIR)],
  [0x0f, (size) => 37_700 + 32_600 * Math.floor(size / BLS_PAIR)],
])

/**
 * A precompile's failure in geth's words, which asks for gas before it looks at the input. The library does not say which
 * point of an input is wrong.
 * @param address of the precompile, as a number
 * @param gas that it was given
 */
export function precompileFault(address: number, input: Uint8Array, error: EVMError, gas: bigint): VmFault {
  const { OUT_OF_GAS, INVALID_INPUT_LENGTH } = EVMError.errorMessages
  const required = REQUIRED.get(address)?.(input.length)
  const short = required === undefined ? error.error === OUT_OF_GAS : gas < BigInt(required)
  if (short) return VmFault.outOfGas()
  return new VmFault(INVALID_INPUT_LENGTH, FAULTS.get(address)?.(input) ?? error.error)
}
