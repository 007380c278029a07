import { AppError } from '../primitives/errors.ts'
import type { NodeSocket } from './node-socket.ts'
import type { TransportErrorCode } from './transport.ts'

/**
 * Begins a subscription that somebody waits for. Once it has begun it is kept: begun anew with each connection.
 * @param params of `eth_subscribe`
 * @returns ends it
 * @throws AppError RPC_ERROR where the node refuses it, RPC_UNAVAILABLE where there is no connection
 */
export function begunSubscription(
  socket: NodeSocket,
  params: readonly unknown[],
  onResult: (result: unknown) => void,
): Promise<() => void> {
  const { promise, resolve, reject } = Promise.withResolvers<() => void>()
  if (!socket.connected) {
    const method = 'eth_subscribe'
    reject(
      new AppError<TransportErrorCode>('RPC_UNAVAILABLE', {
        message: `${socket.endpoint}: ${method}: not connected`,
        severity: 'temporary',
        data: { method, endpoint: socket.endpoint },
      }),
    )
    return promise
  }
  const state = { begun: false }
  const end = socket.subscribe(params, {
    onResult,
    onBegin() {
      state.begun = true
      resolve(end)
    },
    onEnd(error) {
      if (state.begun) return
      end()
      reject(error)
    },
  })
  return promise
}
