import { z } from 'zod'
import { rpcError } from '../errors.ts'
import { defineMethod, type Method } from '../method.ts'
import type { Notify } from '../subscriptions.ts'
import { asUpstream } from './eth.ts'
import { followPending, type PendingTransactions, unsubscribeMethod } from './eth-subscribe.ts'

/** Subscriptions at the node of a chain. */
export interface NodeSubscriptions {
  /**
   * @param params of `eth_subscribe`
   * @returns ends it
   * @throws AppError RPC_ERROR with the node's own `{code, message, data}`, or RPC_UNAVAILABLE
   */
  subscribe(params: readonly unknown[], onResult: (result: unknown) => void): Promise<() => void>
}

/** A subscription at the node whose results wait until there is somebody to take them. */
async function begun(node: NodeSubscriptions, params: readonly unknown[]): Promise<(notify: Notify) => () => void> {
  const early: unknown[] = []
  let take: Notify = (result) => early.push(result)
  const end = await node.subscribe(params, (result) => take(result))
  return (notify) => {
    take = notify
    for (const result of early.splice(0)) notify(result)
    return end
  }
}

/**
 * `eth_subscribe` and `eth_unsubscribe` on a chain of a node: transactions come from the pool here, all else from the node.
 * @param node absent where it has no WebSocket
 */
export function remoteSubscribeMethods(
  node: NodeSubscriptions | undefined,
  pending: PendingTransactions,
): readonly Method[] {
  return [
    defineMethod({
      name: 'eth_subscribe',
      summary: 'Sends `eth_subscription` notifications: `newPendingTransactions` of the pool, all others of the node',
      params: z.tuple([z.string(), z.unknown().optional()]),
      paramNames: ['kind', 'option'],
      result: z.string().meta({ description: "the subscription's id" }),
      async handler([kind, option], { connection }) {
        if (connection === undefined) throw rpcError('NOTIFICATIONS_UNSUPPORTED', 'notifications not supported')
        if (kind === 'newPendingTransactions') return connection.subscribe('eth', followPending(pending, option))
        if (node === undefined) {
          const name = JSON.stringify(kind.slice(0, 100))
          throw rpcError('SUBSCRIPTION_UNKNOWN', `no ${name} subscription in eth namespace`)
        }
        const params = option === undefined ? [kind] : [kind, option]
        const follow = await begun(node, params).catch((error: unknown) => {
          throw asUpstream(error)
        })
        try {
          return connection.subscribe('eth', follow)
        } catch (error) {
          // One connection's share is used up.
          follow(() => undefined)()
          throw error
        }
      },
    }),
    unsubscribeMethod(),
  ]
}
