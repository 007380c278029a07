import { LRUCache } from 'lru-cache'
import type { Clock } from '../primitives/clock.ts'

/** Peers that are remembered as barred for a time. */
const MAX_BARRED = 10_000

/** Peers that are not connected to: for a time, for what they did, or until somebody says otherwise. */
export class PeerBars {
  readonly #clock: Pick<Clock, 'now'>
  readonly #until: LRUCache<string, number>
  readonly #blocked = new Set<string>()

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
    this.#until = new LRUCache({ max: MAX_BARRED })
  }

  has(peer: string): boolean {
    return this.#blocked.has(peer) || (this.#until.get(peer) ?? 0) > this.#clock.now()
  }

  bar(peer: string, ms: number): void {
    this.#until.set(peer, Math.max(this.#until.get(peer) ?? 0, this.#clock.now() + ms))
  }

  /** By hand. */
  block(peer: string): void {
    this.#blocked.add(peer)
  }

  unblock(peer: string): void {
    this.#blocked.delete(peer)
  }

  /** Those that were blocked by hand. */
  blocked(): readonly string[] {
    return [...this.#blocked]
  }
}
