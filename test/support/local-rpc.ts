import { createDispatcher } from '../../rpc/dispatch.ts'
import { type Method, methodTable } from '../../rpc/method.ts'
import { silentLogger } from '../../src/telemetry/logger.ts'

/** What a JSON-RPC call was answered. */
export type Answer =
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string; readonly data?: unknown } }

/** Calls methods as a client would, JSON on both ways. */
export function localRpc(methods: readonly Method[]) {
  const dispatcher = createDispatcher({
    methods: methodTable(methods),
    limits: { batchItems: 1000, responseBytes: 100_000_000 },
    logger: silentLogger(),
  })
  const answer = async (method: string, params: readonly unknown[]): Promise<Answer> => {
    const text = await dispatcher.handle(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }), {})
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
