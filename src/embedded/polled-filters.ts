import type { Clock } from '../primitives/clock.ts'
import { AppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import { randomId } from '../primitives/random-id.ts'
import type { SignedTransaction } from '../protocol/transaction.ts'
import type { ChainEvents, LogEvent } from './chain-events.ts'
import type { LogQuery } from './log-queries.ts'
import type { ReadErrorCode } from './read-errors.ts'

/** What a filter has seen since it was asked last. */
export type FilterChanges =
  | { readonly tag: 'blocks'; readonly hashes: readonly Hash[] }
  | { readonly tag: 'logs'; readonly events: readonly LogEvent[] }
  | { readonly tag: 'transactions'; readonly transactions: readonly SignedTransaction[]; readonly full: boolean }

/** Hears of transactions; returns what ends it. */
export type FollowTransactions = (listener: (transaction: SignedTransaction) => void) => () => void

/** What happens to a chain, for filters. */
export type FilterEvents = Pick<ChainEvents, 'onHead' | 'onLogs'>

type FilterKind =
  | { readonly tag: 'blocks' }
  | { readonly tag: 'logs'; readonly query: LogQuery }
  | { readonly tag: 'transactions'; readonly full: boolean }

interface Filter {
  readonly kind: FilterKind
  readonly end: () => void
  seen: (Hash | LogEvent | SignedTransaction)[]
  /** Milliseconds since the epoch. */
  deadline: number
}

/** Milliseconds after which a filter that nobody asks is forgotten: geth's default. */
const LIFETIME = 5 * 60_000
const MAX_FILTERS = 1000
/** What one filter keeps for a caller who does not ask; one that sees more is forgotten. */
const MAX_SEEN = 100_000

/** Filters of a chain that callers poll. @see geth, eth/filters FilterAPI */
export class PolledFilters {
  readonly #events: FilterEvents
  readonly #clock: Pick<Clock, 'now'>
  readonly #filters = new Map<string, Filter>()

  constructor(events: FilterEvents, clock: Pick<Clock, 'now'>) {
    this.#events = events
    this.#clock = clock
  }

  /** Filters in use. */
  get size(): number {
    return this.#filters.size
  }

  /** Follows new heads. @returns the filter's id @throws AppError TOO_MANY_FILTERS */
  followBlocks(): string {
    return this.#add({ tag: 'blocks' }, (see) => this.#events.onHead(({ hash }) => see([hash])))
  }

  /** Follows logs. @returns the filter's id @throws AppError TOO_MANY_FILTERS, LOG_QUERY_INVALID, LOG_QUERY_TOO_LARGE */
  followLogs(query: LogQuery): string {
    return this.#add({ tag: 'logs', query }, (see) => this.#events.onLogs(query, see))
  }

  /**
   * Follows transactions that come into the pool.
   * @param full whether they are told whole
   * @returns the filter's id @throws AppError TOO_MANY_FILTERS
   */
  followTransactions(follow: FollowTransactions, full: boolean): string {
    return this.#add({ tag: 'transactions', full }, (see) => follow((transaction) => see([transaction])))
  }

  /** What a filter has seen since it was asked last. @throws AppError FILTER_NOT_FOUND */
  changes(id: string): FilterChanges {
    const filter = this.#get(id)
    const { kind, seen } = filter
    filter.seen = []
    filter.deadline = this.#clock.now() + LIFETIME
    // A filter sees only what its kind says.
    switch (kind.tag) {
      case 'blocks':
        return { tag: 'blocks', hashes: seen as Hash[] }
      case 'logs':
        return { tag: 'logs', events: seen as LogEvent[] }
      case 'transactions':
        return { tag: 'transactions', transactions: seen as SignedTransaction[], full: kind.full }
    }
  }

  /** What a filter of logs looks for. @throws AppError FILTER_NOT_FOUND also for other filters */
  logQuery(id: string): LogQuery {
    const { kind } = this.#get(id)
    if (kind.tag !== 'logs') throw notFound()
    return kind.query
  }

  /** Ends a filter. @returns whether there was one */
  uninstall(id: string): boolean {
    this.#sweep()
    return this.#drop(id)
  }

  #add(kind: FilterKind, follow: (see: (items: readonly Filter['seen'][number][]) => void) => () => void): string {
    this.#sweep()
    if (this.#filters.size >= MAX_FILTERS) {
      throw new AppError<ReadErrorCode>('TOO_MANY_FILTERS', { message: `too many filters, at most ${MAX_FILTERS}` })
    }
    const id = randomId()
    const end = follow((items) => {
      const filter = this.#filters.get(id)
      if (filter === undefined) return
      if (filter.deadline <= this.#clock.now() || filter.seen.length + items.length > MAX_SEEN) this.#drop(id)
      else filter.seen.push(...items)
    })
    this.#filters.set(id, { kind, end, seen: [], deadline: this.#clock.now() + LIFETIME })
    return id
  }

  #get(id: string): Filter {
    this.#sweep()
    const filter = this.#filters.get(id)
    if (filter === undefined) throw notFound()
    return filter
  }

  #sweep(): void {
    const now = this.#clock.now()
    for (const [id, { deadline }] of this.#filters) if (deadline <= now) this.#drop(id)
  }

  #drop(id: string): boolean {
    const filter = this.#filters.get(id)
    if (filter === undefined) return false
    this.#filters.delete(id)
    filter.end()
    return true
  }
}

function notFound(): AppError<ReadErrorCode> {
  return new AppError<ReadErrorCode>('FILTER_NOT_FOUND', { message: 'filter not found' })
}
