import type { Hash } from '../primitives/hex.ts'
import type { SingularBatch } from '../protocol/batch.ts'
import type { L1BlockRef, L2BlockRef } from '../protocol/refs.ts'
import type { SpanBatch } from '../protocol/span-batch.ts'

/** The blocks of a span batch that are still to come, as singular batches. */
export class SpanRemainder {
  readonly #span: SpanBatch
  readonly #epochs: ReadonlyMap<bigint, Hash>
  #index: number

  private constructor(span: SpanBatch, epochs: ReadonlyMap<bigint, Hash>, index: number) {
    this.#span = span
    this.#epochs = epochs
    this.#index = index
  }

  /**
   * The blocks after the safe head.
   * @returns why the batch is invalid, where a block has an L1 origin that it cannot have
   */
  static of(span: SpanBatch, l1Blocks: readonly L1BlockRef[], safeHead: L2BlockRef): SpanRemainder | string {
    const epochs = new Map(l1Blocks.map(({ number, hash }) => [number, hash]))
    let first = 0
    while (first < span.blockCount && span.timestamp(first) <= safeHead.timestamp) first++
    for (let index = first; index < span.blockCount; index++) {
      const epoch = span.epochNumber(index)
      if (epoch < safeHead.l1Origin.number) return `the L1 origin ${epoch} of a block is too old`
      if (!epochs.has(epoch)) return `the L1 origin ${epoch} of a block is not known`
    }
    return new SpanRemainder(span, epochs, first)
  }

  /** Whether there is nothing more. */
  get done(): boolean {
    return this.#index >= this.#span.blockCount
  }

  /** The next one, on a parent that was found to be the right one. @returns undefined when its time is another */
  next(parent: L2BlockRef, timestamp: bigint): SingularBatch | undefined {
    const index = this.#index
    if (this.done || this.#span.timestamp(index) !== timestamp) return undefined
    this.#index++
    const epochNumber = this.#span.epochNumber(index)
    return {
      type: 'singular',
      parentHash: parent.hash,
      epochNumber,
      epochHash: this.#epochs.get(epochNumber) as Hash,
      timestamp,
      transactions: this.#span.transactions(index),
    }
  }
}
