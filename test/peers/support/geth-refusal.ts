import type { Hex } from '../../../src/primitives/hex.ts'
import { EngineDriver } from './engine-driver.ts'
import type { ForkSchedule } from './fork-schedule.ts'
import type { GethProcess } from './geth-process.ts'
import { JsonRpcError } from './json-rpc.ts'
import type { Sealed } from './op-sequencer.ts'
import type { ExecutionPayload, RpcBlock } from './rpc-types.ts'

/**
 * What op-geth's own builder says of a transaction that it is forced to put behind a block's L1-attributes transaction.
 * @param like a block on the head, sealed and not committed: op-geth gets its attributes
 * @returns op-geth's words
 */
export async function gethRefusal(el: GethProcess, forks: ForkSchedule, like: Sealed, raw: Hex): Promise<string> {
  const { executionPayload: payload, parentBeaconBlockRoot } = like.payload as {
    executionPayload: ExecutionPayload
    parentBeaconBlockRoot: `0x${string}`
  }
  const driver = new EngineDriver(el, forks)
  const parent: RpcBlock = await el.block(payload.parentHash)
  const attributes = driver.attributes(parent, {
    overrides: {
      timestamp: payload.timestamp,
      prevRandao: payload.prevRandao,
      suggestedFeeRecipient: payload.feeRecipient,
      gasLimit: payload.gasLimit,
      transactions: [payload.transactions[0] as Hex, raw],
      ...(parentBeaconBlockRoot === undefined ? {} : { parentBeaconBlockRoot }),
    },
  })
  try {
    await driver.build(parent.hash, attributes)
  } catch (error) {
    if (!(error instanceof JsonRpcError)) throw error
    return `${error.message} ${JSON.stringify(error.data ?? '')}`
  }
  return 'nothing: op-geth takes it'
}
