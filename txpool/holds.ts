import { type Address, bytesToHex, type Hash, type Hex } from '../src/primitives/hex.ts'
import type { SignedTransaction } from '../src/protocol/transaction.ts'

/** Which transactions are meant: one, all of a sender, or all that call a function, of one contract or of any. */
export type PoolTarget =
  | { readonly tag: 'hash'; readonly hash: Hash }
  | { readonly tag: 'sender'; readonly sender: Address }
  | { readonly tag: 'selector'; readonly selector: Hex; readonly to: Address | undefined }

/** What is kept from blocks. */
export interface Hold {
  readonly id: bigint
  readonly target: PoolTarget
}

function selectorOf({ to, data }: SignedTransaction): Hex | undefined {
  return to === undefined || data.length < 4 ? undefined : bytesToHex(data.subarray(0, 4))
}

function keyOf(target: PoolTarget): string {
  switch (target.tag) {
    case 'hash':
      return target.hash
    case 'sender':
      return target.sender
    case 'selector':
      return target.to === undefined ? target.selector : `${target.selector}@${target.to}`
  }
}

/** The keys of all targets that mean a transaction. Their lengths differ by kind, so that none is another's. */
function keysOf(transaction: SignedTransaction): readonly string[] {
  const { hash, sender, to } = transaction
  const selector = selectorOf(transaction)
  return selector === undefined ? [hash, sender] : [hash, sender, selector, `${selector}@${to}`]
}

/** Whether a target means a transaction. */
export function means(target: PoolTarget, transaction: SignedTransaction): boolean {
  return keysOf(transaction).includes(keyOf(target))
}

/** Which transactions no block takes unless they are asked for by their hashes. Also of those that are to come. */
export class Holds {
  #holds: readonly Hold[] = []
  #keys: ReadonlySet<string> = new Set()
  #last = 0n

  /** Whether a hold means the transaction. What follows on it, from its sender, cannot go in, either. */
  has(transaction: SignedTransaction): boolean {
    return this.#keys.size > 0 && keysOf(transaction).some((key) => this.#keys.has(key))
  }

  /** @returns the number of the new hold */
  add(target: PoolTarget): bigint {
    this.#last += 1n
    this.#set([...this.#holds, { id: this.#last, target }])
    return this.#last
  }

  /** Ends one hold, all on a target, or all. @returns the numbers of those that ended */
  release(which: bigint | PoolTarget | 'all'): readonly bigint[] {
    const key = typeof which === 'object' ? keyOf(which) : undefined
    const ends = ({ id, target }: Hold): boolean => which === 'all' || id === which || keyOf(target) === key
    const ended = this.#holds.filter(ends)
    this.#set(this.#holds.filter((hold) => !ends(hold)))
    return ended.map(({ id }) => id)
  }

  /** In the order in which they were made. */
  list(): readonly Hold[] {
    return this.#holds
  }

  /** @returns brings back the holds that there are now */
  remember(): () => void {
    const holds = this.#holds
    return () => this.#set(holds)
  }

  #set(holds: readonly Hold[]): void {
    this.#holds = holds
    this.#keys = new Set(holds.map(({ target }) => keyOf(target)))
  }
}
