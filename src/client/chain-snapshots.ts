import type { InProcessChain } from './in-process-chain.ts'

type Requester = Pick<InProcessChain, 'name' | 'request'>

/** Snapshots of an L1 and its L2 chains together. */
export class ChainSnapshots {
  readonly #l1: Requester
  readonly #l2: readonly Requester[]
  readonly #taken = new Map<string, ReadonlyMap<Requester, string>>()
  #count = 0

  constructor(l1: Requester, l2: readonly Requester[]) {
    this.#l1 = l1
    this.#l2 = l2
  }

  /** @returns its name; every name is given once */
  async take(): Promise<string> {
    const ids = new Map<Requester, string>()
    // The L1 last: it must have every block that an L2 block is derived from.
    for (const chain of [...this.#l2, this.#l1])
      ids.set(chain, await chain.request<string>({ method: 'test_snapshot' }))
    this.#count += 1
    const id = `0x${this.#count.toString(16)}`
    this.#taken.set(id, ids)
    return id
  }

  /** @throws RangeError where there is no such snapshot, or a chain has gone back to before it by itself */
  async revert(id: string): Promise<void> {
    const ids = this.#taken.get(id)
    if (ids === undefined) throw new RangeError(`there is no snapshot ${id}`)
    for (const known of [...this.#taken.keys()]) if (BigInt(known) >= BigInt(id)) this.#taken.delete(known)
    // The L1 first: no L2 block can be built on what is to go.
    for (const chain of [this.#l1, ...this.#l2]) {
      const done = await chain.request<boolean>({ method: 'test_revert', params: [ids.get(chain)] })
      if (!done) throw new RangeError(`${chain.name} has no snapshot ${id} any more`)
    }
  }
}
