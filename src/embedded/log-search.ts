import type { Address, Hash } from '../primitives/hex.ts'
import { type Log, logsBloom } from '../protocol/receipt.ts'
import type { ChainStore } from './chain-store.ts'

/** What `eth_getLogs` looks for. An absent or empty choice takes everything. */
export interface LogFilter {
  readonly addresses: readonly Address[]
  /** Choices by position; a log with fewer topics than there are positions is not taken. */
  readonly topics: readonly (readonly Hash[])[]
}

/** A log with its place on the chain. */
export interface PlacedLog {
  readonly log: Log
  readonly blockHash: Hash
  readonly blockNumber: bigint
  /** Unix seconds. */
  readonly blockTimestamp: bigint
  readonly transactionHash: Hash
  readonly transactionIndex: number
  /** Position in the block. */
  readonly logIndex: number
}

/** Whether a filter takes a log. */
function matches({ address, topics }: Log, filter: LogFilter): boolean {
  if (filter.addresses.length > 0 && !filter.addresses.includes(address)) return false
  if (filter.topics.length > topics.length) return false
  return filter.topics.every((choices, at) => choices.length === 0 || choices.includes(topics[at] as Hash))
}

/**
 * Whether a block with a bloom may hold what a filter takes: it holds one of the choices at each place, each as its own
 * bloom.
 */
export function bloomTest({ addresses, topics }: LogFilter): (bloom: Uint8Array) => boolean {
  // Addresses and topics enter the filter alike, each by its own bytes.
  const bloomOf = (entry: Address | Hash): Uint8Array =>
    logsBloom([{ address: entry, topics: [], data: new Uint8Array(0) }])
  const places = [addresses, ...topics].filter((choices) => choices.length > 0).map((choices) => choices.map(bloomOf))
  return (bloom) =>
    places.every((choices) => choices.some((bits) => bits.every((byte, at) => (byte & (bloom[at] as number)) === byte)))
}

/** The logs of one block that a filter takes; none when the block is not stored. */
export function logsOfBlock(chain: ChainStore, hash: Hash, filter: LogFilter): PlacedLog[] {
  const block = chain.block(hash)
  const found: PlacedLog[] = []
  let logIndex = 0
  for (const [transactionIndex, { logs }] of (chain.receipts(hash) ?? []).entries()) {
    const transaction = block?.transactions[transactionIndex]
    if (block === undefined || transaction === undefined) continue
    for (const log of logs) {
      if (matches(log, filter)) {
        const { number: blockNumber, timestamp: blockTimestamp } = block.header
        const place = { blockHash: hash, blockNumber, blockTimestamp, transactionHash: transaction.hash }
        found.push({ log, ...place, transactionIndex, logIndex })
      }
      logIndex++
    }
  }
  return found
}

/** The logs of canonical blocks, both ends included, that a filter takes; oldest first. */
export function logsOfRange(chain: ChainStore, from: bigint, to: bigint, filter: LogFilter): PlacedLog[] {
  const mayHold = bloomTest(filter)
  const found: PlacedLog[] = []
  for (let number = from; number <= to; number++) {
    const hash = chain.canonicalHash(number)
    if (hash === undefined) break
    const header = chain.header(hash)
    if (header !== undefined && mayHold(header.logsBloom)) found.push(...logsOfBlock(chain, hash, filter))
  }
  return found
}
