import type { Address } from '../../primitives/hex.ts'
import { privateKeyToAddress, signHash } from '../../primitives/secp256k1.ts'
import { blockSigningHash } from '../../protocol/block-signature.ts'
import type { BlockSigner } from './signer.ts'

/** Signs with a key in this process. */
export class KeySigner implements BlockSigner {
  readonly address: Address
  readonly #chainId: bigint
  readonly #key: Uint8Array

  /** @param key 32 bytes */
  constructor(chainId: bigint, key: Uint8Array) {
    this.#chainId = chainId
    this.#key = key
    this.address = privateKeyToAddress(key)
  }

  async sign(payloadHash: Uint8Array): Promise<Uint8Array> {
    return signHash(blockSigningHash(this.#chainId, payloadHash), this.#key)
  }
}
