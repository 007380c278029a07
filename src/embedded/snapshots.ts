import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Labels } from './chain-store.ts'
import type { EmbeddedEngine } from './engine.ts'

/** What beside the chain comes back with a snapshot. */
export interface SnapshotPart {
  /** @returns what brings back how things are now */
  remember(): () => void | Promise<void>
}

interface Snapshot {
  readonly labels: Labels
  /** Of the state after the head, edits included. */
  readonly stateRoot: Hash
  readonly restore: readonly (() => void | Promise<void>)[]
}

/** Points in a chain's history to go back to. Nothing is copied: every block stays, with its state. */
export class Snapshots {
  readonly #engine: EmbeddedEngine
  readonly #parts: readonly SnapshotPart[]
  readonly #taken = new Map<bigint, Snapshot>()
  #last = 0n

  constructor(engine: EmbeddedEngine, parts: readonly SnapshotPart[]) {
    this.#engine = engine
    this.#parts = parts
  }

  /** @returns its number */
  take(): bigint {
    const { chain } = this.#engine
    const { labels } = chain
    const restore = this.#parts.map((part) => part.remember())
    this.#taken.set(++this.#last, { labels, stateRoot: chain.stateRoot(labels.head), restore })
    return this.#last
  }

  /** Goes back to a snapshot, which is used up with it, as are those after it. @returns whether there was one */
  async revert(id: bigint, io: IoOptions): Promise<boolean> {
    const snapshot = this.#taken.get(id)
    if (snapshot === undefined) return false
    await this.#engine.restore(snapshot.labels, snapshot.stateRoot, io)
    for (const restore of snapshot.restore) await restore()
    for (const other of [...this.#taken.keys()]) if (other >= id) this.#taken.delete(other)
    return true
  }

  /** Forgets them all. */
  clear(): void {
    this.#taken.clear()
  }
}
