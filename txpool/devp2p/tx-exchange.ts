import type { Clock } from '../../src/primitives/clock.ts'
import { isAppError } from '../../src/primitives/errors.ts'
import type { Hash } from '../../src/primitives/hex.ts'
import type { SignedTransaction } from '../../src/protocol/transaction.ts'
import type { Message } from './connection.ts'
import {
  decodeAnnouncements,
  decodeBlockRange,
  decodePooled,
  decodeRequest,
  decodeRequestId,
  decodeTransactions,
  ETH,
  encodeEmptyAnswer,
  encodePooled,
  encodeRequest,
  type ReceivedTransaction,
} from './eth-messages.ts'
import type { EthPeer } from './eth-peer.ts'
import type { ExchangeStats } from './exchange-stats.ts'
import { type Identified, identify } from './identify.ts'
import { breach, DISCONNECT } from './peer-error.ts'
import { RefusedTransactions } from './refused-transactions.ts'
import type { SharedPool } from './shared-pool.ts'
import { TxFetcher } from './tx-fetcher.ts'

/** geth's: larger transactions are announced only; what an answer holds before it ends. */
const MAX_PUSHED = 4096
const MAX_SERVED_BYTES = 2 * 1024 * 1024
/** Hashes of a request that are looked at. */
const MAX_SERVED = 256
/** Transactions that the pool is given at once: each may need the chain, and answers come together. */
const AT_ONCE = 16
/** What costs work and brings nothing, in hashes. */
const COST = { refused: 8, message: 64 } as const
/** Bytes that cost as much as a hash: of what is refused, and of what is served. */
const REFUSED_BYTES = 256
const SERVED_BYTES = 4096
const BLOB_TYPE = 3

/** The pool and its peers: who is told what, who is asked for what, and what becomes of what they send. */
export class TxExchange {
  readonly stats: ExchangeStats = { received: 0, added: 0, refused: 0, sent: 0, served: 0, dropped: 0 }
  readonly #pool: SharedPool
  readonly #fetcher: TxFetcher
  readonly #refused: RefusedTransactions
  readonly #peers = new Map<string, EthPeer>()
  #silence: (() => void) | undefined

  constructor(pool: SharedPool, clock: Clock) {
    this.#pool = pool
    this.#refused = new RefusedTransactions(clock)
    this.#fetcher = new TxFetcher({
      clock,
      known: (hash) => pool.get(hash) !== undefined || this.#refused.has(hash),
    })
  }

  /** Peers that transactions are exchanged with, by id. */
  get peers(): ReadonlyMap<string, EthPeer> {
    return this.#peers
  }

  /** Tells of new transactions and fetches announced ones, until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    this.#silence = this.#pool.onTransaction((transaction) => this.#spread(transaction))
    try {
      await this.#fetcher.run(signal)
    } finally {
      this.#silence()
    }
  }

  /** Exchanges transactions with a peer from now on: tells it what waits, and all that comes. Resolves when it is gone. */
  async converse(peer: EthPeer, signal: AbortSignal): Promise<never> {
    this.#peers.set(peer.id, peer)
    const ending = new AbortController()
    const until = AbortSignal.any([signal, ending.signal])
    this.#fetcher.join(peer.id, {
      request: (id, hashes) => void peer.send(ETH.getPooledTransactions, encodeRequest(id, hashes)),
      drop: (error) => peer.fail(error),
    })
    const sending = peer.outbox.run(until, (count) => {
      this.stats.sent += count
    })
    // A fault of ours ends the conversation.
    sending.catch((error: unknown) => peer.fail(error as Error))
    try {
      return await Promise.race([peer.failed, this.#listen(peer, until), this.#greet(peer, until)])
    } finally {
      ending.abort()
      this.#peers.delete(peer.id)
      this.#fetcher.leave(peer.id)
      await sending.catch(() => undefined)
    }
  }

  /** Never resolves: what waits is told of once. */
  async #greet(peer: EthPeer, signal: AbortSignal): Promise<never> {
    try {
      for (const { hash } of await this.#pool.pending({ signal })) {
        if (peer.known.has(hash)) continue
        peer.known.add(hash)
        peer.outbox.announce(hash)
      }
    } catch (error) {
      // The chain cannot be read now. What comes is told of nevertheless.
      if (!isAppError(error)) throw error
    }
    return peer.failed
  }

  async #listen(peer: EthPeer, signal: AbortSignal): Promise<never> {
    for (;;) {
      const message = await peer.connection.receive()
      signal.throwIfAborted()
      await this.#handle(peer, message, signal)
    }
  }

  async #handle(peer: EthPeer, { code, body }: Message, signal: AbortSignal): Promise<void> {
    switch (code) {
      case ETH.transactions:
        return this.#take(peer, decodeTransactions(body), signal)
      case ETH.announcements:
        return this.#heard(peer, body)
      case ETH.getPooledTransactions:
        return this.#serve(peer, body)
      case ETH.pooledTransactions:
        return this.#answered(peer, body, signal)
      case ETH.getBlockHeaders:
      case ETH.getBlockBodies:
      case ETH.getReceipts:
        peer.waste(COST.message, 'requests')
        // The answer's code is the next one. We are no node: there are no blocks here.
        peer.send(code + 1, encodeEmptyAnswer(decodeRequestId(body)))
        return
      case ETH.blockRange:
        if (peer.version < 69) break
        peer.waste(COST.message, 'block ranges')
        peer.range = decodeBlockRange(body)
        return
      default:
    }
    throw breach(`message ${code} is not for us`, DISCONNECT.subprotocol)
  }

  #heard(peer: EthPeer, body: Uint8Array): void {
    const items = decodeAnnouncements(body)
    for (const { hash } of items) peer.known.add(hash)
    peer.waste(1 + this.#fetcher.announce(peer.id, items), 'announcements')
  }

  async #answered(peer: EthPeer, body: Uint8Array, signal: AbortSignal): Promise<void> {
    const { id, transactions } = decodePooled(body)
    const identified = this.#identify(peer, transactions)
    const missing = this.#fetcher.answered(peer.id, id, identified)
    peer.waste(missing, 'announcements of what is not there')
    for (const { type, blobs } of identified) {
      if (type === BLOB_TYPE && !blobs) throw breach('received sidecar-less blob transaction', DISCONNECT.subprotocol)
    }
    await this.#add(peer, identified, signal)
  }

  async #take(peer: EthPeer, received: readonly ReceivedTransaction[], signal: AbortSignal): Promise<void> {
    if (received.some(({ type }) => type === BLOB_TYPE)) {
      throw breach('disallowed broadcast blob transaction', DISCONNECT.subprotocol)
    }
    const identified = this.#identify(peer, received)
    this.#fetcher.delivered(identified)
    await this.#add(peer, identified, signal)
  }

  #identify(peer: EthPeer, received: readonly ReceivedTransaction[]): readonly Identified[] {
    const identified: Identified[] = []
    const seen = new Set<Hash>()
    for (const each of received) {
      const transaction = identify(each)
      if (transaction === undefined) {
        peer.waste(refusalCost(each.raw), 'oversized transactions')
        continue
      }
      if (seen.has(transaction.hash)) {
        throw breach(`multiple copies of the same hash ${transaction.hash}`, DISCONNECT.subprotocol)
      }
      seen.add(transaction.hash)
      peer.known.add(transaction.hash)
      identified.push(transaction)
    }
    this.stats.received += received.length
    return identified
  }

  /** Gives transactions to the pool, in their order, some at once. */
  async #add(peer: EthPeer, transactions: readonly Identified[], signal: AbortSignal): Promise<void> {
    let next = 0
    let unreachable = false
    const work = async (): Promise<void> => {
      for (let at = next++; at < transactions.length && !unreachable; at = next++) {
        unreachable = !(await this.#addOne(peer, transactions[at] as Identified, signal)) || unreachable
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
  }

  /** @returns whether the chain could be read */
  async #addOne(peer: EthPeer, { hash, raw }: Identified, signal: AbortSignal): Promise<boolean> {
    if (this.#pool.get(hash) !== undefined || this.#refused.has(hash)) {
      peer.waste(1, 'known transactions')
      return true
    }
    try {
      await this.#pool.add(raw, { signal })
      this.stats.added++
    } catch (error) {
      if (!isAppError(error)) throw error
      if (error.severity === 'temporary') return false
      this.stats.refused++
      // Several peers push the same transaction: only one of them is the first.
      if (this.#pool.get(hash) !== undefined) return true
      // It is dear to find out: nobody may have us do it for nothing.
      if (error.message.startsWith('KZG verification error')) throw breach(error.message, DISCONNECT.subprotocol)
      this.#refused.add(hash, error.message)
      peer.waste(refusalCost(raw), 'refused transactions')
    }
    return true
  }

  #serve(peer: EthPeer, body: Uint8Array): void {
    const { id, hashes } = decodeRequest(body)
    const raws: Uint8Array[] = []
    let bytes = 0
    for (const hash of hashes.slice(0, MAX_SERVED)) {
      if (bytes >= MAX_SERVED_BYTES) break
      const transaction = this.#pool.get(hash)
      const raw = transaction && this.#pool.networkForm(transaction)
      if (raw === undefined) continue
      peer.known.add(hash)
      raws.push(raw)
      bytes += raw.length
    }
    peer.waste(raws.length === 0 ? COST.message : Math.floor(bytes / SERVED_BYTES), 'requests')
    this.stats.served += raws.length
    peer.send(ETH.pooledTransactions, encodePooled(id, raws))
  }

  /**
   * Tells peers of a new transaction. Those that were named get it whole, for the pool to be shared with them is what they
   * were named for; of the others as many as geth would choose. What is large, or brings blobs, is announced.
   */
  #spread({ hash, type, raw }: SignedTransaction): void {
    const whole = type !== BLOB_TYPE && raw.length <= MAX_PUSHED
    let strangers = Math.ceil(Math.sqrt(this.#peers.size))
    for (const peer of this.#peers.values()) {
      if (peer.known.has(hash)) continue
      peer.known.add(hash)
      if (whole && (peer.origin.named || strangers-- > 0)) peer.outbox.push(hash)
      else peer.outbox.announce(hash)
    }
  }
}

function refusalCost(raw: Uint8Array): number {
  return COST.refused + Math.floor(raw.length / REFUSED_BYTES)
}
