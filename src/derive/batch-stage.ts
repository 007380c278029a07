import type { IoOptions } from '../primitives/io.ts'
import type { SingularBatch } from '../protocol/batch.ts'
import type { L2BlockRef } from '../protocol/refs.ts'
import type { SpanBatch } from '../protocol/span-batch.ts'
import type { BatchProvider, BatchStageOptions } from './batch-queue.ts'
import { checkSingularBatch } from './check-singular-batch.ts'
import { checkSpanPrefix } from './check-span-batch.ts'
import type { EpochWindow, NextBatch } from './epoch-window.ts'
import { AGAIN, DRY, type Pulled } from './ports.ts'
import { SpanRemainder } from './span-remainder.ts'

/**
 * Takes batches in the order in which they come, and one that does not fit as a reason to give its channel up: Holocene's rules.
 * @see OP specs: Holocene derivation, "Batch Queue"
 */
export class BatchStage implements BatchProvider {
  readonly #options: BatchStageOptions
  #span: SpanRemainder | undefined
  /** Pulled, and not looked at yet. */
  #incoming: SpanBatch | undefined

  constructor(options: BatchStageOptions) {
    this.#options = options
  }

  get window(): EpochWindow {
    return this.#options.window
  }

  async next(parent: L2BlockRef, io: IoOptions): Promise<Pulled<NextBatch>> {
    const { config, prev, window, origin, report } = this.#options
    window.update(origin(), parent)
    // A channel that ends in the origin of the safe head, or before, is all of the past.
    if (window.behind(parent) || window.origin.number === parent.l1Origin.number || window.isSettled) {
      const pulled = await prev.next(io)
      if (pulled.tag !== 'dry') return AGAIN
      // An epoch that had expired by then, and had its blocks, is gone.
      if (window.endsSettled) window.emptyBatch(parent, true)
      return DRY
    }
    window.check(parent, 2)
    const candidate = await this.#candidate(parent, io)
    if (candidate.tag === 'dry') {
      const empty = window.emptyBatch(parent, true)
      return empty === undefined ? DRY : { tag: 'item', item: { batch: empty, concluding: true } }
    }
    if (candidate.tag === 'again') return AGAIN
    const batch = candidate.item
    const context = { config, l1Blocks: window.blocks, safeHead: parent, inclusion: window.origin }
    const verdict = checkSingularBatch(batch, context)
    if (verdict.tag === 'accept') return { tag: 'item', item: { batch, concluding: true } }
    report('batch-stage', `batch ${verdict.tag}: ${verdict.why}`)
    if (verdict.tag === 'drop') this.flush()
    return AGAIN
  }

  async #candidate(parent: L2BlockRef, io: IoOptions): Promise<Pulled<SingularBatch>> {
    const timestamp = parent.timestamp + this.#options.config.blockTime
    const rest = this.#span?.next(parent, timestamp)
    if (rest !== undefined) return { tag: 'item', item: rest }
    this.#span = undefined
    if (this.#incoming === undefined) {
      const pulled = await this.#options.prev.next(io)
      if (pulled.tag !== 'item') return pulled
      if (pulled.item.type === 'singular') return { tag: 'item', item: pulled.item }
      this.#incoming = pulled.item
    }
    const opened = await this.#open(this.#incoming, parent, io)
    this.#incoming = undefined
    this.#span = opened
    const first = opened?.next(parent, timestamp)
    return first === undefined ? AGAIN : { tag: 'item', item: first }
  }

  /** Begins a span batch, if it may. One that nobody can decide on is passed over: op-node does not come back to it either. */
  async #open(span: SpanBatch, parent: L2BlockRef, io: IoOptions): Promise<SpanRemainder | undefined> {
    const { config, window, l2, report } = this.#options
    const context = { config, l1Blocks: window.blocks, safeHead: parent, inclusion: window.origin, l2 }
    const verdict = await checkSpanPrefix(span, context, io)
    const opened = verdict.tag === 'accept' ? SpanRemainder.of(span, window.blocks, parent) : verdict.why
    if (opened instanceof SpanRemainder) return opened
    report('batch-stage', `span batch ${verdict.tag === 'accept' ? 'drop' : verdict.tag}: ${opened}`)
    if (verdict.tag === 'accept' || verdict.tag === 'drop') this.flush()
    return undefined
  }

  flush(): void {
    this.#span = undefined
    this.#incoming = undefined
    this.#options.prev.flush()
  }
}
