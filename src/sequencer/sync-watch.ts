import type { Hash } from '../primitives/hex.ts'
import type { ChainHeads } from './ports.ts'

/** How far derivation may be behind L1 without being called behind, in blocks: nodes keep a distance to L1's head, too. */
const AT_TIP = 4n
/** How long derivation that is behind may stand still before it counts as being where it wants to be, in milliseconds. */
const PATIENCE_MS = 30_000

/**
 * Tells whether a chain is being synced from L1: the safe head is the unsafe one, and moves, or derivation has yet to come to the
 * end of L1. What is sequenced then would stand on blocks that L1 may already have successors of.
 */
export class SyncWatch {
  #safe: Hash | undefined
  #lag = 0n
  /** Since when neither has moved. */
  #since = 0

  /** @param own the block that was delivered last: a batcher may be as fast as the sequencer */
  syncing({ unsafe, safe, currentL1, headL1 }: ChainHeads, own: Hash | undefined, now: number): boolean {
    const lag = currentL1 === undefined || headL1 === undefined ? 0n : headL1.number - currentL1.number
    const isFirst = this.#safe === undefined
    const moved = this.#safe !== safe?.hash
    const caughtUp = lag < this.#lag
    if (moved || caughtUp) this.#since = now
    this.#safe = safe?.hash
    this.#lag = lag
    if (safe?.hash !== unsafe.hash || unsafe.hash === own) return false
    if (moved && !isFirst) return true
    return lag > AT_TIP && now - this.#since < PATIENCE_MS
  }
}
