import { createDispatcher } from '../../rpc/dispatch.ts'
import { type Method, methodTable } from '../../rpc/method.ts'
import { ConnectionSubscriptions } from '../../rpc/subscriptions.ts'
import { silentLogger } from '../../src/telemetry/logger.ts'
import type { Notification } from './ws-client.ts'

/** What a JSON-RPC call was answered. */
export type Answer =
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string; readonly data?: unknown } }

/**
 * Calls methods as a client would, JSON on both ways.
 * @param onNotification takes the notifications that subscriptions send; without it there is nobody to send them to
 */
export function localRpc(methods: readonly Method[], onNotification?: (params: Notification) => void) {
  const dispatcher = createDispatcher({
    methods: methodTable(methods),
    limits: { batchItems: 1000, responseBytes: 100_000_000 },
    logger: silentLogger(),
  })
  const subscriptions =
    onNotification &&
    new ConnectionSubscriptions((text) => onNotification((JSON.parse(text) as { params: Notification }).params))
  const answer = async (method: string, params: readonly unknown[]): Promise<Answer> => {
    const connection = subscriptions?.forMessage()
    const request = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
    const text = await dispatcher.handle(request, connection === undefined ? {} : { connection })
    connection?.answered()
    const { result, error } = JSON.parse(text ?? 'null') as {
      result?: unknown
      error?: { code: number; message: string }
    }
    return error === undefined ? { result } : { error }
  }
  return {
    answer,
    /** @throws Error with the answer's message */
    async call(method: string, ...params: readonly unknown[]): Promise<unknown> {
      const given = await answer(method, params)
      if ('error' in given) throw new Error(`${method}: ${given.error.message} (${given.error.code})`)
      return given.result
    },
  }
}
