import type { PlacedLog } from '../src/embedded/log-search.ts'
import { bytesToHex, toQuantity } from '../src/primitives/hex.ts'

/** A log as `eth_getLogs` shows it. @param removed whether a reorg has taken its block off the chain */
export function placedLogToJson(placed: PlacedLog, removed = false): Record<string, unknown> {
  const { log } = placed
  return {
    address: log.address,
    topics: [...log.topics],
    data: bytesToHex(log.data),
    blockNumber: toQuantity(placed.blockNumber),
    transactionHash: placed.transactionHash,
    transactionIndex: toQuantity(placed.transactionIndex),
    blockHash: placed.blockHash,
    blockTimestamp: toQuantity(placed.blockTimestamp),
    logIndex: toQuantity(placed.logIndex),
    removed,
  }
}
