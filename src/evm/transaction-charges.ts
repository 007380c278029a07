import type { Address } from '../primitives/hex.ts'
import type { Overlay } from '../state/overlay.ts'

/** What one chain takes from the sender of a signed transaction beside the price of its gas, and who gets it. */
export interface TransactionCharges {
  /** wei that the sender must own for it, at the worst. */
  readonly required: bigint
  /** wei that are taken before execution. */
  readonly taken: bigint
  /**
   * Pays out and gives back, when the gas used is known. The fee recipient has its tip by then; what nobody is paid is
   * burnt.
   */
  settle(overlay: Overlay, sender: Address, gasUsed: bigint): Promise<void>
}

/** The charges of a transaction that pays for nothing but gas on a chain that burns the base fee. */
export const NO_CHARGES: TransactionCharges = {
  required: 0n,
  taken: 0n,
  async settle() {
    // Nothing was taken.
  },
}
