import { type Address, bigIntToPadded, bytesToHex, concatBytes, EMPTY_BYTES } from '../../src/primitives/hex.ts'
import { keccakHash } from '../../src/primitives/keccak.ts'
import type { SignedTransaction } from '../../src/protocol/transaction.ts'

/** What tells transactions of a pool apart. */
export interface PooledFields {
  /** Of the sender's address. */
  readonly from: number
  readonly nonce: bigint
  readonly cap: bigint
  readonly tip: bigint
  readonly gas?: bigint
  /** Bytes; it counts by its length alone. */
  readonly size?: number
}

/** The address of a number. */
export function senderOf(index: number): Address {
  return bytesToHex(bigIntToPadded(BigInt(index) + 1n, 20))
}

/** A transfer of nothing that nobody has signed, as an impersonated account sends it. */
export function pooledTransaction(fields: PooledFields): SignedTransaction {
  const { from, nonce, cap, tip, gas = 21_000n, size = 120 } = fields
  const words = [BigInt(from), nonce, cap, tip, gas].map((word) => bigIntToPadded(word, 32))
  const raw = concatBytes(...words, new Uint8Array(Math.max(0, size - 160))).subarray(0, size)
  return {
    type: 2,
    hash: keccakHash(concatBytes(...words, raw)),
    raw,
    sender: senderOf(from),
    to: senderOf(0xffff),
    value: 0n,
    gasLimit: gas,
    data: EMPTY_BYTES,
    nonce,
    chainId: 901n,
    maxFeePerGas: cap,
    maxPriorityFeePerGas: tip,
    accessList: [],
    v: 0n,
    r: 1n,
    s: 1n,
  }
}
