import type { Clock } from '../../src/primitives/clock.ts'
import type { Hash } from '../../src/primitives/hex.ts'
import type { SignedTransaction } from '../../src/protocol/transaction.ts'
import { BoundedSet } from './bounded-set.ts'
import { type Announcement, ETH, encodeAnnouncements, encodeTransactions } from './eth-messages.ts'

/** What an outbox writes to. */
export interface Recipient {
  send(code: number, body: Uint8Array): boolean
  drained(): Promise<void>
}

/** Where an outbox finds what it tells of. */
export interface OutboxPool {
  get(hash: Hash): SignedTransaction | undefined
  networkForm(transaction: SignedTransaction): Uint8Array | undefined
}

/** What waits for a peer that is slow: more than a pool holds by default. */
const MAX_WAITING = 32_768
/** geth's: bytes of a message with transactions. */
const MAX_BYTES = 100 * 1024
/** Hashes of an announcement, and milliseconds to the next one: geth forgets what is beyond 4096 that it has not fetched. */
const MAX_ANNOUNCED = 1024
const PAUSE_MS = 500

/**
 * What a peer is to be told, as fast as it takes it: when it is slow, what is oldest is forgotten, and nothing is kept but hashes.
 * A transaction that has left the pool meanwhile is not told of.
 */
export class Outbox {
  readonly #to: Recipient
  readonly #pool: OutboxPool
  readonly #pushed = new BoundedSet<Hash>(MAX_WAITING)
  readonly #announced = new BoundedSet<Hash>(MAX_WAITING)
  readonly #clock: Clock
  /** Milliseconds; nothing is announced before. */
  #announceFrom = 0
  #wake: (() => void) | undefined

  constructor(to: Recipient, pool: OutboxPool, clock: Clock) {
    this.#to = to
    this.#pool = pool
    this.#clock = clock
  }

  /** The peer is to get the transaction. */
  push(hash: Hash): void {
    this.#pushed.add(hash)
    this.#wake?.()
  }

  /** The peer is to know of the transaction. */
  announce(hash: Hash): void {
    this.#announced.add(hash)
    this.#wake?.()
  }

  /** Tells, until the signal is aborted or the connection ends. @param sent told how many transactions went out */
  async run(signal: AbortSignal, sent: (count: number) => void): Promise<void> {
    signal.addEventListener('abort', () => this.#wake?.(), { once: true })
    while (!signal.aborted) {
      if (this.#pushed.size === 0 && this.#announced.size === 0) {
        await this.#woken()
        // Others that come in the same turn go into the same message.
        await new Promise(setImmediate)
        continue
      }
      const raws = this.#nextPushed()
      if (raws.length > 0 && !this.#to.send(ETH.transactions, encodeTransactions(raws))) return
      const wait = this.#announceFrom - this.#clock.now()
      const items = wait > 0 ? [] : this.#nextAnnounced()
      if (items.length > 0 && !this.#to.send(ETH.announcements, encodeAnnouncements(items))) return
      sent(raws.length + items.length)
      await this.#to.drained()
      if (wait > 0 && this.#pushed.size === 0) await this.#pause(wait, signal)
    }
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  /** Waits until more may be announced, or something is to be pushed. */
  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const done = new AbortController()
    const slept = this.#clock.sleep(ms, { signal: AbortSignal.any([signal, done.signal]) }).catch(() => undefined)
    await Promise.race([slept, this.#woken()])
    done.abort()
    await slept
  }

  #nextAnnounced(): Announcement[] {
    const items = this.#announced.take(MAX_ANNOUNCED).flatMap((hash) => this.#describe(hash))
    if (items.length > 0) this.#announceFrom = this.#clock.now() + Math.ceil((PAUSE_MS * items.length) / MAX_ANNOUNCED)
    return items
  }

  #nextPushed(): Uint8Array[] {
    const raws: Uint8Array[] = []
    for (let bytes = 0; bytes < MAX_BYTES && this.#pushed.size > 0; ) {
      const [hash] = this.#pushed.take(1) as [Hash]
      const transaction = this.#pool.get(hash)
      const raw = transaction && this.#pool.networkForm(transaction)
      if (raw === undefined) continue
      raws.push(raw)
      bytes += raw.length
    }
    return raws
  }

  #describe(hash: Hash): Announcement[] {
    const transaction = this.#pool.get(hash)
    if (transaction === undefined) return []
    const raw = this.#pool.networkForm(transaction)
    return raw === undefined ? [] : [{ hash, type: transaction.type, size: raw.length }]
  }
}
