import type { Address, Hash } from '../src/primitives/hex.ts'
import type { SignedTransaction } from '../src/protocol/transaction.ts'
import { firstFrom } from './legacy/account-list.ts'
import type { PoolEntry, SenderContent } from './sub-pool.ts'

const NONE: readonly PoolEntry[] = []

function byNonce(a: PoolEntry, b: PoolEntry): number {
  return a.transaction.nonce < b.transaction.nonce ? -1 : 1
}

/**
 * What blocks of this process have taken and given back since the head was read for the last time. The pool's parts learn of it
 * with the next head; whoever reads the pool before that sees it already.
 */
export class Unsettled {
  readonly #nextArrival: () => number
  /** Nonces below these are mined. */
  readonly #floors = new Map<Address, bigint>()
  readonly #mined = new Set<Hash>()
  /** Thrown out of the chain, the newest block's first. */
  readonly #lost = new Map<Hash, PoolEntry>()
  readonly #lostBySender = new Map<Address, readonly PoolEntry[]>()

  constructor(nextArrival: () => number) {
    this.#nextArrival = nextArrival
  }

  get isEmpty(): boolean {
    return this.#floors.size === 0 && this.#lost.size === 0
  }

  /** Whether a pool has taken all of it into account. @param has whether it holds a transaction */
  isKnown(has: (hash: Hash) => boolean): boolean {
    return this.#lost.size === 0 && ![...this.#mined].some(has)
  }

  /** Taken by blocks, and not given back since. */
  get mined(): ReadonlySet<Hash> {
    return this.#mined
  }

  /** Given back by blocks, and not taken since; the newest block's first. */
  get lost(): readonly PoolEntry[] {
    return [...this.#lost.values()]
  }

  /** Who sent what was given back. */
  senders(): Iterable<Address> {
    return this.#lostBySender.keys()
  }

  get(hash: Hash): PoolEntry | undefined {
    return this.#lost.get(hash)
  }

  /** Whether a block has taken a transaction, or one with a later nonce of its sender. */
  isMined({ transaction }: PoolEntry): boolean {
    return transaction.nonce < (this.#floors.get(transaction.sender) ?? 0n)
  }

  drop(sender: Address, transactions: readonly SignedTransaction[]): void {
    const last = transactions.at(-1)
    if (last === undefined) return
    for (const { hash } of transactions) this.#mined.add(hash)
    this.#floors.set(sender, last.nonce + 1n)
    this.#keep(sender, ({ transaction }) => transaction.nonce > last.nonce)
  }

  /** Keeps the order in which they are given: so they are taken back. */
  reinject(transactions: Iterable<SignedTransaction>): void {
    for (const transaction of transactions) {
      const { hash, nonce, sender } = transaction
      this.#mined.delete(hash)
      const floor = this.#floors.get(sender)
      if (floor !== undefined && nonce < floor) this.#floors.set(sender, nonce)
      if (this.#lost.has(hash)) continue
      const entry: PoolEntry = { transaction, arrival: this.#nextArrival() }
      this.#lost.set(hash, entry)
      const list = this.#lostBySender.get(sender) ?? NONE
      this.#lostBySender.set(sender, list.toSpliced(firstFrom(list, nonce), 0, entry))
    }
  }

  /** Forgets what was given back. @returns whether it was there */
  remove({ hash, sender }: Pick<SignedTransaction, 'hash' | 'sender'>): boolean {
    if (!this.#lost.has(hash)) return false
    this.#keep(sender, ({ transaction }) => transaction.hash !== hash)
    return true
  }

  clear(): void {
    this.#floors.clear()
    this.#mined.clear()
    this.#lost.clear()
    this.#lostBySender.clear()
  }

  /** What a sender has, by rising nonce. @param content what the pool's parts know of */
  of(sender: Address, { pending, queued }: SenderContent): readonly PoolEntry[] {
    const known = [...pending, ...queued].sort(byNonce)
    const lost = this.#lostBySender.get(sender)
    if (lost === undefined) return known.slice(firstFrom(known, this.#floors.get(sender) ?? 0n))
    const nonces = new Set(known.map(({ transaction }) => transaction.nonce))
    return [...known, ...lost.filter(({ transaction }) => !nonces.has(transaction.nonce))]
      .filter((entry) => !this.isMined(entry))
      .sort(byNonce)
  }

  #keep(sender: Address, stays: (entry: PoolEntry) => boolean): void {
    const lost = this.#lostBySender.get(sender)
    if (lost === undefined) return
    for (const entry of lost) if (!stays(entry)) this.#lost.delete(entry.transaction.hash)
    const kept = lost.filter(stays)
    if (kept.length > 0) this.#lostBySender.set(sender, kept)
    else this.#lostBySender.delete(sender)
  }
}
