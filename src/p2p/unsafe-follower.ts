import type { Clock } from '../primitives/clock.ts'
import { errorMessage, isAppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import { Wakeup } from '../primitives/wakeup.ts'
import type { Payload } from '../protocol/payload.ts'
import type { BlockId } from '../protocol/refs.ts'
import type { Logger } from '../telemetry/logger.ts'

/** Blocks that wait for those below them. */
const MAX_WAITING = 64
/** Milliseconds to the next try to fill a gap. */
const RETRY_MS = 2_000

/** What following takes. */
export interface UnsafeFollowerParts {
  /** The chain's head; undefined: there is none yet. */
  readonly head: (io: IoOptions) => Promise<BlockId | undefined>
  /** Makes a block that builds on the head the head. @throws AppError where it is none, or the node does not answer */
  readonly insert: (payload: Payload, io: IoOptions) => Promise<void>
  /** What lies between a block that is there and one that is trusted. @throws AppError GAP_UNFILLED */
  readonly fetch: (known: bigint, trusted: Payload, io: IoOptions) => Promise<readonly Payload[]>
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * Makes gossiped blocks of others the head, one after the other, and fills gaps below them. As with op-node a block must build on
 * the head: gossip alone never makes a reorg.
 */
export class UnsafeFollower {
  readonly #parts: UnsafeFollowerParts
  /** By number; a later block of a height takes the place of an earlier one. */
  readonly #waiting = new Map<bigint, Payload>()
  readonly #wakeup = new Wakeup()

  constructor(parts: UnsafeFollowerParts) {
    this.#parts = parts
  }

  /** Takes a valid block. */
  offer(payload: Payload): void {
    this.#waiting.set(payload.header.number, payload)
    // The lowest go first: what lies below the others can be asked for.
    while (this.#waiting.size > MAX_WAITING) this.#waiting.delete(this.#lowest() as bigint)
    this.#wakeup.wake()
  }

  /** Works until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts
    signal.addEventListener('abort', () => this.#wakeup.wake(), { once: true })
    while (!signal.aborted) {
      const stalled = !(await this.#advance({ signal }))
      if (!stalled) await this.#wakeup.wait()
      else await this.#wakeup.waitAtMost(RETRY_MS, clock)
    }
  }

  /** Inserts what can be inserted. @returns false where something is left that may work later */
  async #advance(io: IoOptions): Promise<boolean> {
    try {
      while (await this.#step(io)) io.signal?.throwIfAborted()
      return true
    } catch (error) {
      if (io.signal?.aborted) return true
      const what = isAppError(error, 'GAP_UNFILLED')
        ? 'a gap below a gossiped block is not filled'
        : 'a gossiped block waits'
      this.#parts.logger.warn({ error: errorMessage(error) }, what)
      return false
    }
  }

  /** @returns whether there is more to do */
  async #step(io: IoOptions): Promise<boolean> {
    const { head, fetch } = this.#parts
    const now = await head(io)
    if (now === undefined) return false
    for (const number of this.#waiting.keys()) if (number <= now.number) this.#waiting.delete(number)
    const lowest = this.#lowest()
    const next = lowest === undefined ? undefined : this.#waiting.get(lowest)
    if (next === undefined) return false
    const between = next.header.number > now.number + 1n ? await fetch(now.number, next, io) : []
    const branch = [...between, next]
    if (branch[0]?.header.parentHash === now.hash) await this.#insert(branch, io)
    else this.#drop(next, 'it does not build on the head')
    return true
  }

  /** Blocks that build on each other, the first one on the head. */
  async #insert(branch: readonly Payload[], io: IoOptions): Promise<void> {
    const { insert, logger } = this.#parts
    for (const payload of branch) {
      const { hash, header } = payload
      try {
        await insert(payload, io)
        logger.debug({ number: header.number, hash }, 'a gossiped block is the head')
      } catch (error) {
        io.signal?.throwIfAborted()
        if (isAppError(error) && error.severity === 'temporary') throw error
        // What is gossiped builds on what is refused.
        return this.#drop(branch.at(-1) as Payload, `${hash}: ${errorMessage(error)}`)
      }
    }
  }

  #drop({ hash, header }: Payload, why: string): void {
    this.#waiting.delete(header.number)
    this.#parts.logger.warn({ number: header.number, hash, why }, 'a gossiped block is dropped')
  }

  #lowest(): bigint | undefined {
    let lowest: bigint | undefined
    for (const number of this.#waiting.keys()) if (lowest === undefined || number < lowest) lowest = number
    return lowest
  }
}
