import { z } from 'zod'
import type { LogEvent } from '../../src/embedded/chain-events.ts'
import type { LogQuery } from '../../src/embedded/log-queries.ts'
import type { Block } from '../../src/protocol/block.ts'
import { headerToJson } from '../../src/protocol/block-json.ts'
import type { SignedTransaction } from '../../src/protocol/transaction.ts'
import { transactionToJson } from '../../src/protocol/transaction-json.ts'
import { rpcError } from '../errors.ts'
import { placedLogToJson } from '../log-json.ts'
import { logQuery } from '../log-query.ts'
import { defineMethod, type Method } from '../method.ts'
import type { Notify } from '../subscriptions.ts'

/** What happens to a chain. Each returns what ends it. */
export interface ChainEventSource {
  onHead(listener: (head: Block) => void): () => void
  /** @throws AppError LOG_QUERY_INVALID, LOG_QUERY_TOO_LARGE */
  onLogs(query: LogQuery, listener: (events: readonly LogEvent[]) => void): () => void
}

/** Tells of transactions that become executable in the pool. */
export interface PendingTransactions {
  /** @returns ends it */
  onTransaction(listener: (transaction: SignedTransaction) => void): () => void
}

/** Fields of a header that geth's notifications show as null where the header does not have them. */
const LATER_FIELDS = [
  'baseFeePerGas',
  'withdrawalsRoot',
  'blobGasUsed',
  'excessBlobGas',
  'parentBeaconBlockRoot',
  'requestsHash',
  'blockAccessListHash',
  'slotNumber',
]

function headToJson({ hash, header }: Block): Record<string, unknown> {
  return { ...Object.fromEntries(LATER_FIELDS.map((field) => [field, null])), ...headerToJson(header, hash) }
}

const optionalQuery = logQuery.nullish()
const optionalFlag = z.boolean().nullish()

function parsed<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const { success, data, error } = schema.safeParse(value)
  if (success) return data
  throw rpcError(
    'INVALID_PARAMS',
    `invalid params: argument 1: ${error.issues.map(({ message }) => message).join('; ')}`,
  )
}

/** Follows transactions that become executable. @param option whether they are told whole @throws AppError INVALID_PARAMS */
export function followPending(pending: PendingTransactions, option: unknown): (notify: Notify) => () => void {
  const full = parsed(optionalFlag, option) ?? false
  return (notify) =>
    pending.onTransaction((transaction) => notify(full ? transactionToJson(transaction) : transaction.hash))
}

/** `eth_unsubscribe`, or that of another namespace. */
export function unsubscribeMethod(namespace = 'eth'): Method {
  return defineMethod({
    name: `${namespace}_unsubscribe`,
    summary: 'Ends a subscription of this connection',
    params: z.tuple([z.string()]),
    paramNames: ['id'],
    result: z.boolean(),
    handler([id], { connection }) {
      if (connection?.unsubscribe(id) === true) return true
      throw rpcError('SUBSCRIPTION_NOT_FOUND', 'subscription not found')
    },
  })
}

/** `eth_subscribe` and `eth_unsubscribe`, over a WebSocket. */
export function ethSubscribeMethods(events: ChainEventSource, pending: PendingTransactions): readonly Method[] {
  /** How to follow what a caller names. @throws AppError SUBSCRIPTION_UNKNOWN, INVALID_PARAMS */
  function follower(kind: string, option: unknown): (notify: Notify) => () => void {
    switch (kind) {
      case 'newHeads':
        return (notify) => events.onHead((head) => notify(headToJson(head)))
      case 'logs': {
        const query = parsed(optionalQuery, option) ?? { addresses: [], topics: [] }
        return (notify) =>
          events.onLogs(query, (seen) => {
            for (const { log, removed } of seen) notify(placedLogToJson(log, removed))
          })
      }
      case 'newPendingTransactions':
        return followPending(pending, option)
      case 'syncing':
        // This chain never syncs with anybody.
        return () => () => undefined
      default:
        throw rpcError('SUBSCRIPTION_UNKNOWN', `no ${JSON.stringify(kind.slice(0, 100))} subscription in eth namespace`)
    }
  }

  return [
    defineMethod({
      name: 'eth_subscribe',
      summary: 'Sends `eth_subscription` notifications: `newHeads`, `logs`, `newPendingTransactions` or `syncing`',
      params: z.tuple([z.string(), z.unknown().optional()]),
      paramNames: ['kind', 'option'],
      result: z.string().meta({ description: "the subscription's id" }),
      handler([kind, option], { connection }) {
        if (connection === undefined) throw rpcError('NOTIFICATIONS_UNSUPPORTED', 'notifications not supported')
        return connection.subscribe('eth', follower(kind, option))
      },
    }),
    unsubscribeMethod(),
  ]
}
