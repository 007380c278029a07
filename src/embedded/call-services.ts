import { type CallServiceOptions, EmbeddedCalls } from './call-service.ts'
import { EmbeddedSimulations } from './simulation-service.ts'
import { EmbeddedTraces } from './trace-service.ts'

/** What the executing methods of a chain stand on. */
export interface CallServices {
  readonly calls: EmbeddedCalls
  readonly simulations: EmbeddedSimulations
  readonly traces: EmbeddedTraces
}

/** Makes what runs messages on a chain. */
export function callServices(options: CallServiceOptions): CallServices {
  return {
    calls: new EmbeddedCalls(options),
    simulations: new EmbeddedSimulations(options),
    traces: new EmbeddedTraces(options),
  }
}
