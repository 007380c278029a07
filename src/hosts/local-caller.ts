import { rpcError } from '../../rpc/errors.ts'
import { type Method, methodTable } from '../../rpc/method.ts'
import type { RpcCaller } from '../clients/transport.ts'

/** Calls what this process serves itself, without a connection. Errors are those of the methods. */
export function localCaller(endpoint: string, methods: readonly Method[]): RpcCaller {
  const table = methodTable(methods)
  return {
    endpoint,
    async call(name, params, { signal } = {}) {
      const method = table.get(name)
      if (method === undefined) throw rpcError('METHOD_NOT_FOUND', `the method ${name} does not exist`)
      return method.bind(params).run(signal === undefined ? {} : { signal })
    },
  }
}
