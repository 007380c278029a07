import type { PoolReader, PoolVerdict } from '../src/builder/ports.ts'
import type { Clock } from '../src/primitives/clock.ts'
import type { Address, Hash } from '../src/primitives/hex.ts'
import type { IoOptions } from '../src/primitives/io.ts'
import type { SignedTransaction, Transaction } from '../src/protocol/transaction.ts'
import { HeldTransactions } from './held.ts'
import { DEFAULT_LIMITS, type PoolLimits } from './limits.ts'
import { PriceOrder } from './price-order.ts'
import { outbids } from './sender-queue.ts'
import type { PoolEntry } from './sub-pool.ts'
import {
  decodePooled,
  maxCost,
  type PoolAccount,
  type PoolHead,
  rejected,
  signed,
  validateSender,
  validateStateless,
} from './validate.ts'

/** What the pool needs of its chain. */
export interface TxPoolOptions {
  /** The chain's head, with the accounts of `senders`. */
  readonly head: (senders: readonly Address[], io: IoOptions) => Promise<PoolHead>
  readonly clock: Pick<Clock, 'now'>
  /** Reads what a wallet sends; without it blob transactions are refused. @throws AppError with geth's wording */
  readonly decode?: (raw: Uint8Array) => Transaction
  /** Takes what came with a transaction that is about to be held. @throws AppError with geth's wording */
  readonly admit?: (transaction: SignedTransaction, raw: Uint8Array, io: IoOptions) => Promise<void>
  /** What differs from geth's defaults. */
  readonly limits?: Partial<PoolLimits>
}

/** Transactions by sender, by rising nonce. */
export type BySender = ReadonlyMap<Address, readonly SignedTransaction[]>

/** Hears of a transaction that can be executed now. */
export type TransactionListener = (transaction: SignedTransaction) => void

/** What waits: the pending ones follow on their sender's nonce, the queued ones are behind a gap. */
export interface PoolContent {
  readonly pending: BySender
  readonly queued: BySender
}

/**
 * Transactions that wait for a block, in memory: by sender and nonce, read by price, with geth's limits. It follows the head
 * that it reads with each call: balances, nonces and fees are looked at anew whenever that has moved. What a block of this
 * process holds leaves by {@link drop} at once; when a commit turns out to be a reorg, {@link reinject} brings back what fell out.
 */
export class TxPool implements PoolReader {
  readonly #options: TxPoolOptions
  readonly #limits: PoolLimits
  readonly #held: HeldTransactions
  readonly #listeners = new Set<TransactionListener>()
  #head: PoolHead | undefined
  /** Rises when blocks of this process change accounts: those that were read before are out of date. */
  #changes = 0
  /** The changes that the accounts take into account. */
  #followed = 0
  /** What came back since the accounts were read, with what the sender's pending ones cost before, in wei. */
  #returned = new WeakMap<PoolEntry, bigint>()

  constructor(options: TxPoolOptions) {
    this.#options = options
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits }
    this.#held = new HeldTransactions(this.#limits, options.clock, () => ({
      of: (transaction) => maxCost(transaction, this.#head?.rollupFee),
      settled: this.#changes === this.#followed,
    }))
  }

  /** Transactions held. */
  get size(): number {
    return this.#held.size
  }

  /**
   * Takes a transaction.
   * @throws AppError TX_REJECTED with geth's wording; what reading the chain throws
   */
  async add(raw: Uint8Array, io: IoOptions): Promise<Hash> {
    const { decode } = this.#options
    const transaction = decode === undefined ? decodePooled(raw) : signed(decode(raw))
    return this.#take(transaction, raw, io)
  }

  /**
   * Takes a transaction whose sender is given and not recovered: of an account that a test acts for. Without blobs.
   * @throws AppError as {@link add}
   */
  addImpersonated(transaction: SignedTransaction, io: IoOptions): Promise<Hash> {
    return this.#take(transaction, transaction.raw, io)
  }

  async #take(transaction: SignedTransaction, raw: Uint8Array, io: IoOptions): Promise<Hash> {
    const { admit } = this.#options
    const { sender, hash } = transaction
    if (this.#held.get(hash) !== undefined) throw rejected('already known')
    const head = await this.#follow([sender], io)
    validateStateless(transaction, head.rules, this.#limits.priceLimit)
    const account = this.#accountOf(sender, head)
    this.#validate(transaction, head, account)
    await admit?.(transaction, raw, io)
    // Others may have been taken while this one was waiting.
    if (this.#held.get(hash) !== undefined) throw rejected('already known')
    const now = this.#accountOf(sender, head)
    this.#validate(transaction, head, now)
    this.#insert(transaction, head, now)
    this.#announce()
    return hash
  }

  /**
   * Tells of each transaction that becomes executable, as geth does: one behind a nonce gap when that is filled, one that a
   * reorg brought back once more.
   * @returns ends it
   */
  onTransaction(listener: TransactionListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Transactions held, by whether they can be executed. @throws what reading the chain throws */
  async status(io: IoOptions): Promise<{ readonly pending: number; readonly queued: number }> {
    await this.#follow([], io)
    return { pending: this.#held.pendingCount, queued: this.#held.queuedCount }
  }

  /** Everything that waits, or what one sender sent. @throws what reading the chain throws */
  async content(io: IoOptions, sender?: Address): Promise<PoolContent> {
    await this.#follow([], io)
    const pending = new Map<Address, readonly SignedTransaction[]>()
    const queued = new Map<Address, readonly SignedTransaction[]>()
    for (const [address, queue] of this.#held.queues) {
      if (sender !== undefined && address !== sender) continue
      if (queue.pendingCount > 0) pending.set(address, transactionsOf(queue.pending))
      if (queue.queuedCount > 0) queued.set(address, transactionsOf(queue.queued))
    }
    return { pending, queued }
  }

  best(baseFee: bigint): Iterator<SignedTransaction, undefined, PoolVerdict> {
    return this.#ordered(baseFee)
  }

  ofSender(sender: Address): readonly SignedTransaction[] {
    return transactionsOf(this.#held.queue(sender)?.entries ?? [])
  }

  get(hash: Hash): SignedTransaction | undefined {
    return this.#held.get(hash)?.transaction
  }

  /** Everything that waits, each sender's by rising nonce. */
  *all(): Generator<SignedTransaction, void, undefined> {
    for (const [, { entries }] of this.#held.queues) for (const { transaction } of entries) yield transaction
  }

  /** Forgets what committed blocks hold, oldest first, and what their nonces made obsolete. */
  drop(mined: Iterable<SignedTransaction>): void {
    this.#changes++
    for (const [sender, transactions] of Map.groupBy(mined, ({ sender }) => sender)) {
      const queue = this.#held.queue(sender)
      const last = transactions.at(-1)
      if (queue === undefined || last === undefined) continue
      const account = { ...queue.account, nonce: last.nonce + 1n }
      this.#held.put(
        sender,
        account,
        queue.entries.filter((entry) => entry.transaction.nonce > last.nonce),
      )
    }
    this.#announce()
  }

  /** Takes back what a reorg threw out of the chain; what cannot be taken any more stays out. To be followed by {@link drop}. */
  reinject(orphaned: Iterable<SignedTransaction>): void {
    this.#changes++
    for (const [sender, transactions] of Map.groupBy(orphaned, ({ sender }) => sender)) {
      this.#held.takeBack(sender, transactions, (entry, spent) => this.#returned.set(entry, spent))
    }
    this.#held.truncate()
  }

  /** Forgets one transaction; what follows on it waits behind the gap. @returns whether it was there */
  remove(hash: Hash): boolean {
    const entry = this.#held.get(hash)
    if (entry !== undefined) this.#held.remove(entry)
    return entry !== undefined
  }

  /** Forgets all transactions of a sender. @returns their hashes */
  removeOf(sender: Address): readonly Hash[] {
    const queue = this.#held.queue(sender)
    if (queue === undefined) return []
    this.#held.put(sender, queue.account, [])
    return queue.entries.map(({ transaction }) => transaction.hash)
  }

  /** Forgets everything. */
  removeAll(): void {
    for (const [sender, { account }] of this.#held.queues) this.#held.put(sender, account, [])
  }

  /**
   * Remembers what waits now.
   * @returns lets wait that and nothing else; to be called after the chain was set back: the head is looked at anew
   */
  remember(): () => void {
    const held = this.#held.snapshot()
    return () => {
      this.#changes++
      this.#returned = new WeakMap()
      this.#held.restore(held)
    }
  }

  *#ordered(baseFee: bigint): Generator<SignedTransaction, undefined, PoolVerdict> {
    const queues = this.#held.queues.map(([, { entries }]) => entries)
    const order = new PriceOrder(queues, baseFee)
    for (let head = order.shift(); head !== undefined; head = order.shift()) {
      const verdict = yield head.entry.transaction
      if (verdict === 'included') order.follow(head)
    }
    return undefined
  }

  /** The account of who was asked for. Where blocks came in between, what came back with them tells nothing of its balance. */
  #accountOf(sender: Address, head: PoolHead): PoolAccount {
    const read = head.accounts.get(sender) as PoolAccount
    const held = this.#held.queue(sender)?.account
    if (held === undefined) return read
    return this.#changes === this.#followed ? held : { nonce: held.nonce, balance: read.balance }
  }

  #validate(transaction: SignedTransaction, head: PoolHead, account: PoolAccount): void {
    const queue = this.#held.queue(transaction.sender)
    const there = queue?.at(transaction.nonce)
    // What is spent was reckoned when it became pending, what is replaced by the fees of now: geth does, and tells the figures.
    const replaces = there !== undefined && queue?.isPending(there) === true
    validateSender(transaction, account, maxCost(transaction, head.rollupFee), {
      spent: queue?.spent ?? 0n,
      replaced: replaces ? maxCost(there.transaction, head.rollupFee) : undefined,
    })
  }

  #insert(transaction: SignedTransaction, head: PoolHead, account: PoolAccount): void {
    const room = this.#held.roomFor(transaction, account, head.baseFee)
    const there = this.#held.queue(transaction.sender)?.at(transaction.nonce)
    if (there !== undefined && !outbids(transaction, there.transaction, this.#limits.priceBump)) {
      throw rejected('replacement transaction underpriced')
    }
    for (const entry of room) this.#held.remove(entry)
    this.#held.hold(transaction, account)
    this.#held.truncate()
  }

  /** Reads the head, and where it has moved also everyone's account, and lets go of what can't be included any more. */
  async #follow(wanted: readonly Address[], io: IoOptions): Promise<PoolHead> {
    const { head: read } = this.#options
    const everyone = (): Address[] => [...new Set([...this.#held.queues.map(([address]) => address), ...wanted])]
    const upToDate = this.#changes === this.#followed
    let changes = this.#changes
    let head = await read(upToDate ? wanted : everyone(), io)
    this.#held.expire()
    if (upToDate && head.hash === this.#head?.hash && head.stateRoot === this.#head.stateRoot) return head
    if (everyone().some((address) => !head.accounts.has(address))) {
      changes = this.#changes
      head = await read(everyone(), io)
    }
    // A block of this process that came in between says more about the accounts than what was read.
    if (changes === this.#changes) {
      this.#followed = changes
      this.#reset(head)
    }
    return head
  }

  #reset(head: PoolHead): void {
    this.#head = head
    for (const [sender, queue] of this.#held.queues) {
      const account = head.accounts.get(sender)
      if (account === undefined) continue
      const kept = queue.entries.filter((entry) => {
        const { transaction } = entry
        // What came back is sent once more: what was pending meanwhile counts, what came back beside it does not.
        const need = maxCost(transaction, head.rollupFee) + (this.#returned.get(entry) ?? 0n)
        return (
          transaction.nonce >= account.nonce && transaction.gasLimit <= head.rules.gasLimit && need <= account.balance
        )
      })
      this.#held.put(sender, account, kept)
    }
    this.#returned = new WeakMap()
    this.#held.truncate()
    this.#announce()
  }

  #announce(): void {
    for (const transaction of this.#held.takePromoted()) for (const listener of this.#listeners) listener(transaction)
  }
}

function transactionsOf(entries: readonly PoolEntry[]): readonly SignedTransaction[] {
  return entries.map(({ transaction }) => transaction)
}
