import { MAX_TX_GAS } from '../../src/evm/message-checks.ts'
import type { Clock } from '../../src/primitives/clock.ts'
import type { Address, Hash } from '../../src/primitives/hex.ts'
import type { SignedTransaction } from '../../src/protocol/transaction.ts'
import { type PoolLimits, slotsOf } from '../limits.ts'
import type { PoolEntry, PoolReset, SenderContent, SubPool, SubPoolContext, SubPoolItem } from '../sub-pool.ts'
import { maxCost, type PoolAccount, type PoolHead, rejected, validateSender, validateStateless } from '../validate.ts'
import { AccountList, type Costing } from './account-list.ts'
import { checkDelegation, type DelegationView } from './delegation.ts'
import { FutureQueue, type QueueHead } from './future-queue.ts'
import { Lookup } from './lookup.ts'
import { PricedList } from './priced-list.ts'
import { truncatePending } from './truncate-pending.ts'

const NO_ACCOUNT: PoolAccount = { nonce: 0n, balance: 0n }

/**
 * geth's pool of transactions that bring nothing beside themselves: by sender and nonce, executable ones apart from those behind a
 * gap. Each call ends as geth's does when its background work is done. Where geth goes through accounts in no order, this goes
 * through them in the order in which they came.
 */
export class LegacyPool implements SubPool {
  readonly #limits: PoolLimits
  readonly #context: SubPoolContext
  readonly #all = new Lookup()
  readonly #priced = new PricedList(this.#all)
  readonly #queue: FutureQueue
  readonly #costOf: Costing = (transaction) => maxCost(transaction, this.#head?.rollupFee)
  readonly #view: DelegationView
  #pending = new Map<Address, AccountList>()
  #pendingCount = 0
  /** Who has more executable ones than every account may. */
  #spammers = new Map<Address, AccountList>()
  /** The nonces after the executable ones; of others, that of the account. */
  #nextNonces = new Map<Address, bigint>()
  /** Of all senders, at the head. */
  #accounts = new Map<Address, PoolAccount>()
  #head: PoolHead | undefined
  /** Executable ones that others have displaced since the limits were last enforced. */
  #displaced = 0

  constructor(context: SubPoolContext, limits: PoolLimits, clock: Pick<Clock, 'now'>) {
    this.#context = context
    this.#limits = limits
    this.#queue = new FutureQueue(limits, clock, this.#costOf)
    this.#view = {
      reserver: context.reserver,
      pending: (sender) => this.#pending.get(sender),
      queued: (sender) => this.#queue.list(sender),
      isAuthority: (account) => this.#all.isAuthority(account),
      nextNonce: (sender, account) => this.#nextNonces.get(sender) ?? account.nonce,
    }
  }

  /** Whether a transaction that waits would delegate an account (EIP-7702). */
  isAuthority(account: Address): boolean {
    return this.#all.isAuthority(account)
  }

  takes(): boolean {
    return true
  }

  get size(): number {
    return this.#all.size
  }

  get pendingCount(): number {
    return this.#pendingCount
  }

  get queuedCount(): number {
    return this.#queue.count
  }

  senders(): Iterable<Address> {
    return this.#accounts.keys()
  }

  ofSender(sender: Address): SenderContent | undefined {
    const pending = this.#pending.get(sender)
    const queued = this.#queue.list(sender)
    if (pending === undefined && queued === undefined) return undefined
    return { pending: pending?.entries ?? [], queued: queued?.entries ?? [] }
  }

  get(hash: Hash): PoolEntry | undefined {
    return this.#all.get(hash)
  }

  checkBasics(transaction: SignedTransaction): void {
    validateStateless(transaction, this.#at.rules, this.#limits.priceLimit)
  }

  checkWithState(transaction: SignedTransaction, account: PoolAccount): void {
    const pending = this.#pending.get(transaction.sender)
    const there = pending?.at(transaction.nonce)
    // What is spent was reckoned when it became pending, what is replaced by the fees of now: geth does, and tells the figures.
    validateSender(transaction, account, this.#costOf(transaction), {
      spent: pending?.total ?? 0n,
      replaced: there && this.#costOf(there.transaction),
    })
    checkDelegation(transaction, account, this.#view)
  }

  add(transaction: SignedTransaction, _raw: Uint8Array, account: PoolAccount): void {
    const [error] = this.addAll([{ transaction, account }])
    if (error !== undefined) throw error
  }

  addAll(items: readonly SubPoolItem[]): readonly unknown[] {
    const dirty = new Set<Address>()
    const outcomes = items.map(({ transaction, account }) => {
      try {
        const replaces = this.#take({ transaction, arrival: this.#context.nextArrival() }, account)
        if (!replaces) dirty.add(transaction.sender)
        return undefined
      } catch (error) {
        return error
      }
    })
    this.#promote([...dirty])
    // Also where nothing was taken: one that does not outbid the one that it is for may have displaced others all the same.
    this.#enforceLimits()
    return outcomes
  }

  reset({ head, lost }: PoolReset): void {
    const before = this.#head
    if (before !== undefined && head.rules.osaka === true && before.rules.osaka !== true) {
      for (const entry of [...this.#all.entries()]) if (entry.transaction.gasLimit > MAX_TX_GAS) this.#remove(entry)
    }
    this.#head = head
    this.#nextNonces.clear()
    for (const sender of this.#accounts.keys()) {
      this.#accounts.set(sender, head.accounts.get(sender) ?? NO_ACCOUNT)
    }
    for (const entry of lost) this.#takeBack(entry, head)
    this.#promote([...this.#queue.senders()])
    this.#demote()
    // geth's heaps know of no base fee before the first new head.
    if (before !== undefined) this.#priced.setBaseFee(head.baseFee)
    this.#nextNonces.clear()
    for (const [sender, list] of this.#pending) {
      this.#nextNonces.set(sender, (list.entries.at(-1) as PoolEntry).transaction.nonce + 1n)
    }
    this.#enforceLimits()
  }

  expire(): void {
    for (const entry of this.#queue.stale()) this.#remove(entry)
  }

  remove(hash: Hash): boolean {
    const entry = this.#all.get(hash)
    if (entry !== undefined) this.#remove(entry)
    return entry !== undefined
  }

  removeOf(sender: Address): readonly Hash[] {
    const { pending = [], queued = [] } = this.ofSender(sender) ?? {}
    const entries = [...pending, ...queued]
    for (const entry of entries.toReversed()) this.#remove(entry)
    return entries.map(({ transaction }) => transaction.hash)
  }

  removeAll(): void {
    for (const sender of [...this.#accounts.keys()]) this.removeOf(sender)
  }

  remember(): () => void {
    const restores = [this.#all.remember(), this.#priced.remember(), this.#queue.remember()]
    const pending = [...this.#pending].map(([sender, list]) => [sender, list.clone()] as const)
    const [nextNonces, accounts] = [new Map(this.#nextNonces), new Map(this.#accounts)]
    return () => {
      for (const sender of this.#accounts.keys()) this.#forget(sender)
      for (const restore of restores) restore()
      this.#pending = new Map(pending.map(([sender, list]) => [sender, list.clone()]))
      this.#pendingCount = pending.reduce((sum, [, list]) => sum + list.length, 0)
      this.#spammers = new Map()
      for (const sender of this.#pending.keys()) this.#pendingChanged(sender)
      this.#nextNonces = new Map(nextNonces)
      this.#accounts = new Map(accounts)
      for (const sender of accounts.keys()) {
        this.#context.reserver.hold(sender)
        this.#context.changed(sender)
      }
    }
  }

  get #at(): PoolHead {
    if (this.#head === undefined) throw new TypeError('a sub-pool is reset before anything else')
    return this.#head
  }

  /** @returns whether it took the place of another */
  #take(entry: PoolEntry, read: PoolAccount): boolean {
    const { transaction } = entry
    const { sender, hash } = transaction
    const account = this.#accounts.get(sender) ?? read
    if (this.#all.get(hash) !== undefined) throw rejected('already known')
    this.checkWithState(transaction, account)
    const isNew = !this.#accounts.has(sender)
    if (isNew) this.#context.reserver.hold(sender)
    this.#accounts.set(sender, account)
    try {
      this.#makeRoom(transaction, account)
      return this.#place(entry)
    } finally {
      this.#release(sender)
    }
  }

  #makeRoom(transaction: SignedTransaction, account: PoolAccount): void {
    const { globalSlots, globalQueue } = this.#limits
    const missing = this.#all.slots + slotsOf(transaction.raw) - globalSlots - globalQueue
    if (missing <= 0) return
    if (this.#priced.underprices(transaction)) throw rejected('transaction underpriced')
    if (this.#displaced > Math.trunc(globalSlots / 4)) throw rejected('txpool is full')
    const dropped = this.#priced.discard(missing)
    if (dropped === undefined) throw rejected('txpool is full')
    const isPending = ({ transaction: { sender, nonce } }: PoolEntry): boolean =>
      this.#pending.get(sender)?.at(nonce) !== undefined
    const next = this.#view.nextNonce(transaction.sender, account)
    if (!this.#queue.leadsTo(transaction, next) && dropped.some(isPending)) {
      for (const entry of dropped) this.#priced.put(entry)
      throw rejected('future transaction tries to replace pending')
    }
    for (const entry of dropped) this.#displaced += this.#remove(entry, { counted: true, keeps: transaction.sender })
  }

  #place(entry: PoolEntry): boolean {
    const { sender, nonce } = entry.transaction
    const pending = this.#pending.get(sender)
    const inPending = pending?.at(nonce) !== undefined
    const added = inPending
      ? pending.add(entry, this.#costOf(entry.transaction), this.#limits.priceBump)
      : this.#queue.add(entry)
    if (added === undefined) throw rejected('replacement transaction underpriced')
    if (added.replaced !== undefined) {
      this.#all.remove(added.replaced)
      this.#priced.removed(1)
    }
    this.#all.add(entry)
    this.#priced.put(entry)
    if (inPending) {
      this.#queue.bump(sender)
      this.#context.promoted(entry)
    }
    this.#context.changed(sender)
    return added.replaced !== undefined
  }

  #takeBack(entry: PoolEntry, head: PoolHead): void {
    try {
      const { sender } = entry.transaction
      this.#take(entry, head.accounts.get(sender) ?? NO_ACCOUNT)
    } catch {
      // What the chain as it is now does not allow any more stays out.
    }
  }

  /** Moves what can be executed out of the queue. */
  #promote(senders: readonly Address[]): void {
    const accountOf = (sender: Address): PoolAccount => this.#accounts.get(sender) ?? NO_ACCOUNT
    const head: QueueHead = {
      gasLimit: this.#at.rules.gasLimit,
      nonceOf: (sender) => accountOf(sender).nonce,
      balanceOf: (sender) => accountOf(sender).balance,
      nextNonceOf: (sender) => this.#view.nextNonce(sender, accountOf(sender)),
    }
    const { ready, dropped, emptied } = this.#queue.promote(senders, head)
    for (const entry of ready) this.#makePending(entry)
    for (const entry of dropped) {
      this.#all.remove(entry)
      this.#context.changed(entry.transaction.sender)
    }
    this.#priced.removed(dropped.length)
    for (const sender of emptied) this.#release(sender)
  }

  #makePending(entry: PoolEntry): void {
    const { sender, nonce } = entry.transaction
    const list = this.#pending.get(sender) ?? new AccountList(true)
    this.#pending.set(sender, list)
    const added = list.add(entry, this.#costOf(entry.transaction), this.#limits.priceBump)
    const gone = added === undefined ? entry : added.replaced
    if (gone === undefined) this.#pendingCount++
    else {
      this.#all.remove(gone)
      this.#priced.removed(1)
    }
    this.#pendingChanged(sender)
    if (added === undefined) return
    this.#nextNonces.set(sender, nonce + 1n)
    this.#queue.bump(sender)
    this.#context.promoted(entry)
  }

  /** Drops what was mined and what cannot be executed any more; what follows on that waits behind the gap. */
  #demote(): void {
    const { gasLimit } = this.#at.rules
    for (const [sender, list] of this.#pending) {
      const { nonce, balance } = this.#accounts.get(sender) ?? NO_ACCOUNT
      const old = list.forward(nonce)
      const { removed, invalid } = list.filter(balance, gasLimit, this.#costOf)
      const gapped = list.length > 0 && list.at(nonce) === undefined ? list.cap(0) : []
      const back = [...invalid, ...gapped]
      for (const entry of [...old, ...removed]) this.#all.remove(entry)
      for (const entry of back) this.#requeue(entry)
      this.#priced.removed(old.length + removed.length)
      this.#pendingCount -= old.length + removed.length + back.length
      if (old.length + removed.length + back.length > 0) this.#pendingChanged(sender)
      this.#release(sender)
    }
  }

  #requeue(entry: PoolEntry): void {
    if (this.#queue.add(entry) !== undefined) return
    this.#all.remove(entry)
    this.#priced.removed(1)
  }

  /**
   * Forgets an entry, and moves what follows on it back behind the gap.
   * @param options `counted`: the heaps of prices know of it; `keeps`: whose reservation stays
   * @returns how many executable ones there are less
   */
  #remove(entry: PoolEntry, options: { readonly counted?: boolean; readonly keeps?: Address } = {}): number {
    const { sender, nonce } = entry.transaction
    this.#all.remove(entry)
    if (options.counted !== true) this.#priced.removed(1)
    const list = this.#pending.get(sender)
    const invalid = list?.remove(nonce)
    if (invalid === undefined) this.#queue.remove(entry)
    else {
      for (const other of invalid) this.#requeue(other)
      this.#lowerNextNonce(sender, nonce)
      this.#pendingCount -= 1 + invalid.length
      this.#pendingChanged(sender)
    }
    this.#context.changed(sender)
    if (sender !== options.keeps) this.#release(sender)
    return invalid === undefined ? 0 : 1 + invalid.length
  }

  #lowerNextNonce(sender: Address, nonce: bigint): void {
    const next = this.#nextNonces.get(sender)
    if (next !== undefined && next > nonce) this.#nextNonces.set(sender, nonce)
  }

  #enforceLimits(): void {
    const { accountSlots, globalSlots } = this.#limits
    const excess = this.#pendingCount - globalSlots
    if (excess > 0) {
      const shorten = (sender: Address): void => this.#shorten(sender)
      truncatePending({ lists: new Map(this.#spammers), excess, accountSlots, shorten })
    }
    const gone = this.#queue.truncate()
    for (const entry of gone) {
      this.#all.remove(entry)
      this.#context.changed(entry.transaction.sender)
    }
    this.#priced.removed(gone.length)
    for (const { transaction } of gone) this.#release(transaction.sender)
    this.#displaced = 0
  }

  #shorten(sender: Address): void {
    const list = this.#pending.get(sender)
    for (const entry of list?.cap(list.length - 1) ?? []) {
      this.#all.remove(entry)
      this.#lowerNextNonce(sender, entry.transaction.nonce)
      this.#priced.removed(1)
      this.#pendingCount--
    }
    this.#pendingChanged(sender)
  }

  #pendingChanged(sender: Address): void {
    const list = this.#pending.get(sender)
    if (list?.length === 0) this.#pending.delete(sender)
    if (list !== undefined && list.length > this.#limits.accountSlots) this.#spammers.set(sender, list)
    else this.#spammers.delete(sender)
    this.#context.changed(sender)
  }

  /** Lets go of an account that has nothing here any more. */
  #release(sender: Address): void {
    if (this.#pending.has(sender) || this.#queue.list(sender) !== undefined) return
    this.#forget(sender)
  }

  #forget(sender: Address): void {
    if (this.#accounts.delete(sender)) this.#context.reserver.release(sender)
    this.#nextNonces.delete(sender)
    this.#context.changed(sender)
  }
}
