import type { Clock } from '../../src/primitives/clock.ts'
import type { Hash } from '../../src/primitives/hex.ts'
import type { Announcement } from './eth-messages.ts'
import { breach, DISCONNECT } from './peer-error.ts'

/** A peer as it is asked for what it has announced. */
export interface FetchPeer {
  /** Asks. */
  request(id: bigint, hashes: readonly Hash[]): void
  /** Ends the connection. */
  drop(error: Error): void
}

/** What a transaction turned out to be. */
export type Delivered = Announcement

/** Where transactions come from. */
export interface FetcherOptions {
  readonly clock: Clock
  /** Whether a transaction needs no fetching. */
  readonly known: (hash: Hash) => boolean
}

interface Entry {
  readonly hash: Hash
  /** Milliseconds; not asked for before. */
  readonly due: number
  /** Who has announced it, and as what. */
  readonly origins: Map<string, Announcement>
  /** Who is being asked. */
  asked: string | undefined
}

interface Request {
  readonly id: bigint
  readonly hashes: readonly Hash[]
  readonly at: number
  /** Its hashes may be fetched from others. */
  expired: boolean
}

interface Source {
  readonly peer: FetchPeer
  /** Oldest first: transactions of a sender arrive in the order of their nonces. */
  readonly hashes: Set<Hash>
  request: Request | undefined
}

/** geth's bounds: announcements of a peer that wait; hashes and announced bytes of a request; milliseconds for an answer. */
const MAX_ANNOUNCED = 4096
const MAX_HASHES = 256
const MAX_BYTES = 128 * 1024
const ANSWER_MS = 5_000
/** After this a peer that has not answered is dropped. */
const PATIENCE_MS = 20_000
/** What was announced may be pushed by somebody else: waited for that long, unless it is never pushed. */
const ARRIVAL_MS = 100
const NEVER_PUSHED = { type: 3, size: 4096 } as const
/** How far an announced size may be off, as geth has it. */
const SIZE_SLACK = 8
const TICK_MS = 50

/**
 * Fetches what peers have announced: each transaction from one peer at a time, from another one when that does not deliver, one
 * request of a peer at a time. What waits is bounded, for each peer and so in all.
 */
export class TxFetcher {
  readonly #options: FetcherOptions
  readonly #entries = new Map<Hash, Entry>()
  readonly #sources = new Map<string, Source>()
  #nextId = 1n
  #wake: (() => void) | undefined

  constructor(options: FetcherOptions) {
    this.#options = options
  }

  /** Transactions that wait to be fetched. */
  get waiting(): number {
    return this.#entries.size
  }

  /** A peer can be asked from now on. */
  join(id: string, peer: FetchPeer): void {
    this.#sources.set(id, { peer, hashes: new Set(), request: undefined })
  }

  /** A peer is gone: what it was asked for is fetched from others. */
  leave(id: string): void {
    const source = this.#sources.get(id)
    if (source === undefined) return
    this.#sources.delete(id)
    for (const hash of source.hashes) this.#forget(hash, id)
    this.#schedule()
  }

  /** Takes an announcement. @returns how many transactions of it are too many to be remembered */
  announce(id: string, items: readonly Announcement[]): number {
    const { clock, known } = this.#options
    const source = this.#sources.get(id)
    if (source === undefined) return 0
    let excess = 0
    for (const item of items) {
      const { hash, type, size } = item
      // A second announcement changes nothing: what was announced first is what it is held to.
      if (source.hashes.has(hash) || known(hash)) continue
      if (source.hashes.size >= MAX_ANNOUNCED) {
        excess++
        continue
      }
      const pushed = type !== NEVER_PUSHED.type && size <= NEVER_PUSHED.size
      const entry = this.#entries.get(hash) ?? {
        hash,
        due: clock.now() + (pushed ? ARRIVAL_MS : 0),
        origins: new Map<string, Announcement>(),
        asked: undefined,
      }
      entry.origins.set(id, item)
      this.#entries.set(hash, entry)
      source.hashes.add(hash)
    }
    this.#schedule()
    this.#wake?.()
    return excess
  }

  /** Transactions arrived, whoever sent them. Who announced one of them as something else is dropped. */
  delivered(items: readonly Delivered[]): void {
    for (const { hash, type, size } of items) {
      const entry = this.#entries.get(hash)
      if (entry === undefined) continue
      for (const [id, told] of [...entry.origins]) {
        this.#forget(hash, id)
        if (told.type === type && Math.abs(told.size - size) <= SIZE_SLACK) continue
        const what = `announced ${hash} as type ${told.type} of ${told.size} bytes, it is type ${type} of ${size}`
        this.#sources.get(id)?.peer.drop(breach(what, DISCONNECT.useless))
      }
    }
  }

  /**
   * An answer came in.
   * @returns how many of the transactions that were asked for are not in it
   * @throws AppError PEER_BREACH where nobody has asked for it
   */
  answered(id: string, requestId: bigint, items: readonly Delivered[]): number {
    const source = this.#sources.get(id)
    const request = source?.request
    if (source === undefined || request?.id !== requestId) {
      throw breach('an answer that nobody has asked for', DISCONNECT.subprotocol)
    }
    const asked = new Set(request.hashes)
    if (items.some(({ hash }) => !asked.has(hash))) {
      throw breach('a transaction that was not asked for', DISCONNECT.subprotocol)
    }
    source.request = undefined
    const arrived = new Set(items.map(({ hash }) => hash))
    const last = request.hashes.findLastIndex((hash) => arrived.has(hash))
    this.delivered(items)
    request.hashes.forEach((hash, index) => {
      if (arrived.has(hash)) return
      const entry = this.#entries.get(hash)
      if (entry?.asked === id) entry.asked = undefined
      // What comes after the last one may have had no room: the same peer is asked again, unless it had room for nothing.
      if (index < last || last < 0) this.#forget(hash, id)
    })
    this.#schedule()
    return request.hashes.length - arrived.size
  }

  /** Does what falls due, until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    signal.addEventListener('abort', () => this.#wake?.(), { once: true })
    while (!signal.aborted) {
      if (this.#entries.size === 0 && ![...this.#sources.values()].some(({ request }) => request !== undefined)) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        signal.throwIfAborted()
      }
      await clock.sleep(TICK_MS, { signal })
      this.#expire()
      this.#schedule()
    }
  }

  /** A transaction will not come from a peer. */
  #forget(hash: Hash, id: string): void {
    this.#sources.get(id)?.hashes.delete(hash)
    const entry = this.#entries.get(hash)
    if (entry === undefined) return
    entry.origins.delete(id)
    if (entry.asked === id) entry.asked = undefined
    if (entry.origins.size === 0) this.#entries.delete(hash)
  }

  #expire(): void {
    const now = this.#options.clock.now()
    for (const [id, source] of [...this.#sources]) {
      const { request } = source
      if (request === undefined) continue
      if (!request.expired && now - request.at >= ANSWER_MS) {
        request.expired = true
        for (const hash of request.hashes) if (this.#entries.get(hash)?.asked === id) this.#forget(hash, id)
      }
      if (now - request.at >= PATIENCE_MS) {
        source.peer.drop(breach('does not deliver what it announced', DISCONNECT.timeout))
      }
    }
  }

  #schedule(): void {
    const now = this.#options.clock.now()
    for (const [id, source] of [...this.#sources]) {
      if (source.request !== undefined) continue
      const hashes = this.#choose(source, now)
      if (hashes.length === 0) continue
      for (const hash of hashes) (this.#entries.get(hash) as Entry).asked = id
      source.request = { id: this.#nextId, hashes, at: now, expired: false }
      source.peer.request(this.#nextId++, hashes)
    }
  }

  #choose(source: Source, now: number): Hash[] {
    const chosen: Hash[] = []
    let bytes = 0
    for (const hash of source.hashes) {
      if (chosen.length === MAX_HASHES || bytes >= MAX_BYTES) break
      const entry = this.#entries.get(hash)
      if (entry === undefined || entry.asked !== undefined || entry.due > now) continue
      chosen.push(hash)
      bytes += [...entry.origins.values()][0]?.size ?? 0
    }
    return chosen
  }
}
