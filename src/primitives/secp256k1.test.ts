import { secp256k1 as noble } from '@noble/curves/secp256k1.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesToBigInt, hexToBytes } from './hex.ts'
import { keccak256 } from './keccak.ts'
import {
  isValidSignature,
  privateKeyToAddress,
  publicKeyToAddress,
  recoverAddress,
  recoverPublicKey,
  signHash,
} from './secp256k1.ts'

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
const key = hash.filter((bytes) => noble.utils.isValidSecretKey(bytes))
const message = keccak256(new TextEncoder().encode('a message'))
const devKey = hexToBytes('0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80')

describe('addresses', () => {
  it('of a key that everyone knows', () => {
    expect(privateKeyToAddress(devKey)).toBe('0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266')
  })

  it('of keys, as another implementation has them', () => {
    fc.assert(
      fc.property(key, (secret) => {
        expect(privateKeyToAddress(secret)).toBe(publicKeyToAddress(noble.getPublicKey(secret, false)))
      }),
      { numRuns: 20 },
    )
  })
})

describe('signatures', () => {
  it('lead back to the signer, and are valid', () => {
    fc.assert(
      fc.property(hash, key, (digest, secret) => {
        const signature = signHash(digest, secret)
        expect(signature).toHaveLength(65)
        const [r, s] = [bytesToBigInt(signature.subarray(0, 32)), bytesToBigInt(signature.subarray(32, 64))]
        expect(isValidSignature(r, s)).toBe(true)
        const signer = recoverAddress(digest, signature.subarray(0, 64), signature[64] as number)
        expect(signer).toBe(privateKeyToAddress(secret))
      }),
      { numRuns: 20 },
    )
  })

  it('are those of another implementation: deterministic by RFC 6979', () => {
    const other = noble.sign(message, devKey, { prehash: false, format: 'recovered', lowS: true })
    const signature = signHash(message, devKey)
    expect(signature.subarray(0, 64)).toEqual(other.subarray(1))
    expect(signature[64]).toBe(other[0])
  })

  it('of no key are refused', () => {
    const refused = expect.objectContaining({ code: 'SIGNATURE_INVALID' })
    expect(() => recoverPublicKey(message, new Uint8Array(64), 0)).toThrow(refused)
    expect(() => recoverPublicKey(message, new Uint8Array(64).fill(0xff), 0)).toThrow(refused)
  })

  it('have r in range and s in the lower half', () => {
    const order = noble.Point.Fn.ORDER
    expect(isValidSignature(0n, 1n)).toBe(false)
    expect(isValidSignature(1n, 0n)).toBe(false)
    expect(isValidSignature(order, 1n)).toBe(false)
    expect(isValidSignature(order - 1n, order / 2n)).toBe(true)
    expect(isValidSignature(1n, order / 2n + 1n)).toBe(false)
    expect(isValidSignature(1n, order / 2n + 1n, false)).toBe(true)
    expect(isValidSignature(1n, order, false)).toBe(false)
  })
})
