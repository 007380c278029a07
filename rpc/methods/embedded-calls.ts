import type { Method } from '../method.ts'
import { debugTraceMethods, type TraceService } from './debug-trace.ts'
import { type CallService, ethCallMethods } from './eth-call.ts'

/** What running messages on a chain that lives in this process stands on. */
export interface EmbeddedCallServices {
  readonly calls: CallService
  readonly traces: TraceService
}

/** All methods that run messages on a chain that lives in this process, as geth and op-geth answer them. */
export function embeddedCallMethods({ calls, traces }: EmbeddedCallServices): readonly Method[] {
  return [...ethCallMethods(calls), ...debugTraceMethods(traces)]
}
