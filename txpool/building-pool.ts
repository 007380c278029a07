import type { PoolReader, PoolVerdict } from '../src/builder/ports.ts'
import type { Address, Hash } from '../src/primitives/hex.ts'
import type { SignedTransaction } from '../src/protocol/transaction.ts'
import type { TransactionConditional } from '../src/protocol/transaction-conditional.ts'

/** The pool whose transactions are built with. */
export interface BuiltPool extends PoolReader {
  /** Forgets one transaction. @returns whether it was there */
  remove(hash: Hash): boolean
}

/** What is not for every block. Absent rules apply to nothing. */
export interface BuildingRules extends Pick<PoolReader, 'conditional'> {
  /** Kept from blocks, with what follows on it. */
  readonly held?: (transaction: SignedTransaction) => boolean
  /** To be in no block any more: it leaves the pool. */
  readonly barred?: (transaction: SignedTransaction) => boolean
}

/** What building sees of a pool: neither what is held nor what is barred, but for whoever asks for it by its hash. */
export class BuildingPool implements PoolReader {
  readonly #pool: BuiltPool
  readonly #rules: BuildingRules
  readonly conditional?: (transaction: SignedTransaction) => TransactionConditional | undefined

  constructor(pool: BuiltPool, rules: BuildingRules) {
    this.#pool = pool
    this.#rules = rules
    if (rules.conditional !== undefined) this.conditional = rules.conditional
  }

  best(baseFee: bigint, blobBaseFee?: bigint): Iterator<SignedTransaction, undefined, PoolVerdict> {
    const candidates = this.#pool.best(baseFee, blobBaseFee)
    const { held, barred } = this.#rules
    let last: SignedTransaction | undefined
    return {
      next: (verdict: PoolVerdict = 'again') => {
        if (verdict === 'rejected' && last !== undefined) this.#pool.remove(last.hash)
        for (let told = verdict; ; ) {
          const next: IteratorResult<SignedTransaction, undefined> = candidates.next(told)
          last = next.value
          if (last === undefined) return next
          if (held?.(last)) {
            told = 'skipSender'
          } else if (barred?.(last)) {
            this.#pool.remove(last.hash)
            told = 'rejected'
          } else {
            return next
          }
        }
      },
    }
  }

  ofSender(sender: Address): readonly SignedTransaction[] {
    const transactions = this.#pool.ofSender(sender)
    const end = this.#rules.held === undefined ? -1 : transactions.findIndex(this.#rules.held)
    return end === -1 ? transactions : transactions.slice(0, end)
  }

  get(hash: Hash): SignedTransaction | undefined {
    return this.#pool.get(hash)
  }
}
