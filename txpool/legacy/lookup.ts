import type { Address, Hash } from '../../src/primitives/hex.ts'
import { recoverAuthority } from '../../src/protocol/authority.ts'
import type { SignedTransaction } from '../../src/protocol/transaction.ts'
import { slotsOf } from '../limits.ts'
import type { PoolEntry } from '../sub-pool.ts'

/** Recovering keys is what costs time, and its result never changes. */
const recovered = new WeakMap<SignedTransaction, readonly Address[]>()

/** Whose code a transaction would set: each account once, invalid signatures left out. */
export function authoritiesOf(transaction: SignedTransaction): readonly Address[] {
  if (transaction.type !== 4) return []
  const known = recovered.get(transaction)
  if (known !== undefined) return known
  const authorities = new Set(transaction.authorizationList.map(recoverAuthority).filter((one) => one !== undefined))
  recovered.set(transaction, [...authorities])
  return [...authorities]
}

/** What is pooled, by hash, and who is to get code by it. */
export class Lookup {
  #entries = new Map<Hash, PoolEntry>()
  /** The pooled transactions that hold an account's authorization. */
  #authorizing = new Map<Address, ReadonlySet<Hash>>()
  #slots = 0

  get size(): number {
    return this.#entries.size
  }

  /** Of the pool, that all take together. */
  get slots(): number {
    return this.#slots
  }

  get(hash: Hash): PoolEntry | undefined {
    return this.#entries.get(hash)
  }

  /** Whether the transaction of an entry is pooled: it may have left and come back. */
  has(entry: PoolEntry): boolean {
    return this.#entries.has(entry.transaction.hash)
  }

  entries(): Iterable<PoolEntry> {
    return this.#entries.values()
  }

  /** Whether an authorization of the account is pooled. */
  isAuthority(account: Address): boolean {
    return this.#authorizing.has(account)
  }

  add(entry: PoolEntry): void {
    const { transaction } = entry
    this.#entries.set(transaction.hash, entry)
    this.#slots += slotsOf(transaction.raw)
    for (const authority of authoritiesOf(transaction)) {
      this.#authorizing.set(authority, new Set([...(this.#authorizing.get(authority) ?? []), transaction.hash]))
    }
  }

  remove(entry: PoolEntry): void {
    const { transaction } = entry
    if (!this.#entries.delete(transaction.hash)) return
    this.#slots -= slotsOf(transaction.raw)
    for (const authority of authoritiesOf(transaction)) {
      const left = new Set(this.#authorizing.get(authority))
      left.delete(transaction.hash)
      if (left.size > 0) this.#authorizing.set(authority, left)
      else this.#authorizing.delete(authority)
    }
  }

  /** @returns makes it what it is now */
  remember(): () => void {
    const [entries, authorizing, slots] = [new Map(this.#entries), new Map(this.#authorizing), this.#slots]
    return () => {
      this.#entries = new Map(entries)
      this.#authorizing = new Map(authorizing)
      this.#slots = slots
    }
  }
}
