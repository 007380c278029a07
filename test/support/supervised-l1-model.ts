import type { Hash } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import { keccakHash } from '../../src/primitives/keccak.ts'
import type { L1BlockRef } from '../../src/protocol/refs.ts'
import type { SupervisedL1 } from '../../src/supervisor/ports.ts'
import type { BlockSpec } from './message-blocks.ts'

/** A block of the modelled L1, with the L2 blocks that its batches hold. */
export interface L1ModelBlock {
  readonly ref: L1BlockRef
  readonly batches: readonly BlockSpec[]
}

/** Unix seconds of L1's block 0, and between blocks. */
const L1_GENESIS_TIME = 1000n
const L1_BLOCK_TIME = 4n

/** An L1 chain that a test extends and reorganizes. */
export class SupervisedL1Model implements SupervisedL1 {
  #chain: L1ModelBlock[] = []
  readonly #all = new Map<Hash, L1ModelBlock>()
  #finalized = 0
  #mined = 0
  /** Called before each answer: throws to have it fail. */
  fault: (io: IoOptions) => void | Promise<void> = () => {}

  constructor() {
    this.mine([])
  }

  /** Canonical blocks, genesis first. */
  get chain(): readonly L1ModelBlock[] {
    return this.#chain
  }

  get head(): L1ModelBlock {
    return this.#chain.at(-1) as L1ModelBlock
  }

  get finalized(): number {
    return this.#finalized
  }

  /** Adds a block. */
  mine(batches: readonly BlockSpec[]): L1ModelBlock {
    const parent = this.#chain.at(-1)?.ref
    const number = (parent?.number ?? -1n) + 1n
    const text = `${number} ${parent?.hash} ${this.#mined++}`
    const hash = keccakHash(new TextEncoder().encode(text))
    const ref = {
      hash,
      number,
      parentHash: parent?.hash ?? (`0x${'00'.repeat(32)}` as const),
      timestamp: L1_GENESIS_TIME + L1_BLOCK_TIME * number,
    }
    const block = { ref, batches }
    this.#chain.push(block)
    this.#all.set(hash, block)
    return block
  }

  /** Drops blocks above a number; what is mined from now on is another branch. @returns what was dropped */
  reorg(number: number): readonly L1ModelBlock[] {
    return this.#chain.splice(number + 1)
  }

  /** Goes back to blocks that were dropped. */
  restore(number: number, blocks: readonly L1ModelBlock[]): void {
    this.#chain.splice(number + 1)
    this.#chain.push(...blocks)
  }

  finalize(number: number): void {
    this.#finalized = Math.max(this.#finalized, Math.min(number, this.#chain.length - 1))
  }

  /** A block by its hash, canonical or not. */
  byHash(hash: Hash): L1ModelBlock | undefined {
    return this.#all.get(hash)
  }

  async ref(id: Hash | bigint | 'latest' | 'safe' | 'finalized', io: IoOptions): Promise<L1BlockRef | undefined> {
    await this.fault(io)
    io.signal?.throwIfAborted()
    if (id === 'latest') return this.head.ref
    if (id === 'safe' || id === 'finalized') return this.#chain[this.#finalized]?.ref
    return typeof id === 'bigint' ? this.#chain[Number(id)]?.ref : this.#all.get(id)?.ref
  }
}
