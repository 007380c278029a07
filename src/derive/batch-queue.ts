import { AppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Batch } from '../protocol/batch.ts'
import type { L1BlockRef, L2BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { BatchVerdict } from './batch-verdict.ts'
import { checkSingularBatch } from './check-singular-batch.ts'
import { checkSpanBatch } from './check-span-batch.ts'
import type { EpochWindow, NextBatch } from './epoch-window.ts'
import { AGAIN, type DerivationReport, type DeriveErrorCode, DRY, type Pulled, type SafeChain } from './ports.ts'
import { SpanRemainder } from './span-remainder.ts'

/** What comes before the stage of batches. */
export interface BatchSource {
  next(io: IoOptions): Promise<Pulled<Batch>>
  /** Throws the channel away that is being read. */
  flush(): void
}

/** The stage of batches, in either form. */
export interface BatchProvider {
  /** The batch of the block after the safe head. */
  next(parent: L2BlockRef, io: IoOptions): Promise<Pulled<NextBatch>>
  /** Throws away what is left of the span and of the channel. */
  flush(): void
}

/** What the stage of batches is made of. */
export interface BatchStageOptions {
  readonly config: RollupConfig
  readonly prev: BatchSource
  readonly l2: Pick<SafeChain, 'ref' | 'block'>
  /** The L1 block that is being read. */
  readonly origin: () => L1BlockRef
  readonly window: EpochWindow
  readonly report: DerivationReport
}

interface Queued {
  readonly batch: Batch
  /** The L1 block in which it was complete. */
  readonly inclusion: L1BlockRef
}

/** Brings batches into the order of their blocks: the rules before Holocene. @see OP specs: derivation, "Batch Queue" */
export class BatchQueue implements BatchProvider {
  readonly #options: BatchStageOptions
  /** In the order in which they came. */
  #queue: readonly Queued[] = []
  /** Pulled, and not looked at yet. */
  #incoming: Queued | undefined
  #span: SpanRemainder | undefined

  constructor(options: BatchStageOptions) {
    this.#options = options
  }

  get window(): EpochWindow {
    return this.#options.window
  }

  async next(parent: L2BlockRef, io: IoOptions): Promise<Pulled<NextBatch>> {
    const { config, window, origin } = this.#options
    const span = this.#span
    const rest = span?.next(parent, parent.timestamp + config.blockTime)
    // Where the next block of the span does not fit, the one before it was refused by the engine, and all of it goes.
    if (span === undefined || rest === undefined || span.done) this.#span = undefined
    if (span !== undefined && rest !== undefined) return { tag: 'item', item: { batch: rest, concluding: span.done } }

    window.update(origin(), parent)
    const behind = window.behind(parent)
    const dry = await this.#pull(behind, parent, io)
    if (dry && window.endsSettled) await this.#settle(parent, io)
    const item = behind || window.isSettled ? undefined : await this.#derive(parent, dry, io)
    if (item === undefined) return dry ? DRY : AGAIN
    return { tag: 'item', item }
  }

  /** Takes in one batch. @returns whether there was none to be had */
  async #pull(behind: boolean, parent: L2BlockRef, io: IoOptions): Promise<boolean> {
    const { prev, window } = this.#options
    if (this.#incoming === undefined) {
      const pulled = await prev.next(io)
      if (pulled.tag === 'dry') return true
      if (pulled.tag === 'item' && !behind) this.#incoming = { batch: pulled.item, inclusion: window.origin }
    }
    if (this.#incoming === undefined) return false
    const verdict = await this.#check(this.#incoming, parent, io)
    if (verdict.tag === 'drop') this.#dropped(verdict.why)
    else this.#queue = [...this.#queue, this.#incoming]
    this.#incoming = undefined
    return false
  }

  #dropped(why: string): void {
    this.#options.report('batch-queue', `batch dropped: ${why}`)
  }

  #check({ batch, inclusion }: Queued, safeHead: L2BlockRef, io: IoOptions): Promise<BatchVerdict> | BatchVerdict {
    const { config, window, l2 } = this.#options
    const context = { config, l1Blocks: window.blocks, safeHead, inclusion, l2 }
    return batch.type === 'singular' ? checkSingularBatch(batch, context) : checkSpanBatch(batch, context, io)
  }

  /** What is valid was refused by the engine, as it is not safe; and an epoch that had expired, and had its blocks, is gone. */
  async #settle(parent: L2BlockRef, io: IoOptions): Promise<void> {
    let found = await this.#candidate(parent, io)
    while (typeof found === 'object') {
      this.#span = undefined
      found = await this.#candidate(parent, io)
    }
    if (found === undefined) this.#options.window.emptyBatch(parent, true)
  }

  async #derive(parent: L2BlockRef, dry: boolean, io: IoOptions): Promise<NextBatch | undefined> {
    const found = await this.#candidate(parent, io)
    if (found === 'undecided') return undefined
    const empty = found === undefined ? this.#options.window.emptyBatch(parent, dry) : undefined
    return found ?? (empty && { batch: empty, concluding: true })
  }

  /** The first batch that may follow; `undecided` where nobody can tell yet. */
  async #candidate(parent: L2BlockRef, io: IoOptions): Promise<NextBatch | 'undecided' | undefined> {
    const { window } = this.#options
    window.check(parent, 1)
    const remaining: Queued[] = []
    for (const [index, queued] of this.#queue.entries()) {
      const verdict = await this.#check(queued, parent, io)
      const late = verdict.tag === 'undecided' && this.#isLate(queued.batch)
      if (verdict.tag === 'drop' || verdict.tag === 'past' || late) {
        this.#dropped(verdict.why)
        continue
      }
      if (verdict.tag === 'future') {
        remaining.push(queued)
        continue
      }
      // What comes after it waits, whether it is valid or nobody can tell yet.
      const undecided = verdict.tag === 'undecided'
      this.#queue = [...remaining, ...this.#queue.slice(undecided ? index : index + 1)]
      return undecided ? 'undecided' : this.#accept(queued.batch, parent)
    }
    this.#queue = remaining
    return undefined
  }

  /**
   * Whether all of a span's L1 origins are before those that blocks may still have: its last one will never be known. Read in their
   * time, such spans are decided on; after a reset, op-node waits for ever.
   */
  #isLate(batch: Batch): boolean {
    const [epoch] = this.#options.window.blocks
    return batch.type === 'span' && epoch !== undefined && batch.epochNumber(batch.blockCount - 1) < epoch.number
  }

  #accept(batch: Batch, parent: L2BlockRef): NextBatch {
    if (batch.type === 'singular') return { batch, concluding: true }
    const { config, window } = this.#options
    const span = SpanRemainder.of(batch, window.blocks, parent)
    const first = typeof span === 'string' ? undefined : span.next(parent, parent.timestamp + config.blockTime)
    if (typeof span === 'string' || first === undefined) {
      const message = `a span batch that was found valid cannot be taken apart: ${typeof span === 'string' ? span : 'no block follows'}`
      throw new AppError<DeriveErrorCode>('DERIVATION_FAILED', { message, severity: 'critical' })
    }
    this.#span = span.done ? undefined : span
    return { batch: first, concluding: span.done }
  }

  /** Nothing: before Holocene, a block that the engine refuses leaves the channel as it is. */
  flush(): void {}
}
