import type { DeliverableBlock } from '../builder/service.ts'
import type { Clock } from '../primitives/clock.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Wakeup } from '../primitives/wakeup.ts'
import { mustExcludePool } from '../protocol/origin-selection.ts'
import type { L2BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import { RETRY_MS, type Setback, setbackOf } from './failures.ts'
import type { HeadGate } from './head-gate.ts'
import type { HeadWatch } from './head-watch.ts'
import type { SequencerActivity, SequencerObserver } from './observer.ts'
import type { Origins } from './origins.ts'
import type { BlockDelivery, BlockMaker, BlockPlan, ChainStatus, DaAllowance } from './ports.ts'
import { type BlockTiming, blockTiming } from './timing.ts'

/** Between two looks at the head while a block fills, in milliseconds. */
const LOOK_MS = 500

const NO_CHAIN: Setback = { reason: 'noChain', detail: 'the node has no chain yet', waitMs: RETRY_MS }

/** What making blocks takes. */
export interface BlockCycleContext {
  readonly config: Pick<RollupConfig, 'forks' | 'blockTime' | 'maxSequencerDrift'>
  readonly status: ChainStatus
  readonly origins: Pick<Origins, 'next' | 'reset'>
  readonly maker: BlockMaker
  readonly delivery: BlockDelivery
  readonly allowance: DaAllowance
  readonly gate: HeadGate
  readonly clock: Clock
  readonly observer: SequencerObserver
  /** How long before a block is due filling ends, in milliseconds. */
  readonly sealLeadMs: number
}

/** What follows from one turn: a time to sleep, a setback, or (undefined) the next turn at once. */
export type Pause = { readonly waitMs: number } | Setback | undefined

/** Makes one block after another, each from a look at the head to being the head, or tells why not. */
export class BlockCycle {
  readonly #context: BlockCycleContext
  readonly #watch: HeadWatch
  readonly #wakeup: Wakeup
  readonly #show: (activity: SequencerActivity) => void
  readonly #blockTimeMs: number
  #intervalMs: number | undefined
  #previousDue: number | undefined
  /** Take each next L1 block as origin as soon as it is there, and nothing from the pool. */
  recover: boolean

  /** @param wakeup ends a wait for the time to seal @param show told what is being done */
  constructor(
    context: BlockCycleContext,
    watch: HeadWatch,
    wakeup: Wakeup,
    show: (activity: SequencerActivity) => void,
    recover: boolean,
  ) {
    this.#context = context
    this.#watch = watch
    this.#wakeup = wakeup
    this.#show = show
    this.#blockTimeMs = Number(context.config.blockTime) * 1000
    this.recover = recover
  }

  /** Milliseconds between blocks; undefined: as their timestamps say. */
  set interval(ms: number | undefined) {
    this.#intervalMs = ms
    this.#previousDue = undefined
  }

  get interval(): number | undefined {
    return this.#intervalMs
  }

  /**
   * One block; never rejects.
   * @param signal ends work on a block that is not complete yet
   * @param outlasting ends also what must not be interrupted otherwise
   */
  turn(signal: AbortSignal, outlasting: IoOptions): Promise<Pause> {
    return this.#attempt(signal, () => this.#next({ signal }, outlasting))
  }

  /** Finishes a delivery that has not come to its end, if there is one on the head; never rejects. */
  async finish(signal: AbortSignal): Promise<Setback | undefined> {
    const pause = await this.#attempt(signal, async () => {
      const heads = await this.#context.status.read({ signal })
      if (heads === undefined) return NO_CHAIN
      const begun = await this.#context.delivery.next(heads.unsafe, { signal })
      if (begun !== undefined) await this.#resume(begun, { signal })
      return undefined
    })
    return pause !== undefined && 'reason' in pause ? pause : undefined
  }

  async #attempt(signal: AbortSignal, work: () => Promise<Pause>): Promise<Pause> {
    try {
      return await work()
    } catch (error) {
      // What was interrupted has not failed.
      if (signal.aborted) return undefined
      const setback = setbackOf(error, this.#blockTimeMs)
      if (setback.reason === 'l1Reorg') this.#context.origins.reset()
      this.#context.observer.failed(error, setback.reason)
      return setback
    }
  }

  async #next(io: { readonly signal: AbortSignal }, outlasting: IoOptions): Promise<Pause> {
    const { status, delivery, clock, sealLeadMs } = this.#context
    const heads = await status.read(io)
    if (heads === undefined) return NO_CHAIN
    const reason = await this.#watch.reasonToWait(heads, io)
    if (reason !== undefined) return reason
    const begun = await delivery.next(heads.unsafe, io)
    if (begun !== undefined) {
      await this.#resume(begun, outlasting)
      return undefined
    }
    const pace = { blockTimeMs: this.#blockTimeMs, sealLeadMs, intervalMs: this.#intervalMs }
    const now = clock.now()
    const timing = blockTiming(pace, heads.unsafe.timestamp, now, this.#previousDue)
    if (timing.begin > now) return { waitMs: timing.begin - now }
    return this.#build(heads.unsafe, timing, io, outlasting)
  }

  /** Goes on with a block whose delivery has not come to its end. */
  #resume(block: DeliverableBlock, io: IoOptions): Promise<void> {
    const { gate, clock } = this.#context
    return gate.run(() => this.#deliver(block, clock.now(), io))
  }

  async #build(
    parent: L2BlockRef,
    timing: BlockTiming,
    io: { readonly signal: AbortSignal },
    outlasting: IoOptions,
  ): Promise<Pause> {
    const { maker, clock, observer, gate } = this.#context
    const plan = await this.#plan(parent, timing, io)
    if (plan === undefined) {
      const detail = `L1 block ${parent.l1Origin.number + 1n} is needed as the next origin`
      return { reason: 'l1Origin', detail, waitMs: RETRY_MS }
    }
    this.#show({ tag: 'building', parent: parent.hash, number: parent.number + 1n })
    const making = await maker.begin(plan, io)
    let block: DeliverableBlock
    try {
      if (!(await this.#fill(parent, timing.seal, io))) {
        await making.cancel()
        observer.dropped(parent.hash)
        return undefined
      }
      block = await making.seal(io)
    } catch (error) {
      await making.cancel()
      throw error
    }
    this.#previousDue = timing.due
    observer.sealed(block, { latenessMs: clock.now() - timing.due })
    await gate.run(() => this.#hand(block, parent, timing.due, io, outlasting))
    return undefined
  }

  /** Undefined where L1 does not have the next origin yet. */
  async #plan(parent: L2BlockRef, { seal }: BlockTiming, io: IoOptions): Promise<BlockPlan | undefined> {
    const { config, origins, allowance } = this.#context
    const recover = this.recover
    const choice = await origins.next(parent, recover, io)
    if (choice.tag === 'needNext') return undefined
    const { hash, number, timestamp: originTime } = choice.origin
    const timestamp = parent.timestamp + config.blockTime
    return {
      parent,
      l1Origin: { hash, number },
      timestamp,
      noTxPool: recover || mustExcludePool(config, timestamp, originTime),
      fillUntil: seal,
      allowance: allowance.next(),
    }
  }

  /** Waits until filling ends. @returns false when the block is of no use any more */
  async #fill(parent: L2BlockRef, until: number, io: { readonly signal: AbortSignal }): Promise<boolean> {
    const { clock, status } = this.#context
    const end = new AbortController()
    const within = { signal: AbortSignal.any([io.signal, end.signal]) }
    let moved = false
    let look: Promise<void> | undefined
    try {
      for (let left = until - clock.now(); left > 0; left = until - clock.now()) {
        await this.#wakeup.waitAtMost(Math.min(left, LOOK_MS), clock)
        io.signal.throwIfAborted()
        if (moved) return false
        // The time to seal waits for no node. Whether this one answers does not matter yet: it has to before the block is delivered.
        look ??= status.read(within).then(
          (heads) => {
            look = undefined
            moved = heads !== undefined && heads.unsafe.hash !== parent.hash
            if (moved) this.#wakeup.wake()
          },
          () => {
            look = undefined
          },
        )
      }
      return true
    } finally {
      end.abort()
      await look
    }
  }

  /** Delivers a block, unless the head has moved while it was made. */
  async #hand(
    block: DeliverableBlock,
    parent: L2BlockRef,
    due: number,
    io: { readonly signal: AbortSignal },
    outlasting: IoOptions,
  ): Promise<void> {
    const { status, observer } = this.#context
    const heads = await status.read(io)
    io.signal.throwIfAborted()
    if (heads?.unsafe.hash !== parent.hash) {
      observer.dropped(parent.hash)
      return
    }
    await this.#deliver(block, due, outlasting)
  }

  async #deliver(block: DeliverableBlock, due: number, io: IoOptions): Promise<void> {
    const { delivery, clock, observer, allowance } = this.#context
    const { hash } = block
    const { number } = block.header
    this.#show({ tag: 'delivering', hash, number })
    await delivery.deliver(block, io)
    this.#watch.delivered({ hash, number })
    allowance.built(block)
    observer.delivered(block, { latenessMs: clock.now() - due })
  }
}
