import type { Clock } from '../../src/primitives/clock.ts'
import type { Address } from '../../src/primitives/hex.ts'
import type { SignedTransaction } from '../../src/protocol/transaction.ts'
import type { PoolLimits } from '../limits.ts'
import type { PoolEntry } from '../sub-pool.ts'
import { AccountList, type Costing } from './account-list.ts'

/** The head, as the queue looks at it. */
export interface QueueHead {
  nonceOf(sender: Address): bigint
  balanceOf(sender: Address): bigint
  /** The nonce that comes after the sender's executable ones. */
  nextNonceOf(sender: Address): bigint
  /** Of a block. */
  readonly gasLimit: bigint
}

/** What looking for executable ones found. */
export interface Promotable {
  /** They have left the queue, each sender's by rising nonce. */
  readonly ready: readonly PoolEntry[]
  /** They have left the queue, too: mined, too dear, or too many. */
  readonly dropped: readonly PoolEntry[]
  /** Who has nothing in the queue any more. */
  readonly emptied: readonly Address[]
}

/** Transactions behind a nonce gap. */
export class FutureQueue {
  readonly #limits: PoolLimits
  readonly #clock: Pick<Clock, 'now'>
  readonly #costOf: Costing
  #lists = new Map<Address, AccountList>()
  /** When each sender last had a sign of life, in milliseconds. Who is silent for longest stands first. */
  #beats = new Map<Address, number>()
  #count = 0

  constructor(limits: PoolLimits, clock: Pick<Clock, 'now'>, costOf: Costing) {
    this.#limits = limits
    this.#clock = clock
    this.#costOf = costOf
  }

  /** Transactions of all senders. */
  get count(): number {
    return this.#count
  }

  list(sender: Address): AccountList | undefined {
    return this.#lists.get(sender)
  }

  /** Whether a transaction can be executed after what is here, where a sender's next nonce is `from`. */
  leadsTo({ sender, nonce }: SignedTransaction, from: bigint): boolean {
    const list = this.#lists.get(sender)
    for (let next = from; next < nonce; next++) if (list?.at(next) === undefined) return false
    return true
  }

  senders(): Iterable<Address> {
    return this.#lists.keys()
  }

  /** Takes an entry. @returns undefined where it does not outbid the one with its nonce; else what was replaced */
  add(entry: PoolEntry): { readonly replaced: PoolEntry | undefined } | undefined {
    const { sender } = entry.transaction
    const list = this.#lists.get(sender) ?? new AccountList(false)
    const added = list.add(entry, this.#costOf(entry.transaction), this.#limits.priceBump)
    if (added === undefined) return undefined
    this.#lists.set(sender, list)
    if (!this.#beats.has(sender)) this.#beats.set(sender, this.#clock.now())
    if (added.replaced === undefined) this.#count++
    return added
  }

  /** A sign of life, which gives what a sender has here more time. */
  bump(sender: Address): void {
    if (!this.#beats.delete(sender)) return
    this.#beats.set(sender, this.#clock.now())
  }

  remove({ transaction }: PoolEntry): void {
    const { sender, nonce, hash } = transaction
    const list = this.#lists.get(sender)
    if (list?.at(nonce)?.transaction.hash !== hash) return
    list.remove(nonce)
    this.#count--
    this.#forgetEmpty(sender)
  }

  /** Takes out what can be executed now, and what cannot be any more. */
  promote(senders: Iterable<Address>, head: QueueHead): Promotable {
    const ready: PoolEntry[] = []
    const dropped: PoolEntry[] = []
    const emptied: Address[] = []
    for (const sender of senders) {
      const list = this.#lists.get(sender)
      if (list === undefined) continue
      dropped.push(...list.forward(head.nonceOf(sender)))
      dropped.push(...list.filter(head.balanceOf(sender), head.gasLimit, this.#costOf).removed)
      ready.push(...list.ready(head.nextNonceOf(sender)))
      dropped.push(...list.cap(this.#limits.accountQueue))
      if (this.#forgetEmpty(sender)) emptied.push(sender)
    }
    this.#count -= ready.length + dropped.length
    return { ready, dropped, emptied }
  }

  /** Takes out what is too much for all senders together: of who is silent for longest, the highest nonces first. */
  truncate(): readonly PoolEntry[] {
    const removed: PoolEntry[] = []
    let excess = this.#count - this.#limits.globalQueue
    for (const sender of this.#beats.keys()) {
      if (excess <= 0) break
      const list = this.#lists.get(sender)
      const gone = list?.cap(Math.max(0, list.length - excess)) ?? []
      removed.push(...gone)
      excess -= gone.length
      this.#forgetEmpty(sender)
    }
    this.#count -= removed.length
    return removed
  }

  /** What has been here for too long without a sign of life from its sender. */
  stale(): readonly PoolEntry[] {
    const now = this.#clock.now()
    const stale: PoolEntry[] = []
    for (const [sender, beat] of this.#beats) {
      if (now - beat > this.#limits.lifetimeMs) stale.push(...(this.#lists.get(sender)?.entries ?? []))
    }
    return stale
  }

  /** @returns makes it what it is now */
  remember(): () => void {
    const lists = [...this.#lists].map(([sender, list]) => [sender, list.clone()] as const)
    const [beats, count] = [new Map(this.#beats), this.#count]
    return () => {
      this.#lists = new Map(lists.map(([sender, list]) => [sender, list.clone()]))
      this.#beats = new Map(beats)
      this.#count = count
    }
  }

  #forgetEmpty(sender: Address): boolean {
    if (this.#lists.get(sender)?.length !== 0) return false
    this.#beats.delete(sender)
    return this.#lists.delete(sender)
  }
}
