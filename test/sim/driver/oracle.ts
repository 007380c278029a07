import { DerivationPipeline } from '../../../src/derive/pipeline.ts'
import type { L1DataSource, SafeChain } from '../../../src/derive/ports.ts'
import type { Hash } from '../../../src/primitives/hex.ts'
import type { L2BlockRef } from '../../../src/protocol/refs.ts'
import { L1_CHAIN } from './chain-rules.ts'
import type { L1Block, L1Model } from './l1-model.ts'
import type { L2Block, L2Blocks } from './l2-blocks.ts'

/** More steps than any chain of a simulation takes. */
const MAX_STEPS = 100_000

/**
 * What the safe chain has to be: derived from genesis on, one step after the other, on an L1 that does not change meanwhile. When L1
 * has reorganized, it forgets everything and begins again.
 */
export class Oracle {
  readonly #blocks: L2Blocks
  readonly #l1: L1Model
  #pipeline: DerivationPipeline
  /** By number, from genesis on; those after `#safe` may still be found to be wrong. */
  #chain: L2Block[] = []
  #safe = 0
  /** What it has read up to. */
  #tip: L1Block | undefined
  /** After which L1 block which block is safe, by rising number. */
  #progress: { readonly l1: bigint; readonly safe: L2BlockRef }[] = []
  /** Whatever is safe, or was before L1 reorganized. */
  readonly everSafe = new Set<Hash>()

  constructor(blocks: L2Blocks, l1: L1Model) {
    this.#blocks = blocks
    this.#l1 = l1
    this.#pipeline = this.#begin()
  }

  #begin(): DerivationPipeline {
    this.#chain = [this.#blocks.genesis]
    this.#safe = 0
    this.#progress = [{ l1: 0n, safe: this.#blocks.genesis.ref }]
    this.#tip = undefined
    this.everSafe.add(this.#blocks.genesis.ref.hash)
    return new DerivationPipeline({
      config: this.#blocks.config,
      l1Chain: L1_CHAIN,
      l1: this.#l1Source(),
      l2: this.#safeChain(),
    })
  }

  get safeHead(): L2Block {
    return this.#chain[this.#safe] as L2Block
  }

  /** The safe chain, genesis first. */
  get safeChain(): readonly L2Block[] {
    return this.#chain.slice(0, this.#safe + 1)
  }

  /** The safe head with what L1 holds up to a block of its chain. */
  safeAt(l1Number: bigint): L2BlockRef {
    const found = this.#progress.findLast(({ l1 }) => l1 <= l1Number)
    return (found ?? (this.#progress[0] as { readonly safe: L2BlockRef })).safe
  }

  /** Derives what L1 holds now. */
  async follow(): Promise<void> {
    if (this.#tip !== undefined && !this.#l1.isCanonical(this.#tip.ref)) this.#pipeline = this.#begin()
    if (this.#tip === undefined) await this.#pipeline.reset(this.#blocks.genesis.ref, {})
    this.#tip = this.#l1.head
    for (let steps = 0; steps < MAX_STEPS; steps++) if (!(await this.#step())) return
    throw new Error('derivation does not come to an end')
  }

  async #step(): Promise<boolean> {
    const step = await this.#pipeline.step((this.#chain.at(-1) as L2Block).ref, {})
    if (step.tag !== 'attributes') return step.tag !== 'exhausted'
    const { attributes, derivedFrom, concluding, parent } = step.derived
    const parentBlock = this.#chain.at(-1) as L2Block
    let block = this.#blocks.build(parentBlock, attributes)
    if (block.invalid !== undefined) {
      if (!this.#blocks.config.forks.isActive('holocene', derivedFrom.timestamp)) {
        // What was made of the same span goes with it.
        this.#chain.length = this.#safe + 1
        return true
      }
      const rest = this.#pipeline.depositsOnly(parent, derivedFrom)
      block = this.#blocks.build(parentBlock, rest.attributes)
      if (block.invalid !== undefined) throw new Error('a block of deposits is invalid')
    }
    this.#chain.push(block)
    if (!concluding) return true
    for (const { ref } of this.#chain.slice(this.#safe + 1)) this.everSafe.add(ref.hash)
    this.#safe = this.#chain.length - 1
    this.#progress.push({ l1: derivedFrom.number, safe: block.ref })
    return true
  }

  #l1Source(): L1DataSource {
    const find = (id: Hash | bigint): L1Block | undefined =>
      typeof id === 'bigint' ? this.#l1.byNumber(id) : this.#l1.byHash(id)
    return {
      block: async (id) => {
        const block = find(id)
        return block && { hash: block.ref.hash, header: block.header }
      },
      receipts: async (hash) => find(hash)?.receipts,
      transactions: async (hash) => find(hash)?.transactions,
    }
  }

  #safeChain(): SafeChain {
    const find = (id: Hash | bigint): L2Block | undefined =>
      typeof id === 'bigint' ? this.#chain[Number(id)] : this.#chain.find(({ ref }) => ref.hash === id)
    return {
      ref: async (id) => find(id)?.ref,
      systemConfig: async (hash) => find(hash)?.systemConfig,
      block: async (number) => {
        const block = find(number)
        return block && { ref: block.ref, transactions: block.payload.transactions }
      },
    }
  }
}
