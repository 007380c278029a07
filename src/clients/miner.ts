import { toQuantity } from '../primitives/hex.ts'
import type { TellBuilder } from '../sequencer/builder-limits.ts'
import { type RpcCaller, rpcErrorData } from './transport.ts'

const METHOD_NOT_FOUND = -32_601

/**
 * Tells an execution layer's builder its limits on data (`miner_setMaxDASize`).
 * @param endpoints that may serve it; the first that does is told. rollup-boost hands it on to its builders
 */
export function builderTeller(endpoints: readonly RpcCaller[]): TellBuilder {
  return async ({ transaction, block }, { signal }) => {
    const params = [toQuantity(transaction), toQuantity(block)]
    for (const transport of endpoints) {
      try {
        const options = { idempotent: true, ...(signal && { signal }) }
        return (await transport.call('miner_setMaxDASize', params, options)) === true
      } catch (error) {
        if (rpcErrorData(error)?.code !== METHOD_NOT_FOUND) throw error
      }
    }
    return false
  }
}
