import { LRUCache } from 'lru-cache'
import type { Clock } from '../../src/primitives/clock.ts'
import { errorMessage, isAppError } from '../../src/primitives/errors.ts'
import { type Hash, isData } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import { Wakeup } from '../../src/primitives/wakeup.ts'
import { isDeposit, type SignedTransaction } from '../../src/protocol/transaction.ts'
import { transactionFromJson } from '../../src/protocol/transaction-json.ts'

/** What became of the transactions that a node told of, since the start. */
export interface OfferStats {
  /** In the pool now, or then. */
  taken: number
  /** In the pool before. */
  known: number
  /** The pool does not want them, or could not look at them. */
  refused: number
  /** Not what they hash to, or no transactions at all. */
  invalid: number
  /** Blob transactions: nodes tell of them without their blobs. */
  blobs: number
  /** There were too many at once. */
  dropped: number
}

/** A pool that takes what nodes tell of. */
export interface TakingPool {
  get(hash: Hash): SignedTransaction | undefined
  /** @throws AppError TX_REJECTED; temporary errors where its chain cannot be read now */
  add(transaction: SignedTransaction, io: IoOptions): Promise<unknown>
}

/** What {@link OfferedTransactions} is made of. */
export interface OfferOptions {
  readonly pool: TakingPool
  readonly clock: Clock
  /** Told of a failure that is neither the node's nor the transaction's. */
  readonly onFailure: (message: string) => void
}

/** How much waits to be looked at. */
const MAX_QUEUED = 8_192
const MAX_QUEUED_BYTES = 64 * 1024 * 1024
/** Milliseconds in which a transaction that was refused is not looked at again. */
const REFUSED_MS = 60_000
const MAX_REFUSED = 16_384
/** Milliseconds between tries while the pool cannot read its chain, and how many there are. */
const RETRY_MS = 1_000
const MAX_TRIES = 30

/** As much of the JSON as is looked at before its turn. */
interface Offer {
  readonly hash: Hash
  readonly type: unknown
  /** Characters, about. */
  readonly size: number
  readonly json: unknown
}

function offerOf(json: unknown): Offer | undefined {
  if (typeof json !== 'object' || json === null) return undefined
  const { hash, type, input } = json as Readonly<Record<string, unknown>>
  if (!isData(hash, 32)) return undefined
  const size = 1024 + (typeof input === 'string' ? input.length : 0)
  return { hash: hash.toLowerCase() as Hash, type, size, json }
}

/**
 * Transactions in JSON that a node tells of, on their way into a pool: encoded anew, so that their hash proves them, and taken
 * one after the other. What makes no sense is counted and forgotten.
 */
export class OfferedTransactions {
  readonly stats: OfferStats = { taken: 0, known: 0, refused: 0, invalid: 0, blobs: 0, dropped: 0 }
  readonly #options: OfferOptions
  readonly #queue = new Map<Hash, Offer>()
  readonly #refused: LRUCache<Hash, number>
  #bytes = 0
  readonly #wakeup = new Wakeup()

  constructor(options: OfferOptions) {
    this.#options = options
    this.#refused = new LRUCache({ max: MAX_REFUSED })
  }

  /** Transactions that wait to be looked at. */
  get queued(): number {
    return this.#queue.size
  }

  /** Takes what a node said, whatever it is. */
  offer(json: unknown): void {
    const { stats } = this
    const offer = offerOf(json)
    if (offer === undefined) {
      stats.invalid++
      return
    }
    const { hash, type, size } = offer
    if (this.#options.pool.get(hash) !== undefined || this.#queue.has(hash)) {
      stats.known++
      return
    }
    if (type === '0x3') {
      stats.blobs++
      return
    }
    const refused = this.#refused.get(hash)
    if (refused !== undefined && this.#options.clock.now() - refused < REFUSED_MS) return
    if (this.#queue.size >= MAX_QUEUED || this.#bytes + size > MAX_QUEUED_BYTES) {
      stats.dropped++
      return
    }
    this.#queue.set(hash, offer)
    this.#bytes += size
    this.#wakeup.wake()
  }

  /** Takes them into the pool until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const onAbort = (): void => this.#wakeup.wake()
    signal.addEventListener('abort', onAbort, { once: true })
    while (!signal.aborted) {
      for (const offer of this.#queue.values()) {
        await this.#take(offer, signal)
        if (signal.aborted) return
        this.#queue.delete(offer.hash)
        this.#bytes -= offer.size
      }
      if (this.#queue.size === 0) await this.#wakeup.wait()
    }
  }

  async #take({ hash, json }: Offer, signal: AbortSignal): Promise<void> {
    const { stats } = this
    let transaction: ReturnType<typeof transactionFromJson>
    try {
      transaction = transactionFromJson(json)
    } catch (error) {
      if (!isAppError(error)) this.#options.onFailure(errorMessage(error))
      stats.invalid++
      this.#refused.set(hash, this.#options.clock.now())
      return
    }
    if (isDeposit(transaction)) {
      stats.invalid++
      return
    }
    stats[await this.#add(transaction, signal)]++
  }

  async #add(transaction: SignedTransaction, signal: AbortSignal): Promise<keyof OfferStats> {
    const { pool, clock, onFailure } = this.#options
    const { hash } = transaction
    for (let tries = 1; ; tries++) {
      // It may have come by another way.
      if (pool.get(hash) !== undefined) return 'known'
      try {
        await pool.add(transaction, { signal })
        return 'taken'
      } catch (error) {
        if (!isAppError(error) && !signal.aborted) onFailure(errorMessage(error))
        const temporary = isAppError(error) && error.severity === 'temporary'
        if (!temporary || tries === MAX_TRIES || signal.aborted) {
          this.#refused.set(hash, clock.now())
          return 'refused'
        }
      }
      await clock.sleep(RETRY_MS, { signal }).catch(() => undefined)
    }
  }
}
