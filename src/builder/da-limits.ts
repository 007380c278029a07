import { estimatedDaSize, rollupCostData } from '../protocol/l1-fee.ts'
import type { SignedTransaction } from '../protocol/transaction.ts'

/** How many bytes pooled transactions may take on L1, as a batcher that cannot keep up asks for. 0 is no limit. */
export interface DaLimits {
  readonly transaction: bigint
  /** Of all pooled transactions of a block together. */
  readonly block: bigint
}

/** Limits that can be changed between blocks. @see op-geth: miner_setMaxDASize */
export class DaThrottle {
  #limits: DaLimits = { transaction: 0n, block: 0n }

  get limits(): DaLimits {
    return this.#limits
  }

  set(limits: DaLimits): void {
    this.#limits = limits
  }
}

/** Keeps the account of one block under limits. */
export class DaBudget {
  readonly #limits: DaLimits
  #used = 0n

  /** @param included what the block holds already */
  constructor(limits: DaLimits, included: Iterable<SignedTransaction>) {
    this.#limits = limits
    for (const transaction of included) this.add(transaction)
  }

  /** Whether a transaction may be taken. */
  allows(transaction: SignedTransaction): boolean {
    const { transaction: most, block } = this.#limits
    if (most === 0n && block === 0n) return true
    const size = sizeOf(transaction)
    return (most === 0n || size <= most) && (block === 0n || this.#used + size <= block)
  }

  add(transaction: SignedTransaction): void {
    if (this.#limits.block !== 0n) this.#used += sizeOf(transaction)
  }
}

function sizeOf({ raw }: SignedTransaction): bigint {
  return estimatedDaSize(rollupCostData(raw))
}
