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

function notFound(message: string): AppError<DriverErrorCode> {
  return new AppError('PAYLOAD_NOT_FOUND', { message, severity: 'temporary' })
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
        throw notFound(`nobody has block ${lowest.header.parentHash}:${lowest.header.number - 1n}`)
      }
      const [first] = payloads
      const follows = first?.header.number !== heads.unsafe.number + 1n || first.header.parentHash === heads.unsafe.hash
      // Of another branch: what waits has a chance only when this one is left, which derivation may come to.
      if (!follows)
        throw notFound(`block ${first?.hash} and those after it do not build on the head ${heads.unsafe.hash}`)
      return { patch: ({ queue }) => ({ queue: payloads.reduce((all, payload) => withPayload(all, payload), queue) }) }
    },
  }
}
