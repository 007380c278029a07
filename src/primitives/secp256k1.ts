import { AppError } from './errors.ts'
import { type Address, bytesToHex, concatBytes } from './hex.ts'
import { keccak256 } from './keccak.ts'

/** The elliptic-curve operations of the protocol, behind whichever implementation the machine offers. */
interface Curve {
  recover(hash: Uint8Array, signature: Uint8Array, recovery: number): Uint8Array
  sign(hash: Uint8Array, key: Uint8Array): { signature: Uint8Array; recovery: number }
  publicKey(key: Uint8Array): Uint8Array
}

/** Codes of signature handling. */
export type SignatureErrorCode = 'SIGNATURE_INVALID'

async function loadNoble(): Promise<Curve> {
  const { secp256k1: noble } = await import('@noble/curves/secp256k1.js')
  return {
    recover: (hash, signature, recovery) =>
      noble.Signature.fromBytes(signature, 'compact').addRecoveryBit(recovery).recoverPublicKey(hash).toBytes(false),
    sign(hash, key) {
      const bytes = noble.sign(hash, key, { prehash: false, format: 'recovered', lowS: true })
      return { signature: bytes.subarray(1), recovery: bytes[0] as number }
    },
    publicKey: (key) => noble.getPublicKey(key, false),
  }
}

async function loadNative(): Promise<Curve | undefined> {
  try {
    // The package's main entry falls back to a slow pure-JS implementation without a word; its binding does not.
    const native = (await import('secp256k1/bindings.js')).default
    return {
      recover: (hash, signature, recovery) => native.ecdsaRecover(signature, recovery, hash, false),
      sign(hash, key) {
        const { signature, recid } = native.ecdsaSign(hash, key)
        return { signature, recovery: recid }
      },
      publicKey: (key) => native.publicKeyCreate(key, false),
    }
  } catch {
    return undefined
  }
}

const native = await loadNative()
const curve = native ?? (await loadNoble())

/** Whether the native binding is in use. The pure-JS fallback is about 20 times slower at sender recovery. */
export const nativeSecp256k1: boolean = native !== undefined

const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/** Whether (r, s) is a signature that the protocol takes: both in range and, with `lowS`, s in the lower half. */
export function isValidSignature(r: bigint, s: bigint, lowS = true): boolean {
  return r > 0n && r < ORDER && s > 0n && s < (lowS ? HALF_ORDER + 1n : ORDER)
}

/**
 * The 65-byte uncompressed public key behind a signature.
 * @param signature r ‖ s, 64 bytes
 * @param recovery 0..3
 * @throws AppError SIGNATURE_INVALID when no key fits
 */
export function recoverPublicKey(hash: Uint8Array, signature: Uint8Array, recovery: number): Uint8Array {
  try {
    return curve.recover(hash, signature, recovery)
  } catch (cause) {
    throw new AppError<SignatureErrorCode>('SIGNATURE_INVALID', { message: 'invalid signature', cause })
  }
}

/** The address behind a signature. @throws AppError SIGNATURE_INVALID */
export function recoverAddress(hash: Uint8Array, signature: Uint8Array, recovery: number): Address {
  return publicKeyToAddress(recoverPublicKey(hash, signature, recovery))
}

/** The address of a 65-byte uncompressed public key. */
export function publicKeyToAddress(publicKey: Uint8Array): Address {
  return bytesToHex(keccak256(publicKey.subarray(1)).subarray(12))
}

/** The 65-byte uncompressed public key of a private key. */
export function privateKeyToPublicKey(key: Uint8Array): Uint8Array {
  return curve.publicKey(key)
}

/** The address of a private key. */
export function privateKeyToAddress(key: Uint8Array): Address {
  return publicKeyToAddress(privateKeyToPublicKey(key))
}

/** Signs a 32-byte hash. @returns r ‖ s ‖ y parity, 65 bytes, s in the lower half */
export function signHash(hash: Uint8Array, key: Uint8Array): Uint8Array {
  const { signature, recovery } = curve.sign(hash, key)
  return concatBytes(signature, Uint8Array.of(recovery))
}
