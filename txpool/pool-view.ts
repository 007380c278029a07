import type { Address, Hash } from '../src/primitives/hex.ts'
import type { SignedTransaction } from '../src/protocol/transaction.ts'
import { firstFrom } from './legacy/account-list.ts'
import type { PoolEntry, SenderContent, SubPool } from './sub-pool.ts'
import type { Unsettled } from './unsettled.ts'

const NOTHING: SenderContent = { pending: [], queued: [] }

/** What waits in all parts of a pool, blocks that these have not heard of yet included. */
export class PoolView {
  readonly #subPools: readonly SubPool[]
  readonly #unsettled: Unsettled

  constructor(subPools: readonly SubPool[], unsettled: Unsettled) {
    this.#subPools = subPools
    this.#unsettled = unsettled
  }

  get size(): number {
    return this.#unsettled.isEmpty ? this.held : [...this.entries()].length
  }

  /** As many as the parts have. */
  get held(): number {
    return this.#subPools.reduce((sum, { size }) => sum + size, 0)
  }

  senders(): ReadonlySet<Address> {
    return new Set([...this.#subPools.flatMap((subPool) => [...subPool.senders()]), ...this.#unsettled.senders()])
  }

  /** Each sender's by rising nonce. */
  *entries(): Generator<PoolEntry, void, undefined> {
    for (const sender of this.senders()) yield* this.of(sender)
  }

  get(hash: Hash): SignedTransaction | undefined {
    const entry = this.inParts(hash) ?? this.#unsettled.get(hash)
    return entry === undefined || this.#unsettled.isMined(entry) ? undefined : entry.transaction
  }

  /** What the parts know of, whatever blocks say. */
  inParts(hash: Hash): PoolEntry | undefined {
    for (const subPool of this.#subPools) {
      const entry = subPool.get(hash)
      if (entry !== undefined) return entry
    }
    return undefined
  }

  /** What the parts know of, whatever blocks say. */
  content(sender: Address): SenderContent {
    for (const subPool of this.#subPools) {
      const content = subPool.ofSender(sender)
      if (content !== undefined) return content
    }
    return NOTHING
  }

  /** By rising nonce. */
  of(sender: Address): readonly PoolEntry[] {
    return this.#unsettled.of(sender, this.content(sender))
  }

  /** The first of a sender's whose nonce is above one, or the first of all. */
  next(sender: Address, above: bigint | undefined): PoolEntry | undefined {
    const from = above === undefined ? 0n : above + 1n
    if (!this.#unsettled.isEmpty) {
      const entries = this.of(sender)
      return entries[firstFrom(entries, from)]
    }
    const { pending, queued } = this.content(sender)
    const [first, waiting] = [pending[firstFrom(pending, from)], queued[firstFrom(queued, from)]]
    // Mostly all that is queued comes after, but what a reorg brings back may leave a gap among what is pending.
    if (first === undefined || waiting === undefined) return first ?? waiting
    return waiting.transaction.nonce < first.transaction.nonce ? waiting : first
  }
}
