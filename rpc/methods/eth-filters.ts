import { z } from 'zod'
import type { LogQuery } from '../../src/embedded/log-queries.ts'
import type { FilterChanges, FollowTransactions } from '../../src/embedded/polled-filters.ts'
import { transactionToJson } from '../../src/protocol/transaction-json.ts'
import { placedLogToJson } from '../log-json.ts'
import { logQuery } from '../log-query.ts'
import { defineMethod, described, type Method } from '../method.ts'
import { optional } from '../schema.ts'
import type { LogReads } from './eth-logs.ts'
import type { PendingTransactions } from './eth-subscribe.ts'

/** Filters of a pool that callers poll. One that nobody asks for five minutes is forgotten. */
export interface PoolFilterService {
  /** @returns the filter's id @throws AppError TOO_MANY_FILTERS */
  followTransactions(follow: FollowTransactions, full: boolean): string
  /** What a filter has seen since it was asked last. @throws AppError FILTER_NOT_FOUND */
  changes(id: string): FilterChanges
  /** @returns whether there was one */
  uninstall(id: string): boolean
}

/** Filters of a chain and its pool. */
export interface FilterService extends PoolFilterService {
  /** @returns the filter's id @throws AppError TOO_MANY_FILTERS */
  followBlocks(): string
  /** @throws AppError TOO_MANY_FILTERS, LOG_QUERY_INVALID, LOG_QUERY_TOO_LARGE */
  followLogs(query: LogQuery): string
  /** What a filter of logs looks for. @throws AppError FILTER_NOT_FOUND */
  logQuery(id: string): LogQuery
}

function changesToJson(changes: FilterChanges): unknown {
  switch (changes.tag) {
    case 'blocks':
      return changes.hashes
    case 'logs':
      return changes.events.map(({ log, removed }) => placedLogToJson(log, removed))
    case 'transactions':
      return changes.transactions.map((transaction) =>
        changes.full ? transactionToJson(transaction) : transaction.hash,
      )
  }
}

const filterId = z.string().meta({ description: "a filter's id" })

/** Filters to poll of what comes into a pool, as geth has them. */
export function poolFilterMethods(filters: PoolFilterService, pending: PendingTransactions): readonly Method[] {
  return [
    defineMethod({
      name: 'eth_newPendingTransactionFilter',
      summary: 'Begins to follow transactions that come into the pool',
      params: z.tuple([optional(z.boolean())]),
      paramNames: ['full'],
      result: filterId,
      handler: ([full]) => filters.followTransactions((listener) => pending.onTransaction(listener), full ?? false),
    }),
    defineMethod({
      name: 'eth_getFilterChanges',
      summary: 'What a filter has seen since it was asked last',
      params: z.tuple([filterId]),
      paramNames: ['id'],
      result: described('list of hashes, logs or transactions'),
      handler: ([given]) => changesToJson(filters.changes(given)),
    }),
    defineMethod({
      name: 'eth_uninstallFilter',
      summary: 'Ends a filter',
      params: z.tuple([filterId]),
      paramNames: ['id'],
      result: z.boolean().meta({ description: 'whether there was one' }),
      handler: ([given]) => filters.uninstall(given),
    }),
  ]
}

/** Filters to poll, as geth has them. */
export function ethFilterMethods(
  filters: FilterService,
  logs: LogReads,
  pending: PendingTransactions,
): readonly Method[] {
  return [
    defineMethod({
      name: 'eth_newFilter',
      summary: 'Begins to follow logs, those that a reorg takes back, too',
      params: z.tuple([logQuery]),
      paramNames: ['filter'],
      result: filterId,
      handler: ([query]) => filters.followLogs(query),
    }),
    defineMethod({
      name: 'eth_newBlockFilter',
      summary: 'Begins to follow new heads',
      params: z.tuple([]),
      paramNames: [],
      result: filterId,
      handler: () => filters.followBlocks(),
    }),
    defineMethod({
      name: 'eth_getFilterLogs',
      summary: 'The logs of canonical blocks that a filter of logs takes',
      params: z.tuple([filterId]),
      paramNames: ['id'],
      result: described('list of logs'),
      handler: async ([given], io) => (await logs.find(filters.logQuery(given), io)).map((log) => placedLogToJson(log)),
    }),
    ...poolFilterMethods(filters, pending),
  ]
}
