import type { Hash } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import type { Relay } from './relay.ts'

/** A node that transactions are sent to. */
export interface RelayTarget {
  readonly relay: Pick<Relay, 'offer'>
  /** Which node it is, as {@link RelayingPool.from} names it. */
  readonly node: string
}

/** A pool, as what it takes is passed on. */
interface Taking {
  add(raw: Uint8Array, io: IoOptions): Promise<Hash>
}

/** A pool that hands what it takes to other nodes, but never back to the one that it came from. */
export class RelayingPool {
  readonly #pool: Taking
  readonly #targets: readonly RelayTarget[]
  /** Which nodes tell of a transaction that is being taken. */
  readonly #origins = new Map<Hash, ReadonlySet<string>>()

  constructor(pool: Taking, targets: readonly RelayTarget[]) {
    this.#pool = pool
    this.#targets = targets
  }

  /** Takes a transaction. @throws AppError as the pool */
  async add(raw: Uint8Array, io: IoOptions): Promise<Hash> {
    const hash = await this.#pool.add(raw, io)
    const origins = this.#origins.get(hash)
    for (const { relay, node } of this.#targets) if (origins?.has(node) !== true) relay.offer(raw)
    return hash
  }

  /** While `take` works, a transaction counts as coming from a node that has these names. */
  async from<T>(hash: Hash, nodes: ReadonlySet<string>, take: () => Promise<T>): Promise<T> {
    this.#origins.set(hash, nodes)
    try {
      return await take()
    } finally {
      this.#origins.delete(hash)
    }
  }
}
