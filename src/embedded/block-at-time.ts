import type { BeaconBlock } from '../builder/beacon-view.ts'
import type { ChainStore } from './chain-store.ts'

/** The canonical block of a time, in unix seconds; undefined when no block has just that. */
export function blockAtTime(chain: ChainStore, timestamp: bigint): BeaconBlock | undefined {
  let low = 0n
  let high = chain.header(chain.labels.head)?.number ?? 0n
  while (low <= high) {
    const number = (low + high) / 2n
    const hash = chain.canonicalHash(number)
    const block = hash && chain.block(hash)
    // What is below a chain that goes on from another one's block.
    if (block === undefined) {
      low = number + 1n
      continue
    }
    const { header, transactions } = block
    if (header.timestamp === timestamp) {
      const blobHashes = transactions.flatMap((transaction) =>
        transaction.type === 3 ? transaction.blobVersionedHashes : [],
      )
      const { parentHash, stateRoot } = header
      return { hash: block.hash, number, parentHash, stateRoot, blobHashes }
    }
    if (header.timestamp < timestamp) low = number + 1n
    else high = number - 1n
  }
  return undefined
}
