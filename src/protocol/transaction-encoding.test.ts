import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Address, bytesToHex, type Hash } from '../primitives/hex.ts'
import { privateKeyToAddress } from '../primitives/secp256k1.ts'
import { impersonatedTransaction, isImpersonated } from './impersonation.ts'
import { decodeTransaction, isDeposit, type SignedTransaction } from './transaction.ts'
import { encodeSigned, signTransaction, type TransactionFields } from './transaction-encoding.ts'

const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size })
const address = bytes(20).map((value): Address => bytesToHex(value))
const word = bytes(32).map((value): Hash => bytesToHex(value))
const uint = (bits: number) => fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n })
const accessList = fc.array(fc.record({ address, storageKeys: fc.array(word, { maxLength: 3 }) }), { maxLength: 3 })
const authorization = fc.record({
  chainId: uint(64),
  address,
  nonce: uint(64),
  yParity: uint(1),
  r: uint(256),
  s: uint(256),
})
const base = {
  chainId: fc.bigInt({ min: 1n, max: 1n << 40n }),
  nonce: uint(63),
  gasLimit: uint(63),
  value: uint(128),
  data: fc.uint8Array({ maxLength: 100 }),
}
const anyTo = fc.option(address, { nil: undefined })
const market = { maxFeePerGas: uint(128), maxPriorityFeePerGas: uint(128), accessList }

const fields: fc.Arbitrary<TransactionFields> = fc.oneof(
  fc.record({ type: fc.constant(0 as const), ...base, to: anyTo, gasPrice: uint(128) }),
  fc.record({ type: fc.constant(1 as const), ...base, to: anyTo, gasPrice: uint(128), accessList }),
  fc.record({ type: fc.constant(2 as const), ...base, to: anyTo, ...market }),
  fc.record({
    type: fc.constant(3 as const),
    ...base,
    to: address,
    ...market,
    maxFeePerBlobGas: uint(128),
    blobVersionedHashes: fc.array(
      fc.uint8Array({ minLength: 31, maxLength: 31 }).map((tail) => bytesToHex(Uint8Array.of(1, ...tail))),
      { minLength: 1, maxLength: 3 },
    ),
  }),
  fc.record({
    type: fc.constant(4 as const),
    ...base,
    to: address,
    ...market,
    authorizationList: fc.array(authorization, { maxLength: 2 }),
  }),
)

it('is read again as it was signed, with its sender', () => {
  const key: Hash = `0x${'0a'.repeat(32)}`
  const sender = privateKeyToAddress(new Uint8Array(32).fill(10))
  fc.assert(
    fc.property(fields, (wanted) => {
      const read = decodeTransaction(signTransaction(wanted, key))
      if (isDeposit(read)) throw new TypeError('a signed transaction')
      const { type, chainId, nonce, gasLimit, to, value, data } = wanted
      expect(read).toMatchObject({ type, chainId, nonce, gasLimit, to, value, data, sender })
      if (wanted.type <= 1) expect(read.maxFeePerGas).toBe((wanted as { gasPrice: bigint }).gasPrice)
      else expect(read).toMatchObject({ maxFeePerGas: (wanted as { maxFeePerGas: bigint }).maxFeePerGas })
      if (wanted.type !== 0) expect(read.accessList).toEqual(wanted.accessList)
      if (wanted.type === 3) {
        const { maxFeePerBlobGas, blobVersionedHashes } = wanted
        expect(read).toMatchObject({ maxFeePerBlobGas, blobVersionedHashes })
      }
      if (wanted.type === 4) expect(read).toMatchObject({ authorizationList: wanted.authorizationList })
    }),
  )
})

describe('a transaction of an account whose key nobody has', () => {
  const impersonation = { impersonation: true }

  it('is read with its sender where that is allowed, and refused everywhere else', () => {
    fc.assert(
      fc.property(fields, address, (wanted, sender) => {
        const raw = impersonatedTransaction(wanted, sender)
        expect(isImpersonated(decodeTransaction(raw, impersonation) as SignedTransaction)).toBe(true)
        const { type, chainId, nonce, to, value, data } = wanted
        expect(decodeTransaction(raw, impersonation)).toMatchObject({
          type,
          chainId,
          nonce,
          to,
          value,
          data,
          sender,
          raw,
        })
        expect(() => decodeTransaction(raw)).toThrow('invalid transaction: invalid signature values')
      }),
    )
  })

  it('does not change who sent what was signed', () => {
    const key: Hash = `0x${'0a'.repeat(32)}`
    fc.assert(
      fc.property(fields, (wanted) => {
        const raw = signTransaction(wanted, key)
        const read = decodeTransaction(raw, impersonation)
        expect(read).toEqual(decodeTransaction(raw))
        expect(isImpersonated(read as SignedTransaction)).toBe(false)
      }),
      { numRuns: 20 },
    )
  })

  it('has s = 0, even y parity, and no more than an address in r', () => {
    const wanted: TransactionFields = {
      type: 2,
      chainId: 1n,
      nonce: 0n,
      gasLimit: 21_000n,
      to: undefined,
      value: 0n,
      data: new Uint8Array(0),
      maxFeePerGas: 1n,
      maxPriorityFeePerGas: 1n,
      accessList: [],
    }
    for (const signature of [
      { yParity: 0, r: 1n, s: 1n << 255n },
      { yParity: 1, r: 1n, s: 0n },
      { yParity: 0, r: 1n << 160n, s: 0n },
    ] as const) {
      expect(() => decodeTransaction(encodeSigned(wanted, signature), impersonation)).toThrow('invalid transaction')
    }
  })
})
