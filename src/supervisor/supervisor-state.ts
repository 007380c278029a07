import type { Hash } from '../primitives/hex.ts'
import { SerialQueue } from '../primitives/serial-queue.ts'
import type { DependencySet } from '../protocol/dependency-set.ts'
import type { BlockId, L1BlockRef } from '../protocol/refs.ts'
import { type ChainParts, ChainState } from './chain-state.ts'
import type { SuperSafeDb } from './db/super-safe-db.ts'
import { isStoredBlock } from './db/super-safe-entry.ts'
import type { DeniedBlock, SupervisorStore } from './db/supervisor-store.ts'
import { standingSafe } from './standing-safe.ts'
import type { ChainHeads, SupervisorView } from './view.ts'

/** What a supervisor's state begins with. */
export interface SupervisorStateParts {
  readonly store: SupervisorStore
  readonly dependencySet: DependencySet
  readonly chains: readonly ChainParts[]
}

/**
 * What a supervisor knows: what is stored, where nodes are, and what follows from both. What changes it stands in one queue; heads are
 * made anew with each change.
 */
export class SupervisorState implements SupervisorView {
  readonly store: SupervisorStore
  readonly dependencySet: DependencySet
  readonly chains: ReadonlyMap<bigint, ChainState>
  readonly #queue = new SerialQueue()
  readonly #listeners = new Set<() => void>()
  /** What is denied, by chain; made anew when that changes. */
  #denied: ReadonlyMap<bigint, readonly DeniedBlock[]> | undefined
  #epoch = 0
  #rewinds = 0
  #failsafe = false
  #tipL1: L1BlockRef | undefined
  #finalizedRow: bigint | undefined
  /** L1's last block, as far as it is known. */
  headL1: L1BlockRef | undefined
  finalizedL1: L1BlockRef | undefined

  /** @throws RangeError where the store is not of these chains */
  constructor({ store, dependencySet, chains }: SupervisorStateParts) {
    this.store = store
    this.dependencySet = dependencySet
    const states = chains.map((parts) => {
      const [logs, index] = [store.logs.get(parts.chainId), store.chainIndex(parts.chainId)]
      if (logs === undefined || index === undefined) throw new RangeError(`chain ${parts.chainId} is not stored`)
      return new ChainState(parts, logs, index)
    })
    this.chains = new Map(states.sort((a, b) => a.index - b.index).map((state) => [state.chainId, state]))
    if (this.chains.size !== store.logs.size) throw new RangeError('the store is of more chains')
    this.#makeHeads()
  }

  get safety(): SuperSafeDb {
    return this.store.safety
  }

  get epoch(): number {
    return this.#epoch
  }

  /** Goes up whenever something that was stored is dropped: what was made of it is to be made anew. */
  get rewinds(): number {
    return this.#rewinds
  }

  get failsafe(): boolean {
    return this.#failsafe
  }

  /** The L1 block of the last row; undefined before L1 has told of it. */
  get tipL1(): L1BlockRef | undefined {
    const tip = this.safety.tip?.l1
    return tip !== undefined && this.#tipL1 !== undefined && isStoredBlock(tip, this.#tipL1) ? this.#tipL1 : undefined
  }

  /** The L1 number of the last row that is final. */
  get finalizedRow(): bigint | undefined {
    return this.#finalizedRow
  }

  denied(chainId: bigint, hash: Hash): DeniedBlock | undefined {
    return this.store.denied(chainId, hash)
  }

  /** Blocks of a chain that are denied. */
  deniedOf(chainId: bigint): readonly DeniedBlock[] {
    this.#denied ??= Map.groupBy(this.store.deniedBlocks, (each) => each.chainId)
    return this.#denied.get(chainId) ?? []
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Runs what changes something, after what was begun before. */
  write<T>(task: () => Promise<T> | T): Promise<T> {
    return this.#queue.run(task)
  }

  setFailsafe(failsafe: boolean): void {
    if (failsafe === this.#failsafe) return
    this.#failsafe = failsafe
    this.changed()
  }

  setTipL1(block: L1BlockRef): void {
    this.#tipL1 = block
  }

  /** Rows up to an L1 block are final; never less than before. */
  setFinalizedRow(l1Number: bigint): void {
    if (this.#finalizedRow === undefined || l1Number > this.#finalizedRow) this.#finalizedRow = l1Number
  }

  /** The last block of a chain that derives from L1, from what is stored alone. */
  standing(chain: ChainState): BlockId | undefined {
    const { logs, index, chainId } = chain
    return standingSafe({ logs, index, row: this.safety.tip, denied: this.deniedOf(chainId) })
  }

  /** The number of a chain's last cross-safe block; that of its first block before there is one. */
  crossSafeNumber(chain: ChainState): bigint {
    return this.safety.tip?.chains[chain.index]?.crossSafe.number ?? chain.logs.first?.number ?? 0n
  }

  /** Something was added: heads are made anew, and everybody is told. */
  changed(): void {
    this.#epoch++
    this.#makeHeads()
    for (const listener of this.#listeners) listener()
  }

  /** Something was dropped, or denied: what depends on unsafe blocks is found anew. */
  rewound(): void {
    this.#rewinds++
    this.#denied = undefined
    for (const chain of this.chains.values()) chain.crossUnsafe = this.crossSafeNumber(chain)
    this.changed()
  }

  #makeHeads(): void {
    for (const chain of this.chains.values()) chain.heads = this.#headsOf(chain)
  }

  #headsOf(chain: ChainState): ChainHeads | undefined {
    const { logs } = chain
    const localUnsafe = logs.tip && chain.ref(logs.tip.number)
    if (localUnsafe === undefined) return undefined
    const crossSafeNumber = this.crossSafeNumber(chain)
    const held = chain.crossUnsafe > crossSafeNumber ? chain.crossUnsafe : crossSafeNumber
    const crossUnsafe = chain.ref(held < localUnsafe.number ? held : localUnsafe.number)
    if (crossUnsafe === undefined) return undefined
    const source = this.tipL1 && { hash: this.tipL1.hash, number: this.tipL1.number }
    const crossSafe = source && chain.ref(crossSafeNumber)
    const final = this.#finalizedRow === undefined ? undefined : this.safety.safeAt(chain.index, this.#finalizedRow)
    return {
      localUnsafe,
      crossUnsafe,
      localSafe: this.#localSafe(chain, source),
      crossSafe: source && crossSafe && { source, derived: crossSafe },
      finalized: final && chain.ref(final.crossSafe.number),
    }
  }

  #localSafe(chain: ChainState, tip: BlockId | undefined): ChainHeads['localSafe'] {
    const standing = this.standing(chain)
    if (standing === undefined) return undefined
    const step = chain.track.lastKnown((block) => block.number > standing.number && chain.has(block))
    const found = step && chain.ref(step.derived.number)
    if (step !== undefined && found !== undefined) return { source: step.source, derived: found }
    const source = this.safety.tip === undefined && chain.first?.isGenesis === true ? chain.rollup.genesis.l1 : tip
    const last = chain.logs.tip?.number ?? 0n
    const below = chain.has(standing) ? standing.number : standing.number - 1n
    const derived = chain.ref(below < last ? below : last)
    return source && derived && { source, derived }
  }
}
