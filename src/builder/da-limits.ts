import { estimatedDaSize, rollupCostData } from '../protocol/l1-fee.ts'
import type { SignedTransaction } from '../protocol/transaction.ts'

/** How many bytes pooled transactions may take on L1, as a batcher that cannot keep up asks for. 0 is no limit. */
export interface DaLimits {
  readonly transaction: bigint
  /** Of all pooled transactions of a block together. */
  readonly block: bigint
}

/** No limits. */
export const NO_DA_LIMITS: DaLimits = { transaction: 0n, block: 0n }

/** The smaller of two limits, of which 0 is none. */
function smaller(a: bigint, b: bigint): bigint {
  if (a === 0n || b === 0n) return a + b
  return a < b ? a : b
}

/** What obeys both. */
export function bothLimits(a: DaLimits, b: DaLimits): DaLimits {
  return { transaction: smaller(a.transaction, b.transaction), block: smaller(a.block, b.block) }
}

/** Limits that can be changed between blocks. @see op-geth: miner_setMaxDASize */
export class DaThrottle {
  #limits: DaLimits = NO_DA_LIMITS

  get limits(): DaLimits {
    return this.#limits
  }

  set(limits: DaLimits): void {
    this.#limits = limits
  }

  /** What obeys this one and another. */
  under(other: Pick<DaThrottle, 'limits'>): Pick<DaThrottle, 'limits'> {
    const own = (): DaLimits => bothLimits(this.#limits, other.limits)
    return {
      get limits() {
        return own()
      },
    }
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
    const size = daSize(transaction)
    return (most === 0n || size <= most) && (block === 0n || this.#used + size <= block)
  }

  add(transaction: SignedTransaction): void {
    if (this.#limits.block !== 0n) this.#used += daSize(transaction)
  }
}

/** How many bytes a transaction takes on L1, by the protocol's estimate. */
export function daSize({ raw }: Pick<SignedTransaction, 'raw'>): bigint {
  return estimatedDaSize(rollupCostData(raw))
}
