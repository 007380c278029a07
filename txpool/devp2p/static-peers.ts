import type { Clock } from '../../src/primitives/clock.ts'
import { bytesToHex } from '../../src/primitives/hex.ts'
import type { Enode } from '../../src/protocol/enode.ts'

/** How static peers are kept. */
export interface StaticPeersOptions {
  readonly clock: Clock
  /** Connects and stays until the connection ends. Never rejects. */
  readonly dial: (enode: Enode, signal: AbortSignal) => Promise<void>
  /** Resolves when no connection of the peer's own is there any more. */
  readonly absent: (id: string, signal: AbortSignal) => Promise<void>
  /** 0 to 1. */
  readonly random?: () => number
}

/** Milliseconds from a connection's end to the next dial: doubled with each failure, less or more by a quarter. */
const FIRST_MS = 500
const LAST_MS = 30_000
/** A connection that held so long was none that failed. */
const HELD_MS = 10_000

interface Kept {
  readonly enode: Enode
  readonly stop: AbortController
}

/** Peers that are dialled whenever they are not there. */
export class StaticPeers {
  readonly #options: StaticPeersOptions
  readonly #kept = new Map<string, Kept>()
  #running: AbortSignal | undefined
  readonly #work = new Set<Promise<void>>()

  constructor(options: StaticPeersOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#kept.size
  }

  has(id: string): boolean {
    return this.#kept.has(id)
  }

  /** Keeps a peer from now on. A later address takes the place of an earlier one. */
  add(enode: Enode): void {
    const id = bytesToHex(enode.id).slice(2)
    this.remove(id)
    const kept = { enode, stop: new AbortController() }
    this.#kept.set(id, kept)
    if (this.#running !== undefined) this.#start(id, kept, this.#running)
  }

  /** Keeps it no more; a connection that is there stays. @returns whether it was kept */
  remove(id: string): boolean {
    this.#kept.get(id)?.stop.abort()
    return this.#kept.delete(id)
  }

  /** Dials until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    this.#running = signal
    for (const [id, kept] of this.#kept) this.#start(id, kept, signal)
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
    this.#running = undefined
    await Promise.all(this.#work)
  }

  #start(id: string, { enode, stop }: Kept, signal: AbortSignal): void {
    const work = this.#keep(id, enode, AbortSignal.any([signal, stop.signal]), signal).finally(() =>
      this.#work.delete(work),
    )
    this.#work.add(work)
  }

  /** @param signal ends the keeping, and `closing` connections, too */
  async #keep(id: string, enode: Enode, signal: AbortSignal, closing: AbortSignal): Promise<void> {
    const { clock, dial, absent, random = Math.random } = this.#options
    let wait = FIRST_MS
    try {
      while (!signal.aborted) {
        await absent(id, signal)
        const since = clock.now()
        await dial(enode, closing)
        if (clock.now() - since >= HELD_MS) wait = FIRST_MS
        await clock.sleep(wait * (0.75 + random() / 2), { signal })
        wait = Math.min(LAST_MS, wait * 2)
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}
