import type { Hash } from '../primitives/hex.ts'
import type { Payload } from '../protocol/payload.ts'

/** Bytes that waiting payloads may take. @see op-node, maxUnsafePayloadsMemory */
const MAX_QUEUE_BYTES = 500 * 1024 * 1024
/** What a payload takes beside its transactions, roughly. */
const PAYLOAD_OVERHEAD = 1024

/** Unsafe payloads that wait for their turn, lowest number first. Immutable. */
export interface UnsafeQueue {
  readonly payloads: readonly Payload[]
  readonly bytes: number
}

/** Nothing waits. */
export const EMPTY_QUEUE: UnsafeQueue = { payloads: [], bytes: 0 }

function bytesOf({ transactions }: Payload): number {
  return transactions.reduce((sum, raw) => sum + raw.length, PAYLOAD_OVERHEAD)
}

function queueOf(payloads: readonly Payload[]): UnsafeQueue {
  return { payloads, bytes: payloads.reduce((sum, payload) => sum + bytesOf(payload), 0) }
}

/**
 * With one more payload. Always another queue, also where the payload is in it already: who posts it once more wants it looked at
 * once more. What there is no room for goes, the lowest first: what lies below the others can be asked for. One that has no room for
 * itself does not come in.
 */
export function withPayload(queue: UnsafeQueue, payload: Payload, maxBytes = MAX_QUEUE_BYTES): UnsafeQueue {
  const { number } = payload.header
  const size = bytesOf(payload)
  if (size > maxBytes || queue.payloads.some(({ hash }) => hash === payload.hash)) return { ...queue }
  let at = queue.payloads.findIndex(({ header }) => header.number > number)
  if (at < 0) at = queue.payloads.length
  const payloads = [...queue.payloads.slice(0, at), payload, ...queue.payloads.slice(at)]
  let bytes = queue.bytes + size
  let dropped = 0
  while (bytes > maxBytes) bytes -= bytesOf(payloads[dropped++] as Payload)
  return { payloads: payloads.slice(dropped), bytes }
}

/** Without one payload. */
export function withoutPayload(queue: UnsafeQueue, hash: Hash): UnsafeQueue {
  return queueOf(queue.payloads.filter((payload) => payload.hash !== hash))
}

/** Without what is not above a number. */
export function above(queue: UnsafeQueue, number: bigint): UnsafeQueue {
  if ((queue.payloads[0]?.header.number ?? number + 1n) > number) return queue
  return queueOf(queue.payloads.filter(({ header }) => header.number > number))
}
