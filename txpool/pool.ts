import type { PoolReader, PoolVerdict } from '../src/builder/ports.ts'
import type { Clock } from '../src/primitives/clock.ts'
import { type AppError, isAppError } from '../src/primitives/errors.ts'
import type { Address, Hash } from '../src/primitives/hex.ts'
import type { IoOptions } from '../src/primitives/io.ts'
import type { SignedTransaction } from '../src/protocol/transaction.ts'
import { AddressReservations } from './address-reserver.ts'
import { BestOrders } from './best-order.ts'
import { ChangeLog } from './change-log.ts'
import { ForcedOrder } from './forced-order.ts'
import { Ingress, type IngressOptions, type Judged } from './ingress.ts'
import { LegacyPool } from './legacy/legacy-pool.ts'
import { DEFAULT_LIMITS, type PoolLimits } from './limits.ts'
import { PoolView } from './pool-view.ts'
import type { PoolEntry, SubPool, SubPoolContext } from './sub-pool.ts'
import { Unsettled } from './unsettled.ts'
import { type PoolAccount, type PoolHead, rejected } from './validate.ts'

/** What the pool needs of its chain. */
export interface TxPoolOptions extends IngressOptions {
  /** The chain's head, with the accounts of `senders`. */
  readonly head: (senders: readonly Address[], io: IoOptions) => Promise<PoolHead>
  readonly clock: Pick<Clock, 'now'>
  /** What differs from geth's defaults. */
  readonly limits?: Partial<PoolLimits>
  /** Pools for what the legacy pool is not for; it takes what none of them does. */
  readonly subPools?: readonly ((context: SubPoolContext) => SubPool)[]
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

/** How often what is too old is looked for. */
const EXPIRY_INTERVAL_MS = 60_000
/** A head that moves faster than it can be read is taken as it is. */
const MAX_TRIES = 4

/**
 * Transactions that wait for a block, in memory: by sender and nonce, read by price, with geth's limits. It follows the head
 * that it reads with each call: balances, nonces and fees are looked at anew whenever that has moved. What a block of this
 * process holds leaves by {@link drop} at once; when a commit turns out to be a reorg, {@link reinject} brings back what fell out.
 */
export class TxPool implements PoolReader {
  readonly #options: TxPoolOptions
  readonly #subPools: readonly SubPool[]
  readonly #listeners = new Set<TransactionListener>()
  readonly #changedSenders = new ChangeLog<Address>(() => this.#view.held)
  readonly #forced = new ForcedOrder()
  readonly #orders: BestOrders
  readonly #view: PoolView
  readonly #ingress: Ingress
  readonly #unsettled = new Unsettled(() => this.#arrivals++)
  /** What has become executable and was not told of. */
  #promoted: PoolEntry[] = []
  /** What came back with a reorg and was told of then. */
  #told = new WeakSet<PoolEntry>()
  #arrivals = 0
  #nextExpiry = 0
  #head: PoolHead | undefined
  /** Rises when blocks of this process change accounts: those that were read before are out of date. */
  #changes = 0
  /** The changes that the accounts take into account. */
  #followed = 0

  constructor(options: TxPoolOptions) {
    this.#options = options
    const limits = { ...DEFAULT_LIMITS, ...options.limits }
    const reservations = new AddressReservations()
    const context = (): SubPoolContext => ({
      reserver: reservations.reserver(),
      nextArrival: () => this.#arrivals++,
      isAboutToDelegate: (account) => legacy.isAuthority(account),
      changed: (sender) => this.#changedSenders.add(sender),
      promoted: (entry) => this.#promoted.push(entry),
    })
    const legacy = new LegacyPool(context(), limits, options.clock)
    // As geth has them: the legacy pool hears of a new head first, and takes accounts back before others let go of them.
    this.#subPools = [legacy, ...(options.subPools ?? []).map((make) => make(context()))]
    const view = new PoolView(this.#subPools, this.#unsettled)
    this.#view = view
    this.#orders = new BestOrders({
      changes: this.#changedSenders,
      senders: () => view.senders(),
      next: (sender, above) => view.next(sender, above),
      placeOf: (entry) => this.#forced.placeOf(entry),
    })
    this.#ingress = new Ingress(options, {
      subPoolFor: (transaction) => this.#subPoolFor(transaction),
      has: ({ hash }) => view.get(hash) !== undefined,
      account: async ({ sender }, io) => (await this.#accountsOf([sender], io)).get(sender) as PoolAccount,
    })
  }

  /** Transactions held. */
  get size(): number {
    return this.#view.size
  }

  /**
   * Takes a transaction.
   * @throws AppError TX_REJECTED with geth's wording; what reading the chain throws
   */
  async add(raw: Uint8Array, io: IoOptions): Promise<Hash> {
    return this.#take(this.#ingress.decode(raw), raw, io)
  }

  /**
   * Takes transactions together, as geth does those of its journal: none of them can be executed before all were looked at.
   * @returns for each why it was not taken, TX_REJECTED or TX_REFUSED; undefined where it was
   * @throws AppError what reading the chain throws; they can be given once more then
   */
  async addAll(raws: readonly Uint8Array[], io: IoOptions): Promise<readonly (AppError | undefined)[]> {
    const outcomes: (AppError | undefined)[] = raws.map(() => undefined)
    const refuse = (index: number, error: unknown): void => {
      // A chain's own decoder refuses with the other code.
      if (!isAppError(error, 'TX_REJECTED') && !isAppError(error, 'TX_REFUSED')) throw error
      outcomes[index] = error
    }
    const judged: (Judged & { readonly index: number })[] = []
    for (const [index, raw] of raws.entries()) {
      try {
        const one = await this.#ingress.judge(this.#ingress.decode(raw), raw, io)
        // Parts that know of no gaps judge each by those before it.
        if (one.subPool.addAll === undefined) one.subPool.add(one.transaction, one.form, one.account)
        else judged.push({ index, ...one })
      } catch (error) {
        refuse(index, error)
      }
    }
    // All at one head.
    const senders = judged.map(({ transaction }) => transaction.sender)
    const accounts = await this.#accountsOf(senders, io)
    for (const [subPool, items] of Map.groupBy(judged, (item) => item.subPool)) {
      const now = items.map((item) => ({ ...item, account: accounts.get(item.transaction.sender) ?? item.account }))
      const errors = subPool.addAll?.(now) ?? []
      for (const [at, { index }] of now.entries()) if (errors[at] !== undefined) refuse(index, errors[at])
    }
    this.#announce()
    return outcomes
  }

  /**
   * Takes a transaction whose sender is given and not recovered: of an account that a test acts for. Without blobs.
   * @throws AppError as {@link add}
   */
  addImpersonated(transaction: SignedTransaction, io: IoOptions): Promise<Hash> {
    return this.#take(transaction, transaction.raw, io)
  }

  async #take(transaction: SignedTransaction, raw: Uint8Array, io: IoOptions): Promise<Hash> {
    const { subPool, form, account } = await this.#ingress.judge(transaction, raw, io)
    subPool.add(transaction, form, account)
    this.#announce()
    return transaction.hash
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

  /** Does what takes time beside the calls, until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#subPools.map((subPool) => subPool.run?.(signal)))
  }

  /** Transactions held, by whether they can be executed. @throws what reading the chain throws */
  async status(io: IoOptions): Promise<{ readonly pending: number; readonly queued: number }> {
    await this.#follow([], io)
    const pending = this.#sum(({ pendingCount }) => pendingCount)
    return { pending, queued: this.#sum(({ queuedCount }) => queuedCount) }
  }

  /** Everything that waits, or what one sender sent. @throws what reading the chain throws */
  async content(io: IoOptions, sender?: Address): Promise<PoolContent> {
    await this.#follow([], io)
    const pending = new Map<Address, readonly SignedTransaction[]>()
    const queued = new Map<Address, readonly SignedTransaction[]>()
    for (const address of sender === undefined ? this.#view.senders() : [sender]) {
      const content = this.#view.content(address)
      if (content.pending.length > 0) pending.set(address, transactionsOf(content.pending))
      if (content.queued.length > 0) queued.set(address, transactionsOf(content.queued))
    }
    return { pending, queued }
  }

  best(baseFee: bigint, blobBaseFee?: bigint): Iterator<SignedTransaction, undefined, PoolVerdict> {
    return this.#orders.at({ baseFee, blobBaseFee })
  }

  /**
   * Forces an order on transactions that pay the same: these go first, in this order, also when they come later. Replaces the
   * order that was given before; none brings back that of arrival.
   */
  setArrivalOrder(hashes: readonly Hash[]): void {
    this.#forced.set(hashes)
    this.#changedSenders.forgetAll()
  }

  ofSender(sender: Address): readonly SignedTransaction[] {
    return transactionsOf(this.#view.of(sender))
  }

  get(hash: Hash): SignedTransaction | undefined {
    return this.#view.get(hash)
  }

  /**
   * A transaction that waits as it travels between nodes: a blob transaction with its blobs, `0x03 || rlp([tx, blobs,
   * commitments, proofs])`, or from Osaka `0x03 || rlp([tx, 1, blobs, commitments, proofs])` with a proof for each cell; any
   * other one as it stands in a block. Undefined also where its blobs are not here. Not to be edited.
   */
  networkForm(hash: Hash): Uint8Array | undefined {
    const transaction = this.get(hash)
    if (transaction === undefined || transaction.type !== 3) return transaction?.raw
    for (const subPool of this.#subPools) {
      const form = subPool.networkForm?.(hash)
      if (form !== undefined) return form
    }
    return undefined
  }

  /** Everything that waits, each sender's by rising nonce. */
  *all(): Generator<SignedTransaction, void, undefined> {
    for (const { transaction } of this.#view.entries()) yield transaction
  }

  /** Forgets what committed blocks hold, oldest first, and what their nonces made obsolete. */
  drop(mined: Iterable<SignedTransaction>): void {
    this.#changes++
    for (const [sender, transactions] of Map.groupBy(mined, ({ sender }) => sender)) {
      this.#unsettled.drop(sender, transactions)
      this.#changedSenders.add(sender)
    }
    const back = this.#unsettled.lost.filter((entry) => !this.#told.has(entry))
    for (const entry of back) this.#told.add(entry)
    this.#tell(back)
  }

  /**
   * Takes back what a reorg threw out of the chain, the newest block's first; what cannot be taken any more stays out. To be
   * followed by {@link drop}.
   */
  reinject(orphaned: Iterable<SignedTransaction>): void {
    const transactions = [...orphaned]
    this.#changes++
    this.#unsettled.reinject(transactions)
    for (const { sender } of transactions) this.#changedSenders.add(sender)
  }

  /** Forgets one transaction; what follows on it waits behind the gap. @returns whether it was there */
  remove(hash: Hash): boolean {
    const transaction = this.get(hash)
    if (transaction === undefined) return false
    for (const subPool of this.#subPools) subPool.remove(hash)
    this.#unsettled.remove(transaction)
    this.#changedSenders.add(transaction.sender)
    return true
  }

  /** Forgets all transactions of a sender. @returns their hashes */
  removeOf(sender: Address): readonly Hash[] {
    const hashes = this.#view.of(sender).map(({ transaction }) => transaction.hash)
    for (const hash of hashes.toReversed()) this.remove(hash)
    return hashes
  }

  /** Forgets everything. */
  removeAll(): void {
    this.#unsettled.clear()
    for (const subPool of this.#subPools) subPool.removeAll()
  }

  /**
   * Remembers what waits now.
   * @returns lets wait that and nothing else; to be called after the chain was set back: the head is looked at anew
   */
  remember(): () => void {
    const restores = this.#subPools.map((subPool) => subPool.remember())
    return () => {
      this.#changes++
      this.#unsettled.clear()
      for (const subPool of this.#subPools) subPool.removeAll()
      for (const restore of restores) restore()
      // What was brought back is of another head.
      this.#head = undefined
      this.#changedSenders.forgetAll()
      this.#promoted = []
    }
  }

  #sum(count: (subPool: SubPool) => number): number {
    return this.#subPools.reduce((sum, subPool) => sum + count(subPool), 0)
  }

  #subPoolFor({ type }: SignedTransaction): SubPool {
    const subPool = this.#subPools.findLast((one) => one.takes(type))
    if (subPool === undefined) throw rejected(`transaction type not supported: received type ${type}`)
    return subPool
  }

  /** Accounts at the head that the pool's parts are at. */
  async #accountsOf(senders: readonly Address[], io: IoOptions): Promise<PoolHead['accounts']> {
    for (let tries = 1; ; tries++) {
      const head = await this.#follow(senders, io)
      // Another call may have seen another head meanwhile.
      if (this.#isAt(head) || tries === MAX_TRIES) return head.accounts
    }
  }

  /**
   * Reads the head, and where it has moved also everyone's account, and lets go of what can't be included any more; once more
   * where blocks have come meanwhile.
   */
  async #follow(wanted: readonly Address[], io: IoOptions): Promise<PoolHead> {
    for (let tries = 1; ; tries++) {
      const head = await this.#look(wanted, io)
      if (this.#changes === this.#followed || tries === MAX_TRIES) return head
    }
  }

  async #look(wanted: readonly Address[], io: IoOptions): Promise<PoolHead> {
    const { head: read } = this.#options
    const everyone = (): Address[] => [...new Set([...this.#view.senders(), ...wanted])]
    const upToDate = this.#changes === this.#followed
    let changes = this.#changes
    let head = await read(upToDate ? wanted : everyone(), io)
    this.#expire()
    if (upToDate && this.#isAt(head)) return head
    if (everyone().some((address) => !head.accounts.has(address))) {
      changes = this.#changes
      head = await read(everyone(), io)
    }
    // A block of this process that came in between says more about the accounts than what was read.
    if (changes === this.#changes) {
      this.#followed = changes
      // geth looks at each head once, and looking twice would move what waits.
      const isSettled = this.#isAt(head) && this.#unsettled.isKnown((hash) => this.#view.inParts(hash) !== undefined)
      if (isSettled) this.#unsettled.clear()
      else this.#reset(head)
    }
    return head
  }

  /** Whether the pool's parts are at a head. */
  #isAt({ hash, stateRoot }: PoolHead): boolean {
    return hash === this.#head?.hash && stateRoot === this.#head.stateRoot
  }

  #reset(head: PoolHead): void {
    this.#head = head
    const { lost } = this.#unsettled
    const mined = new Set(this.#unsettled.mined)
    for (const subPool of this.#subPools) {
      const own = lost.filter(({ transaction }) => this.#subPoolFor(transaction) === subPool)
      subPool.reset({ head, lost: own, mined })
      // The head may be one that does not know of the blocks yet.
      for (const hash of mined) subPool.remove(hash)
    }
    for (const sender of this.#unsettled.senders()) this.#changedSenders.add(sender)
    this.#unsettled.clear()
    this.#announce()
  }

  #expire(): void {
    const now = this.#options.clock.now()
    if (now < this.#nextExpiry) return
    this.#nextExpiry = now + EXPIRY_INTERVAL_MS
    for (const subPool of this.#subPools) subPool.expire()
  }

  #announce(): void {
    const promoted = this.#promoted
    this.#promoted = []
    this.#tell(
      promoted.filter((entry) => !this.#told.has(entry) && this.#view.inParts(entry.transaction.hash) === entry),
    )
  }

  #tell(entries: readonly PoolEntry[]): void {
    for (const { transaction } of entries) for (const listener of this.#listeners) listener(transaction)
  }
}

function transactionsOf(entries: readonly PoolEntry[]): readonly SignedTransaction[] {
  return entries.map(({ transaction }) => transaction)
}
