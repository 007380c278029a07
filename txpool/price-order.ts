import { effectiveGasPrice } from '../src/protocol/transaction.ts'
import type { PoolEntry } from './sub-pool.ts'

interface Head {
  readonly entry: PoolEntry
  /** wei per gas to the fee recipient; negative when the fee cap does not cover the base fee. */
  readonly tip: bigint
  /** The sender's transactions by rising nonce, and where in them this one stands. */
  readonly queue: readonly PoolEntry[]
  readonly at: number
}

function goesFirst(a: Head, b: Head): boolean {
  return a.tip === b.tip ? a.entry.arrival < b.entry.arrival : a.tip > b.tip
}

/**
 * Gives transactions by falling effective tip, each sender's by rising nonce: a heap of the senders' next ones. One that does
 * not cover the base fee is not given, and holds back the sender's later ones.
 */
export class PriceOrder {
  readonly #baseFee: bigint
  readonly #heap: Head[] = []

  /**
   * @param queues each sender's transactions by rising nonce; must not change while this is read
   * @param baseFee wei per gas
   */
  constructor(queues: Iterable<readonly PoolEntry[]>, baseFee: bigint) {
    this.#baseFee = baseFee
    for (const queue of queues) this.#push(queue, 0)
  }

  /** The next transaction; undefined when there is none left. Its sender's next one takes its place only by {@link follow}. */
  shift(): Head | undefined {
    const first = this.#heap[0]
    const last = this.#heap.pop()
    if (first !== undefined && last !== undefined && this.#heap.length > 0) {
      this.#heap[0] = last
      this.#sink()
    }
    return first
  }

  /** Lets the sender's next transaction compete. */
  follow(head: Head): void {
    this.#push(head.queue, head.at + 1)
  }

  #push(queue: readonly PoolEntry[], position: number): void {
    const entry = queue[position]
    if (entry === undefined) return
    const tip = effectiveGasPrice(entry.transaction, this.#baseFee) - this.#baseFee
    if (tip < 0n) return
    const heap = this.#heap
    heap.push({ entry, tip, queue, at: position })
    for (let at = heap.length - 1; at > 0; ) {
      const up = (at - 1) >> 1
      if (!goesFirst(heap[at] as Head, heap[up] as Head)) break
      this.#swap(at, up)
      at = up
    }
  }

  #sink(): void {
    const heap = this.#heap
    for (let at = 0; ; ) {
      let best = at
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && goesFirst(heap[child] as Head, heap[best] as Head)) best = child
      }
      if (best === at) return
      this.#swap(at, best)
      at = best
    }
  }

  #swap(a: number, b: number): void {
    const held = this.#heap[a] as Head
    this.#heap[a] = this.#heap[b] as Head
    this.#heap[b] = held
  }
}
