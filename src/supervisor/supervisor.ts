import type { Clock } from '../primitives/clock.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { Wakeup } from '../primitives/wakeup.ts'
import type { DependencySet } from '../protocol/dependency-set.ts'
import type { BlockId, L1BlockRef } from '../protocol/refs.ts'
import type { Logger } from '../telemetry/logger.ts'
import { ChainControl } from './chain-control.ts'
import type { ChainParts, ChainState } from './chain-state.ts'
import { crossFrontier } from './cross-frontier.ts'
import type { DeniedBlock, SupervisorStore } from './db/supervisor-store.ts'
import { inTime, NODE_CALL_MS } from './in-time.ts'
import { L1Follower } from './l1-follower.ts'
import type { SupervisedL1 } from './ports.ts'
import { RowProgress } from './row-progress.ts'
import { SupervisorState } from './supervisor-state.ts'
import type { SupervisorView } from './view.ts'
import { type Work, workLoop } from './work-loop.ts'

/** What a {@link Supervisor} is made of. */
export interface SupervisorParts {
  /** Of the chains below. Whoever opened it closes it. */
  readonly store: SupervisorStore
  readonly dependencySet: DependencySet
  /** Every chain of the dependency set. */
  readonly chains: readonly ChainParts[]
  readonly l1: SupervisedL1
  readonly clock: Clock
  readonly logger: Logger
  /** Milliseconds between two looks at L1. Default: 2000. */
  readonly l1PollMs?: number
  /** Whether a block that is found invalid turns failsafe on. Default: yes. */
  readonly failsafeOnInvalidation?: boolean
}

const L1_POLL_MS = 2_000
const IDLE_MS = 5_000
/** Times of blocks that are judged without a pause for others. */
const ROUNDS = 500

/**
 * Supervises the chains of a dependency set: has their nodes derive them, indexes their logs, and decides block by block what is safe across
 * chains, and what is to be replaced. All that it decides outlives the process; what it is told does not, but nodes tell it again.
 */
export class Supervisor implements SupervisorView {
  readonly #parts: SupervisorParts
  readonly #state: SupervisorState
  readonly #rows: RowProgress
  readonly #l1: L1Follower
  readonly #chains: ReadonlyMap<bigint, ChainControl>
  readonly #wakeups = { rows: new Wakeup(), crossUnsafe: new Wakeup(), l1: new Wakeup() }

  /** @throws RangeError where the store is not of these chains */
  constructor(parts: SupervisorParts) {
    this.#parts = parts
    const { clock, logger, failsafeOnInvalidation = true } = parts
    const state = new SupervisorState(parts)
    const l1: SupervisedL1 = {
      ref: (id, { signal }) =>
        inTime((io) => parts.l1.ref(id, io), {
          clock,
          ms: NODE_CALL_MS,
          what: `L1 block ${id}`,
          ...(signal && { signal }),
        }),
    }
    this.#state = state
    this.#rows = new RowProgress({
      state,
      l1,
      clock,
      logger,
      failsafeOnInvalidation,
      resetChain: ({ chainId }, reason) => this.#chains.get(chainId)?.reset(reason),
    })
    this.#chains = new Map(
      [...state.chains.values()].map((chain) => [
        chain.chainId,
        new ChainControl({
          chain,
          state,
          l1,
          clock,
          logger,
          nextL1: () => this.#rows.nextL1,
          isDone: (each) => this.#rows.isDone(each),
          onProgress: () => this.#wakeups.rows.wake(),
        }),
      ]),
    )
    this.#l1 = new L1Follower({
      state,
      l1,
      logger,
      onReorg: () => {
        for (const chain of this.#chains.values()) chain.resetAll('L1 has gone over to another chain')
      },
    })
    state.onChange(() => {
      this.#wakeups.rows.wake()
      this.#wakeups.crossUnsafe.wake()
      for (const chain of this.#chains.values()) chain.wake()
    })
  }

  get dependencySet(): DependencySet {
    return this.#state.dependencySet
  }

  get chains(): ReadonlyMap<bigint, ChainState> {
    return this.#state.chains
  }

  get safety(): SupervisorView['safety'] {
    return this.#state.safety
  }

  get finalizedL1(): L1BlockRef | undefined {
    return this.#state.finalizedL1
  }

  get failsafe(): boolean {
    return this.#state.failsafe
  }

  get epoch(): number {
    return this.#state.epoch
  }

  denied(chainId: bigint, hash: Hash): DeniedBlock | undefined {
    return this.#state.denied(chainId, hash)
  }

  onChange(listener: () => void): () => void {
    return this.#state.onChange(listener)
  }

  /** Has no message executed any more, or allows it again. */
  setFailsafe(failsafe: boolean): void {
    this.#state.setFailsafe(failsafe)
  }

  /** Reads blocks of a chain up to a number, as far as its node has them. Another chain than those supervised is passed over. */
  wanted(chainId: bigint, number: bigint): void {
    const chain = this.#state.chains.get(chainId)
    if (chain === undefined || chain.unsafeGoal !== undefined || number <= (chain.logs.tip?.number ?? number)) return
    chain.unsafeGoal = { number }
    chain.wakeup.wake()
  }

  /** Takes note of a block that derives from L1 up to a block, as a node has told. */
  async offer(chainId: bigint, localSafe: BlockId, derivedFrom: BlockId, { signal }: IoOptions): Promise<void> {
    await this.#state.write(() => {
      signal?.throwIfAborted()
      const chain = this.#state.chains.get(chainId)
      if (chain === undefined) return
      chain.firstSource ??= derivedFrom.number
      chain.track.exhausted(derivedFrom, localSafe)
      chain.wakeup.wake()
      this.#wakeups.rows.wake()
    })
  }

  /**
   * Supervises until the signal is aborted.
   * @throws AppError of severity `critical` where what is stored cannot be relied on, or changed, any more
   */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger, l1PollMs = L1_POLL_MS } = this.#parts
    const ended = new AbortController()
    const both = AbortSignal.any([signal, ended.signal])
    const work = (name: string, wakeup: Wakeup, step: Work['step']) =>
      workLoop({ name, wakeup, step, clock, logger }, both)
    const all = [
      work('following L1', this.#wakeups.l1, async (each) => {
        await this.#l1.look({ signal: each })
        for (const chain of this.#chains.values()) chain.onL1()
        this.#wakeups.rows.wake()
        return l1PollMs
      }),
      work('rows', this.#wakeups.rows, async (each) => ((await this.#rows.step({ signal: each })) ? 0 : IDLE_MS)),
      work('cross-unsafe', this.#wakeups.crossUnsafe, async () => (this.#crossUnsafe() ? 0 : IDLE_MS)),
      ...[...this.#chains.values()].map((chain) => chain.run(both)),
    ]
    try {
      await Promise.all(all)
    } catch (error) {
      logger.fatal({ error }, 'the supervisor stops')
      throw error
    } finally {
      ended.abort(new Error('the supervisor has ended'))
      await Promise.allSettled(all)
    }
  }

  /** Goes on with how far the messages of unsafe blocks hold. @returns whether there is more */
  #crossUnsafe(): boolean {
    const state = this.#state
    const chains = new Map(
      [...state.chains.values()].flatMap((chain) => {
        const { chainId, logs, heads } = chain
        if (heads === undefined) return []
        return [[chainId, { logs, from: heads.crossUnsafe.number, limit: heads.localUnsafe.number }] as const]
      }),
    )
    const { valid, more } = crossFrontier(state, chains, ROUNDS)
    let changed = false
    for (const [chainId, number] of valid) {
      const chain = state.chains.get(chainId)
      if (chain === undefined || number === chains.get(chainId)?.from) continue
      chain.crossUnsafe = number
      changed = true
    }
    if (changed) state.changed()
    return more
  }
}
