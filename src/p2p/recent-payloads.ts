import { LRUCache } from 'lru-cache'
import type { Payload } from '../protocol/payload.ts'

/** Blocks that are kept, and their bytes. */
const MAX_PAYLOADS = 1024
const MAX_BYTES = 128 * 1024 * 1024
/** About what a block takes beside its transactions. */
const BASE_BYTES = 2048

function sizeOf({ transactions }: Payload): number {
  return transactions.reduce((sum, raw) => sum + raw.length + 32, BASE_BYTES)
}

/** The newest blocks that were published here or came by gossip: what the execution layer may not have yet. */
export class RecentPayloads {
  readonly #byNumber = new LRUCache<bigint, Payload>({ max: MAX_PAYLOADS, maxSize: MAX_BYTES, sizeCalculation: sizeOf })

  /** A later block of a height takes the place of an earlier one. */
  add(payload: Payload): void {
    this.#byNumber.set(payload.header.number, payload)
  }

  get(number: bigint): Payload | undefined {
    return this.#byNumber.peek(number)
  }
}
