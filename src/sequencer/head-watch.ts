import type { Clock } from '../primitives/clock.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { Conflicts } from './conflicts.ts'
import { RETRY_MS, type Setback } from './failures.ts'
import type { SetHead } from './head-gate.ts'
import type { ChainHeads } from './ports.ts'
import { SyncWatch } from './sync-watch.ts'

/** What judging a chain's heads takes. */
export interface HeadWatchContext {
  /** The hash of the canonical block at a number. */
  readonly canonical: (number: bigint, io: IoOptions) => Promise<Hash | undefined>
  readonly clock: Clock
  readonly blockTimeMs: number
  /** How many blocks the safe head may be behind; 0: any number. */
  readonly maxSafeLag: number
}

/** Knows where this process has left a chain's head, and so when somebody else leads the chain, and when not to go on. */
export class HeadWatch {
  readonly #context: HeadWatchContext
  readonly #syncWatch = new SyncWatch()
  readonly #conflicts: Conflicts
  /** The newest block that this process knows to be on the chain. */
  #tip: SetHead | undefined
  /** The block that was delivered last. */
  #own: Hash | undefined

  constructor(context: HeadWatchContext) {
    this.#context = context
    this.#conflicts = new Conflicts(context.blockTimeMs)
  }

  /** The newest block that is known to be on the chain, if any is. */
  get tip(): SetHead | undefined {
    return this.#tip
  }

  /** The head is what the caller says: undefined, whatever is found next. */
  moved(head: SetHead | undefined): void {
    this.#tip = head
  }

  /** A block of this sequencer is the head. */
  delivered(block: SetHead): void {
    this.#tip = block
    this.#own = block.hash
    this.#conflicts.stood()
  }

  /** Why not to build on what is the head; undefined: nothing speaks against it. */
  async reasonToWait(heads: ChainHeads, io: IoOptions): Promise<Setback | undefined> {
    const { unsafe, safe } = heads
    const tip = this.#tip
    if (tip !== undefined && (await this.#ledAway(heads, tip, io))) {
      const detail = `block ${tip.hash}:${tip.number} is not part of the chain that ends in ${unsafe.hash}:${unsafe.number}`
      this.#tip = unsafe
      return { reason: 'conflict', detail, waitMs: this.#conflicts.struck() }
    }
    if (this.#syncWatch.syncing(heads, this.#own, this.#context.clock.now())) {
      const detail = `the safe head is the unsafe head ${unsafe.hash}:${unsafe.number}, and L1 is still being derived`
      return { reason: 'syncing', detail, waitMs: RETRY_MS }
    }
    const maxSafeLag = BigInt(this.#context.maxSafeLag)
    if (maxSafeLag > 0n && safe !== undefined && unsafe.number >= safe.number + maxSafeLag) {
      const detail = `the safe head ${safe.number} is ${maxSafeLag} or more blocks behind the unsafe head ${unsafe.number}`
      return { reason: 'safeLag', detail, waitMs: RETRY_MS }
    }
    return undefined
  }

  async #ledAway({ unsafe }: ChainHeads, tip: SetHead, io: IoOptions): Promise<boolean> {
    if (unsafe.hash === tip.hash) return false
    if (unsafe.number <= tip.number) return true
    if (unsafe.parentHash !== tip.hash && (await this.#context.canonical(tip.number, io)) !== tip.hash) return true
    // Somebody has gone on from there.
    this.#tip = unsafe
    return false
  }
}
