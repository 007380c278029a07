import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../primitives/clock.ts'
import { errorMessage } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import { encodeOutput } from '../protocol/output-root.ts'
import type { BlockId, L1BlockRef } from '../protocol/refs.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { ChainState } from './chain-state.ts'
import { crossFrontier, type Frontier, type StoppedAt } from './cross-frontier.ts'
import type { Invalidation } from './db/decisions.ts'
import { inTime, NODE_CALL_MS } from './in-time.ts'
import { nextRow } from './next-row.ts'
import type { SupervisedL1 } from './ports.ts'
import type { SupervisorState } from './supervisor-state.ts'

/** Times of blocks that are judged without a pause for others. */
const ROUNDS = 500

/** What deciding about rows needs. */
export interface RowProgressParts {
  readonly state: SupervisorState
  readonly l1: SupervisedL1
  readonly clock: Clock
  readonly logger: Logger
  readonly failsafeOnInvalidation: boolean
  /** What a chain's node tells is not to be relied on: it is to begin anew. */
  readonly resetChain: (chain: ChainState, reason: string) => void
}

/** How far each chain is with an L1 block, as it was read. */
interface RowView {
  readonly rewinds: number
  readonly l1Number: bigint
  readonly localSafe: ReadonlyMap<ChainState, BlockId>
}

/**
 * Decides about the next L1 block, once every chain has derived it: which blocks are cross-safe with it, or which are invalid. Nothing that is
 * missing makes a block invalid: it only has to wait.
 */
export class RowProgress {
  readonly #parts: RowProgressParts
  /** The L1 block for which a node was reset because it had left it out. */
  readonly #asked = new Map<ChainState, bigint>()

  constructor(parts: RowProgressParts) {
    this.#parts = parts
  }

  /** The next L1 block to decide about; undefined while a chain's first block is not known. */
  get nextL1(): bigint | undefined {
    const { state } = this.#parts
    const { tip } = state.safety
    if (tip !== undefined) return tip.l1.number + 1n
    let highest: bigint | undefined
    for (const { firstSource, logs } of state.chains.values()) {
      if (firstSource === undefined || logs.first === undefined) return undefined
      if (highest === undefined || firstSource > highest) highest = firstSource
    }
    return highest
  }

  /** Whether a chain has derived all of the next L1 block. */
  isDone(chain: ChainState): boolean {
    const next = this.nextL1
    if (next === undefined) return false
    const isFirst = this.#parts.state.safety.tip === undefined && chain.first?.isGenesis === true
    return (chain.track.doneTo ?? -1n) >= next || (isFirst && chain.firstSource === next)
  }

  /** Decides, where it can be. @returns whether there may be more */
  async step(io: IoOptions): Promise<boolean> {
    const { state } = this.#parts
    const view = state.store.pending.length > 0 ? undefined : this.#read()
    if (view === undefined) return false
    const l1 = await this.#canonical(view, io)
    if (l1 === undefined || !this.#isCurrent(view)) return false
    const frontier = await this.#judge(view)
    if (frontier === undefined) return true
    if (frontier.invalid.length > 0) await this.#invalidate(view, l1, frontier.invalid, io)
    else await this.#advance(view, l1, frontier)
    return true
  }

  #read(): RowView | undefined {
    const { state } = this.#parts
    const l1Number = this.nextL1
    if (l1Number === undefined) return undefined
    const localSafe = new Map<ChainState, BlockId>()
    for (const chain of state.chains.values()) {
      const found = this.isDone(chain) ? this.#localSafe(chain, l1Number) : undefined
      if (found === undefined) return undefined
      localSafe.set(chain, found)
    }
    return { rewinds: state.rewinds, l1Number, localSafe }
  }

  /** The last block of a chain that derives from L1 up to a block; undefined where that is not certain yet. */
  #localSafe(chain: ChainState, l1Number: bigint): BlockId | undefined {
    const { state, resetChain } = this.#parts
    const standing = state.standing(chain)
    if (standing === undefined) return undefined
    const step = chain.track.upTo(l1Number)
    const later = chain.track.from(l1Number)
    const block = step !== undefined && step.derived.number > standing.number ? step.derived : standing
    const isTold = step?.source.number === l1Number || later === undefined || later.derived.number <= block.number
    if (!isTold && this.#asked.get(chain) !== l1Number) {
      this.#asked.set(chain, l1Number)
      resetChain(chain, `has left out what derives from L1 block ${l1Number}`)
      return undefined
    }
    if (chain.has(block)) return block
    if (chain.goal() === undefined && block === standing) {
      chain.unsafeGoal = standing
      chain.wakeup.wake()
    } else if (chain.goal() === undefined) resetChain(chain, `has told of another block ${block.number} before`)
    return undefined
  }

  #isCurrent({ rewinds, l1Number, localSafe }: RowView): boolean {
    if (this.#parts.state.rewinds !== rewinds || this.nextL1 !== l1Number) return false
    return [...localSafe].every(([chain, block]) => {
      const now = this.isDone(chain) ? this.#localSafe(chain, l1Number) : undefined
      return now?.hash === block.hash
    })
  }

  /** The L1 block, if all chains are on the chain that it is canonical on. */
  async #canonical({ l1Number, localSafe }: RowView, io: IoOptions): Promise<L1BlockRef | undefined> {
    const { state, l1, resetChain } = this.#parts
    const block = await l1.ref(l1Number, io)
    const before = state.tipL1
    if (block === undefined || (state.safety.tip !== undefined && block.parentHash !== before?.hash)) return undefined
    // What was found invalid with another L1 block of this number is going to be forgotten.
    if (state.store.deniedBlocks.some(({ source }) => source.number === l1Number && source.hash !== block.hash))
      return undefined
    for (const chain of localSafe.keys()) {
      const step = chain.track.from(l1Number)
      if (step === undefined) continue
      const { source } = step
      const there = source.number === l1Number ? block : await l1.ref(source.number, io)
      if (there === undefined) return undefined
      if (there.hash === source.hash) continue
      if (chain.track.from(l1Number) === step) resetChain(chain, `L1 block ${source.number} is another one`)
      return undefined
    }
    return block
  }

  /** Judges without keeping others waiting; undefined where something was dropped meanwhile. */
  async #judge(view: RowView): Promise<Frontier | undefined> {
    const { state } = this.#parts
    let valid: ReadonlyMap<bigint, bigint> = new Map(
      [...state.chains.values()].map((chain) => [chain.chainId, state.crossSafeNumber(chain)]),
    )
    for (;;) {
      const chains = new Map(
        [...view.localSafe].map(([{ chainId, logs }, { number }]) => {
          const from = valid.get(chainId) as bigint
          return [chainId, { logs, from, limit: number > from ? number : from }]
        }),
      )
      const frontier = crossFrontier(state, chains, ROUNDS)
      if (!frontier.more) return frontier
      valid = frontier.valid
      await setImmediate()
      if (!this.#isCurrent(view)) return undefined
    }
  }

  async #advance(view: RowView, l1: L1BlockRef, frontier: Frontier): Promise<void> {
    const { state, logger } = this.#parts
    const chains = [...view.localSafe].map(([{ chainId, logs }, localSafe]) => {
      const replacements = new Set(state.deniedOf(chainId).map(({ replacement }) => replacement?.hash))
      return { chainId, logs, localSafe, isReplacement: ({ hash }: BlockId) => replacements.has(hash) }
    })
    await state.write(async () => {
      if (!this.#isCurrent(view)) return
      await state.store.decide({ tag: 'advance', row: nextRow(l1, chains, frontier) }, {})
      state.setTipL1(l1)
      for (const { track } of state.chains.values()) track.settle(l1.number)
      this.#asked.clear()
      state.changed()
      for (const { chainId, block, reason } of frontier.waiting)
        logger.debug({ chainId: chainId.toString(), number: block.number.toString(), reason }, 'block waits')
    })
  }

  async #invalidate(view: RowView, l1: L1BlockRef, stopped: readonly StoppedAt[], io: IoOptions): Promise<void> {
    const { state, logger, failsafeOnInvalidation } = this.#parts
    const source = { hash: l1.hash, number: l1.number }
    const invalidations: Invalidation[] = []
    for (const { chainId, block } of stopped) {
      const { hash, number } = block
      invalidations.push({ chainId, block: { hash, number }, source, payload: await this.#output(chainId, block, io) })
    }
    await state.write(async () => {
      if (!this.#isCurrent(view)) return
      await state.store.decide({ tag: 'invalidate', invalidations }, {})
      for (const { chainId, block, reason } of stopped) {
        const fields = { chainId: chainId.toString(), number: block.number.toString(), hash: block.hash, reason }
        logger.warn(fields, 'block is invalid, and to be replaced')
        const chain = state.chains.get(chainId)
        if (chain !== undefined) chain.unsafeGoal = undefined
        chain?.track.clear()
      }
      state.rewound()
      if (failsafeOnInvalidation) state.setFailsafe(true)
    })
  }

  /** The output of a block, which nodes forget once it is replaced; nothing where nobody has it. */
  async #output(chainId: bigint, block: BlockId & { readonly timestamp: bigint }, io: IoOptions): Promise<Uint8Array> {
    const { state, logger, clock } = this.#parts
    for (const node of state.chains.get(chainId)?.nodes ?? []) {
      try {
        const what = `${node.name}: outputAt`
        const output = await inTime((each) => node.outputAt(block.timestamp, each), {
          clock,
          ms: NODE_CALL_MS,
          what,
          ...io,
        })
        if (output.blockHash === block.hash) return encodeOutput(output)
      } catch (error) {
        if (io.signal?.aborted === true) throw error
        logger.debug({ node: node.name, error: errorMessage(error) }, 'no output of an invalid block')
      }
    }
    return new Uint8Array(0)
  }
}
