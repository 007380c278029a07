import type { Method } from '../method.ts'
import { debugTraceMethods, type TraceService } from './debug-trace.ts'
import { type CallService, ethCallMethods } from './eth-call.ts'
import { ethSimulateMethods, type SimulationService } from './eth-simulate.ts'

/** What running messages on a chain that lives in this process stands on. */
export interface EmbeddedCallServices {
  readonly calls: CallService
  readonly simulations: SimulationService
  readonly traces: TraceService
}

/** All methods that run messages on a chain that lives in this process, as geth and op-geth answer them. */
export function embeddedCallMethods({ calls, simulations, traces }: EmbeddedCallServices): readonly Method[] {
  return [...ethCallMethods(calls), ...ethSimulateMethods(simulations), ...debugTraceMethods(traces)]
}
