import type { PoolReader, PoolVerdict } from '../src/builder/ports.ts'
import type { Address, Hash } from '../src/primitives/hex.ts'
import type { IoOptions } from '../src/primitives/io.ts'
import type { SignedTransaction, Transaction } from '../src/protocol/transaction.ts'
import { type PoolEntry, PriceOrder } from './price-order.ts'
import { decodePooled, type PoolHead, rejected, signed, validateSender, validateStateless } from './validate.ts'

/** What the pool needs of its chain. */
export interface TxPoolOptions {
  /** The chain's head, as it matters to a transaction of `sender`. */
  readonly head: (sender: Address, io: IoOptions) => Promise<PoolHead>
  /** Reads what a wallet sends; without it blob transactions are refused. @throws AppError with geth's wording */
  readonly decode?: (raw: Uint8Array) => Transaction
  /** Takes what came with a transaction that is about to be held. @throws AppError with geth's wording */
  readonly admit?: (transaction: SignedTransaction, raw: Uint8Array, io: IoOptions) => Promise<void>
  /** Transactions held at most; default 6144, what geth's pending and queued limits add up to. */
  readonly maxTransactions?: number
}

/** A replacement must offer this much more, in percent. */
const PRICE_BUMP = 10n
const DEFAULT_MAX_TRANSACTIONS = 6144

/**
 * Transactions that wait for a block, in memory: by sender and nonce, read by price. A mined one leaves when a block with it is
 * committed; when a commit turns out to be a reorg, {@link reinject} brings back what fell out.
 */
export class TxPool implements PoolReader {
  readonly #options: TxPoolOptions
  readonly #byHash = new Map<Hash, PoolEntry>()
  readonly #bySender = new Map<Address, PoolEntry[]>()
  #arrivals = 0

  constructor(options: TxPoolOptions) {
    this.#options = options
  }

  /** Transactions held. */
  get size(): number {
    return this.#byHash.size
  }

  /**
   * Takes a transaction.
   * @throws AppError TX_REJECTED with geth's wording; what reading the chain throws
   */
  async add(raw: Uint8Array, io: IoOptions): Promise<Hash> {
    const { decode, admit } = this.#options
    const transaction = decode === undefined ? decodePooled(raw) : signed(decode(raw))
    if (this.#byHash.has(transaction.hash)) throw rejected('already known')
    const { rules, account } = await this.#options.head(transaction.sender, io)
    validateStateless(transaction, rules)
    validateSender(transaction, account)
    await admit?.(transaction, raw, io)
    // Another call may have taken it while this one was reading.
    if (this.#byHash.has(transaction.hash)) throw rejected('already known')
    this.#insert(transaction)
    return transaction.hash
  }

  #insert(transaction: SignedTransaction): void {
    // A copy: a reader of the order that is under way goes on with the queue as it was.
    const queue = [...(this.#bySender.get(transaction.sender) ?? [])]
    const at = queue.findIndex((entry) => entry.transaction.nonce >= transaction.nonce)
    const index = at === -1 ? queue.length : at
    const there = queue[index]
    const replaces = there !== undefined && there.transaction.nonce === transaction.nonce
    if (replaces && !outbids(transaction, there.transaction)) throw rejected('replacement transaction underpriced')
    const max = this.#options.maxTransactions ?? DEFAULT_MAX_TRANSACTIONS
    if (!replaces && this.#byHash.size >= max) throw rejected('txpool is full')
    const entry: PoolEntry = { transaction, arrival: this.#arrivals++ }
    queue.splice(index, replaces ? 1 : 0, entry)
    if (replaces) this.#byHash.delete(there.transaction.hash)
    this.#byHash.set(transaction.hash, entry)
    this.#bySender.set(transaction.sender, queue)
  }

  *#ordered(baseFee: bigint): Generator<SignedTransaction, undefined, PoolVerdict> {
    const order = new PriceOrder(this.#bySender.values(), baseFee)
    for (let head = order.shift(); head !== undefined; head = order.shift()) {
      const verdict = yield head.entry.transaction
      if (verdict === 'included') order.follow(head)
    }
    return undefined
  }

  best(baseFee: bigint): Iterator<SignedTransaction, undefined, PoolVerdict> {
    return this.#ordered(baseFee)
  }

  ofSender(sender: Address): readonly SignedTransaction[] {
    return (this.#bySender.get(sender) ?? []).map(({ transaction }) => transaction)
  }

  get(hash: Hash): SignedTransaction | undefined {
    return this.#byHash.get(hash)?.transaction
  }

  /** Forgets what a committed block holds, and what its nonces made obsolete. */
  drop(mined: Iterable<SignedTransaction>): void {
    for (const { sender, nonce } of mined) {
      const queue = this.#bySender.get(sender)
      if (queue === undefined) continue
      const kept: PoolEntry[] = []
      for (const entry of queue) {
        if (entry.transaction.nonce > nonce) kept.push(entry)
        else this.#byHash.delete(entry.transaction.hash)
      }
      if (kept.length === 0) this.#bySender.delete(sender)
      else this.#bySender.set(sender, kept)
    }
  }

  /** Takes back what a reorg threw out of the chain; what cannot be taken any more stays out. */
  reinject(orphaned: Iterable<SignedTransaction>): void {
    const max = this.#options.maxTransactions ?? DEFAULT_MAX_TRANSACTIONS
    for (const transaction of orphaned) {
      const { hash, sender, nonce } = transaction
      const taken = this.#bySender.get(sender)?.some((entry) => entry.transaction.nonce === nonce)
      if (this.#byHash.has(hash) || taken === true || this.#byHash.size >= max) continue
      this.#insert(transaction)
    }
  }
}

function outbids(next: SignedTransaction, last: SignedTransaction): boolean {
  const bump = (price: bigint): bigint => (price * (100n + PRICE_BUMP)) / 100n
  return (
    next.maxFeePerGas > last.maxFeePerGas &&
    next.maxPriorityFeePerGas > last.maxPriorityFeePerGas &&
    next.maxFeePerGas >= bump(last.maxFeePerGas) &&
    next.maxPriorityFeePerGas >= bump(last.maxPriorityFeePerGas)
  )
}
