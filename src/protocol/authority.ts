import { type Address, bigIntToPadded, concatBytes, hexToBytes } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import { encodeRlp } from '../primitives/rlp.ts'
import { isValidSignature, recoverAddress } from '../primitives/secp256k1.ts'
import type { Authorization } from './transaction.ts'

/** The account that signed an EIP-7702 authorization, or undefined when the signature is not valid. */
export function recoverAuthority(authorization: Authorization): Address | undefined {
  const { chainId, address, nonce, yParity, r, s } = authorization
  if (yParity > 1n || !isValidSignature(r, s)) return undefined
  const hash = keccak256(concatBytes(Uint8Array.of(5), encodeRlp([chainId, hexToBytes(address), nonce])))
  try {
    return recoverAddress(hash, concatBytes(bigIntToPadded(r, 32), bigIntToPadded(s, 32)), Number(yParity))
  } catch {
    // No point of the curve fits: such an authorization is skipped, it does not make the transaction invalid.
    return undefined
  }
}
