import type { PoolReader, PoolVerdict } from '../src/builder/ports.ts'
import type { Address, Hash } from '../src/primitives/hex.ts'
import type { SignedTransaction } from '../src/protocol/transaction.ts'
import type { TransactionConditional } from '../src/protocol/transaction-conditional.ts'

/** The pool whose transactions are built with. */
export interface BuiltPool extends PoolReader {
  /** Forgets one transaction. @returns whether it was there */
  remove(hash: Hash): boolean
}

/** What building sees of a pool: what is rejected there leaves the pool. */
export class BuildingPool implements PoolReader {
  readonly #pool: BuiltPool
  readonly #bars: (transaction: SignedTransaction) => boolean
  readonly conditional?: (transaction: SignedTransaction) => TransactionConditional | undefined

  /** @param options.bars tells which transactions no block may hold now; those that are asked for by name are not barred */
  constructor(
    pool: BuiltPool,
    options: Pick<PoolReader, 'conditional'> & { readonly bars?: (transaction: SignedTransaction) => boolean } = {},
  ) {
    this.#pool = pool
    this.#bars = options.bars ?? (() => false)
    if (options.conditional !== undefined) this.conditional = options.conditional
  }

  *best(baseFee: bigint, blobBaseFee?: bigint): Generator<SignedTransaction, undefined, PoolVerdict> {
    const candidates = this.#pool.best(baseFee, blobBaseFee)
    let verdict: PoolVerdict = 'included'
    for (;;) {
      const next: IteratorResult<SignedTransaction, undefined> = candidates.next(verdict)
      if (next.done === true) return undefined
      verdict = this.#bars(next.value) ? 'rejected' : yield next.value
      if (verdict === 'rejected') this.#pool.remove(next.value.hash)
    }
  }

  ofSender(sender: Address): readonly SignedTransaction[] {
    return this.#pool.ofSender(sender)
  }

  get(hash: Hash): SignedTransaction | undefined {
    return this.#pool.get(hash)
  }
}
