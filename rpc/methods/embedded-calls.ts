import type { Method } from '../method.ts'
import { type CallService, ethCallMethods } from './eth-call.ts'

/** All methods that run messages on a chain that lives in this process, as geth and op-geth answer them. */
export function embeddedCallMethods(calls: CallService): readonly Method[] {
  return ethCallMethods(calls)
}
