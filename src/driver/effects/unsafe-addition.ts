import { AppError } from '../../primitives/errors.ts'
import type { Payload } from '../../protocol/payload.ts'
import type { DriverState } from '../driver-state.ts'
import type { Effect, Patch } from '../effect.ts'
import { isReady } from '../heads.ts'
import type { DriverErrorCode, PayloadSource } from '../ports.ts'
import { withPayload } from '../unsafe-queue.ts'

/** Milliseconds for the longest gap that is filled, from a single peer: it gives four blocks a second. */
const FETCH_MS = 180_000

/** Queues a payload that somebody sent; what is not above the unsafe head is let go of. */
export function added(payload: Payload): (now: DriverState) => Patch {
  return ({ queue, heads, denied }) => {
    if (denied.has(payload.hash)) return {}
    if (heads !== undefined && payload.header.number <= heads.unsafe.number) return {}
    return { queue: withPayload(queue, payload) }
  }
}

/** The lowest payload that waits, where blocks below it are missing. */
function afterGap({ queue, heads }: DriverState): Payload | undefined {
  const lowest = queue.payloads[0]
  return heads !== undefined && lowest !== undefined && lowest.header.number > heads.unsafe.number + 1n
    ? lowest
    : undefined
}

/**
 * Asks other nodes for blocks that are missing below those that wait. Each is the parent of the next one, up to one that somebody
 * signed.
 * @see driver specification, "Unsafe block addition"
 */
export function unsafeAddition(peers: PayloadSource | undefined): Effect {
  return {
    name: 'unsafe-addition',
    timeoutMs: FETCH_MS,
    reads: (state) => [afterGap(state)?.hash],
    writes: ['queue'],
    when(state) {
      if (peers === undefined || !isReady(state) || state.engine.syncTarget !== undefined) return undefined
      const lowest = afterGap(state)
      if (lowest === undefined) return undefined
      return { why: `block ${lowest.header.number - 1n} is missing`, uses: ['peers'] }
    },
    async run(state, io) {
      const { heads } = state
      const lowest = afterGap(state)
      if (peers === undefined || heads === undefined || lowest === undefined) throw new TypeError('nothing is missing')
      const payloads = await peers.fetch(heads.unsafe.number, lowest, io)
      if (payloads.at(-1)?.hash !== lowest.header.parentHash) {
        throw new AppError<DriverErrorCode>('PAYLOAD_NOT_FOUND', {
          message: `nobody has block ${lowest.header.parentHash}:${lowest.header.number - 1n}`,
          severity: 'temporary',
        })
      }
      return { patch: ({ queue }) => ({ queue: payloads.reduce((all, payload) => withPayload(all, payload), queue) }) }
    },
  }
}
