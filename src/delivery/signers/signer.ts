import type { Address } from '../../primitives/hex.ts'
import type { IoOptions } from '../../primitives/io.ts'

/** Signs blocks of one chain. */
export interface BlockSigner {
  /** Whose signatures these are: the chain's unsafe block signer. */
  readonly address: Address
  /**
   * Signs a block.
   * @param payloadHash of its SSZ encoding, 32 bytes
   * @returns r ‖ s ‖ y parity, 65 bytes
   * @throws AppError SIGNING_FAILED
   */
  sign(payloadHash: Uint8Array, io: IoOptions): Promise<Uint8Array>
}
