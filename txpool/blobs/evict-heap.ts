import type { Address } from '../../src/primitives/hex.ts'
import { evictionPriority, feeJumps, type Jumps } from './priority.ts'

/** What an account's transactions are worth: the least of each price among them. */
export interface Worth {
  /** wei per gas */
  readonly tip: bigint
  readonly caps: Jumps
}

/** Below that a change of the fees does not change the order, as geth has it. */
const SAME_JUMPS = 0.01

/**
 * Accounts with the one in front that gives when the pool is full. It moves elements as Go's `container/heap` does, and like
 * geth's it is not told of every change: both leave the same account in front.
 * @see geth's core/txpool/blobpool/evictheap.go
 */
export class EvictHeap {
  readonly #worth: (sender: Address) => Worth
  readonly #senders: Address[] = []
  readonly #places = new Map<Address, number>()
  #current: Jumps = { baseFee: 0, blobFee: 0 }

  /** @param worth of an account that is in the heap */
  constructor(worth: (sender: Address) => Worth) {
    this.#worth = worth
  }

  /** Who gives first. */
  get first(): Address | undefined {
    return this.#senders[0]
  }

  /** Takes other fees into account, in wei per gas and wei per blob gas. */
  reprice(baseFee: bigint, blobFee: bigint): void {
    const next = { baseFee: feeJumps(baseFee), blobFee: feeJumps(blobFee) }
    const last = this.#current
    if (Math.abs(last.baseFee - next.baseFee) < SAME_JUMPS && Math.abs(last.blobFee - next.blobFee) < SAME_JUMPS) {
      return
    }
    this.#current = next
    const size = this.#senders.length
    for (let at = (size >> 1) - 1; at >= 0; at--) this.#down(at, size)
  }

  /** Adds an account. */
  push(sender: Address): void {
    this.append(sender)
    this.#up(this.#senders.length - 1)
  }

  /** Adds an account whose worth is not settled, to be followed by {@link fix}. */
  append(sender: Address): void {
    this.#places.set(sender, this.#senders.length)
    this.#senders.push(sender)
  }

  /** Moves an account whose worth has changed to its place. */
  fix(sender: Address): void {
    const at = this.#places.get(sender)
    if (at !== undefined && !this.#down(at, this.#senders.length)) this.#up(at)
  }

  remove(sender: Address): void {
    const at = this.#places.get(sender)
    if (at === undefined) return
    const last = this.#senders.length - 1
    if (at !== last) {
      this.#swap(at, last)
      if (!this.#down(at, last)) this.#up(at)
    }
    this.#senders.pop()
    this.#places.delete(sender)
  }

  /** The accounts as they lie, and the fees, to be put back by {@link restore}. */
  snapshot(): { readonly senders: readonly Address[]; readonly current: Jumps } {
    return { senders: [...this.#senders], current: this.#current }
  }

  restore({ senders, current }: ReturnType<EvictHeap['snapshot']>): void {
    this.#senders.splice(0, Number.POSITIVE_INFINITY, ...senders)
    this.#places.clear()
    for (const [at, sender] of senders.entries()) this.#places.set(sender, at)
    this.#current = current
  }

  #less(a: number, b: number): boolean {
    const [one, other] = [this.#worth(this.#senders[a] as Address), this.#worth(this.#senders[b] as Address)]
    const difference = evictionPriority(this.#current, one.caps) - evictionPriority(this.#current, other.caps)
    return difference === 0 ? one.tip < other.tip : difference < 0
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#senders[a] as Address, this.#senders[b] as Address]
    this.#senders[a] = other
    this.#senders[b] = one
    this.#places.set(other, a).set(one, b)
  }

  #up(from: number): void {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1
      if (!this.#less(at, parent)) return
      this.#swap(parent, at)
      at = parent
    }
  }

  #down(from: number, size: number): boolean {
    let at = from
    for (let left = 2 * at + 1; left < size; left = 2 * at + 1) {
      const right = left + 1
      const child = right < size && this.#less(right, left) ? right : left
      if (!this.#less(child, at)) break
      this.#swap(at, child)
      at = child
    }
    return at > from
  }
}
