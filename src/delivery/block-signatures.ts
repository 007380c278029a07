import { LRUCache } from 'lru-cache'
import type { DeliverableBlock } from '../builder/service.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { payloadHash } from '../protocol/block-signature.ts'
import { sealedPayload } from '../protocol/payload.ts'
import type { BlockSigner } from './signers/signer.ts'

/** Signatures that are remembered: a delivery that failed goes on without asking the signer again. */
const MAX_SIGNATURES = 512

/** The signatures of sealed blocks, each made once. */
export class BlockSignatures {
  readonly #signer: BlockSigner
  readonly #made = new LRUCache<Hash, Uint8Array>({ max: MAX_SIGNATURES })

  constructor(signer: BlockSigner) {
    this.#signer = signer
  }

  /**
   * The signature of a block.
   * @returns r ‖ s ‖ y parity, 65 bytes
   * @throws AppError SIGNING_FAILED, or PAYLOAD_UNENCODABLE for a block that was crafted so
   */
  async of(block: DeliverableBlock, io: IoOptions): Promise<Uint8Array> {
    const known = this.#made.get(block.hash)
    if (known !== undefined) return known
    const signature = await this.#signer.sign(payloadHash(sealedPayload(block)), io)
    this.#made.set(block.hash, signature)
    return signature
  }
}
