import type { ChainReader } from '../builder/ports.ts'
import type { SealedBlocks } from '../builder/sealed-blocks.ts'
import type { DeliverableBlock, ForkchoiceUpdate } from '../builder/service.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { LabelPolicy } from './committers/engine.ts'

/** How many blocks safe and finalized are behind the head. */
export interface LabelDistances {
  readonly safe: number
  readonly finalized: number
}

/**
 * Safe and finalized at a distance behind each new head, on its own branch: a reorg takes them along. One that was set by hand
 * stays where it was put.
 */
export class TrailingLabels implements LabelPolicy {
  readonly #blocks: Pick<SealedBlocks, 'get'>
  readonly #chain: Pick<ChainReader, 'ancestorHash'>
  readonly #distances: LabelDistances
  readonly #first: bigint
  readonly #byHand = new Set<keyof LabelDistances>()

  /** @param first the number of the chain's first block, which is safe and finalized while the chain is shorter */
  constructor(
    blocks: Pick<SealedBlocks, 'get'>,
    chain: Pick<ChainReader, 'ancestorHash'>,
    distances: LabelDistances,
    first = 0n,
  ) {
    this.#blocks = blocks
    this.#chain = chain
    this.#distances = distances
    this.#first = first
  }

  async of(block: DeliverableBlock, io: IoOptions): Promise<{ readonly safe?: Hash; readonly finalized?: Hash }> {
    const labels: { safe?: Hash; finalized?: Hash } = {}
    for (const label of ['safe', 'finalized'] as const) {
      if (this.#byHand.has(label)) continue
      const hash = await this.#behind(block, BigInt(this.#distances[label]), io)
      if (hash !== undefined) labels[label] = hash
    }
    return labels
  }

  set(update: ForkchoiceUpdate): void {
    if (update.safe !== undefined) this.#byHand.add('safe')
    if (update.finalized !== undefined) this.#byHand.add('finalized')
  }

  async #behind(block: DeliverableBlock, distance: bigint, io: IoOptions): Promise<Hash | undefined> {
    const first = this.#first
    const wanted = block.header.number > first + distance ? block.header.number - distance : first
    let at = block
    for (;;) {
      if (at.header.number === wanted) return at.hash
      if (at.header.number - 1n === wanted) return at.header.parentHash
      const parent = this.#blocks.get(at.header.parentHash)
      if (parent === undefined) break
      at = parent
    }
    const { hash, header } = at
    return this.#chain.ancestorHash({ hash, header, firstTransaction: undefined }, wanted, io)
  }
}
