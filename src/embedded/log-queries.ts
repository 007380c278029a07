import { AppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { BlockId } from '../protocol/block-id.ts'
import type { LookupErrorCode } from './block-lookup.ts'
import type { ChainStore } from './chain-store.ts'
import { type LogFilter, logsOfBlock, logsOfRange, type PlacedLog } from './log-search.ts'
import type { ReadErrorCode } from './read-errors.ts'

/** A block of a range; numbers and labels name blocks of the canonical chain. */
export type RangeEnd = Exclude<BlockId, { readonly tag: 'hash' }>

/** What a caller of `eth_getLogs` wants: the logs of one block, or of a range of canonical ones. */
export interface LogQuery extends LogFilter {
  readonly blockHash?: Hash | undefined
  /** The head when left out. */
  readonly from?: RangeEnd | undefined
  /** The head when left out. */
  readonly to?: RangeEnd | undefined
}

/** As many addresses, or topics at one place, as geth takes by default. */
const MAX_CHOICES = 1000
/** Blocks that are looked through before others get their turn. */
const BLOCKS_AT_ONCE = 256n

function refused(message: string): AppError<ReadErrorCode> {
  return new AppError<ReadErrorCode>('LOG_QUERY_INVALID', { message })
}

/** The number that a caller has given; undefined for a label. */
function stated(end: RangeEnd | undefined): bigint | undefined {
  return end?.tag === 'number' ? end.number : undefined
}

function isPending(end: RangeEnd | undefined): boolean {
  return end?.tag === 'label' && end.label === 'pending'
}

function isLatest(end: RangeEnd | undefined): boolean {
  return end === undefined || (end.tag === 'label' && end.label === 'latest')
}

/** @throws AppError LOG_QUERY_TOO_LARGE @see geth, eth/filters, LogQueryLimit */
function checkChoices({ addresses, topics }: LogFilter): void {
  if ([addresses, ...topics].every((choices) => choices.length <= MAX_CHOICES)) return
  throw new AppError<ReadErrorCode>('LOG_QUERY_TOO_LARGE', {
    message: 'exceed max addresses or topics per search position',
  })
}

/**
 * Whether a query can be followed from now on: through a range of numbers, or with an open end.
 * @throws AppError LOG_QUERY_INVALID, LOG_QUERY_TOO_LARGE @see geth, eth/filters SubscribeLogs
 */
export function checkFollowed(query: LogQuery): void {
  checkChoices(query)
  const { from, to } = query
  if (isPending(from) || isPending(to)) throw refused('pending logs are not supported')
  const first = from?.tag === 'label' && from.label === 'earliest' ? 0n : stated(from)
  const last = stated(to)
  if (isLatest(to) && (isLatest(from) || first !== undefined)) return
  if (first !== undefined && last !== undefined && last >= first) return
  throw refused('invalid block range params')
}

/** `eth_getLogs` over a stored chain, with geth's rules of what may be asked. */
export class LogQueries {
  readonly #chain: ChainStore

  constructor(chain: ChainStore) {
    this.#chain = chain
  }

  /**
   * The logs that a query takes, oldest first.
   * @throws AppError LOG_QUERY_INVALID, LOG_QUERY_TOO_LARGE, BLOCK_NOT_FOUND in geth's words
   */
  async find(query: LogQuery, io: IoOptions): Promise<readonly PlacedLog[]> {
    checkChoices(query)
    const { blockHash, from, to } = query
    if (blockHash !== undefined) {
      if (!this.#chain.has(blockHash)) {
        throw new AppError<LookupErrorCode>('BLOCK_NOT_FOUND', { message: 'unknown block' })
      }
      return logsOfBlock(this.#chain, blockHash, query)
    }
    const [first, last] = [stated(from) ?? 0n, stated(to) ?? 0n]
    if (first > 0n && last > 0n && first > last) throw refused('invalid block range params')
    if (isPending(from) || isPending(to)) throw refused('pending logs are not supported')
    return this.#ofRange(from, to, query, io)
  }

  /** The number of a range's end. A label that was never set is told as geth's filters do. */
  #resolve(end: RangeEnd | undefined): bigint {
    const { head, safe, finalized } = this.#chain.labels
    if (end?.tag === 'number') return end.number
    const named = { earliest: this.#chain.genesis, safe, finalized, latest: head, pending: head }
    const hash = named[end?.label ?? 'latest']
    const header = this.#chain.header(hash)
    if (header === undefined) {
      throw new AppError<LookupErrorCode>('BLOCK_NOT_FOUND', { message: `${end?.label ?? 'latest'} header not found` })
    }
    return header.number
  }

  async #ofRange(
    from: RangeEnd | undefined,
    to: RangeEnd | undefined,
    filter: LogFilter,
    { signal }: IoOptions,
  ): Promise<readonly PlacedLog[]> {
    const chain = this.#chain
    for (;;) {
      const [first, last] = [this.#resolve(from), this.#resolve(to)]
      // The head lies behind every other end, as in geth: it may move on while logs are searched.
      if (first > last || (isLatest(from) && !isLatest(to))) throw refused('invalid block range params')
      if (last > this.#resolve(undefined)) throw refused('block range extends beyond current head block')
      const found: PlacedLog[] = []
      const oldest = this.#resolve({ tag: 'label', label: 'earliest' })
      let at = first < oldest ? oldest : first
      let end: Hash | undefined
      do {
        const until = at + BLOCKS_AT_ONCE - 1n < last ? at + BLOCKS_AT_ONCE - 1n : last
        found.push(...logsOfRange(chain, at, until, filter))
        end = chain.canonicalHash(until)
        at = until + 1n
        if (at > last) return found
        await new Promise((resolve) => setImmediate(resolve))
        signal?.throwIfAborted()
        // A reorg meanwhile below what was searched: the parts would be of two chains.
      } while (end !== undefined && chain.isCanonical(end))
    }
  }
}
