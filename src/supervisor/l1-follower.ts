import { AppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { L1BlockRef } from '../protocol/refs.ts'
import type { Logger } from '../telemetry/logger.ts'
import { lastCanonicalRow } from './canonical-row.ts'
import type { LogRewind } from './db/decisions.ts'
import type { SuperSafeRow } from './db/super-safe-db.ts'
import { isStoredBlock } from './db/super-safe-entry.ts'
import type { SupervisorErrorCode } from './errors.ts'
import type { SupervisedL1 } from './ports.ts'
import type { SupervisorState } from './supervisor-state.ts'

/** What following L1 needs. */
export interface L1FollowerParts {
  readonly state: SupervisorState
  readonly l1: SupervisedL1
  readonly logger: Logger
  /** Rows were dropped: whoever derives has to begin anew. */
  readonly onReorg: () => void
}

/**
 * Looks at L1: drops the rows of L1 blocks that are not canonical any more, and says what is final. A block that L1 does not know is none that
 * it has replaced: nothing follows from it.
 */
export class L1Follower {
  readonly #parts: L1FollowerParts

  constructor(parts: L1FollowerParts) {
    this.#parts = parts
  }

  /** @throws AppError FINALIZED_L1_REORGED */
  async look(io: IoOptions): Promise<void> {
    const { state, l1 } = this.#parts
    const head = await l1.ref('latest', io)
    const finalized = await l1.ref('finalized', io)
    const { tip } = state.safety
    const there = tip && (await l1.ref(tip.l1.number, io))
    if (tip !== undefined && there !== undefined && !isStoredBlock(tip.l1, there)) {
      await this.#goBack(tip, io)
      return
    }
    const stray = await this.#strayDecision(io)
    if (stray !== undefined) {
      await this.#rewind(tip, stray - 1n, io)
      return
    }
    await state.write(() => {
      state.headL1 = head
      if (tip !== undefined && there !== undefined && state.safety.tip === tip) {
        state.setTipL1(there)
        if (finalized !== undefined) this.#finalize(tip, finalized)
      }
      state.changed()
    })
  }

  #finalize(tip: SuperSafeRow, finalized: L1BlockRef): void {
    const { state, logger } = this.#parts
    state.finalizedL1 = finalized
    const isAhead = finalized.number > tip.l1.number
    const row = isAhead ? tip : state.safety.row(finalized.number)
    if (row === undefined) return
    if (!isAhead && !isStoredBlock(row.l1, finalized))
      logger.warn({ number: finalized.number.toString() }, 'L1 has finalized a block of another chain')
    else state.setFinalizedRow(row.l1.number)
  }

  async #goBack(tip: SuperSafeRow, io: IoOptions): Promise<void> {
    const { state, l1 } = this.#parts
    const last = await lastCanonicalRow(state.safety, l1, io)
    if (last === undefined) return
    if (state.finalizedRow !== undefined && last < state.finalizedRow)
      throw new AppError<SupervisorErrorCode>('FINALIZED_L1_REORGED', {
        message: `L1 has another block than ${state.finalizedRow}, which it has finalized`,
        severity: 'temporary',
      })
    await this.#rewind(tip, last, io)
  }

  /** The L1 number with which blocks were found invalid that have no row yet, where that L1 block is not canonical any more. */
  async #strayDecision(io: IoOptions): Promise<bigint | undefined> {
    const { state, l1 } = this.#parts
    const decided = state.safety.tip?.l1.number ?? -1n
    for (const { source } of state.store.deniedBlocks) {
      const there = source.number > decided ? await l1.ref(source.number, io) : undefined
      if (there !== undefined && there.hash !== source.hash) return source.number
    }
    return undefined
  }

  /** Forgets what was decided with L1 blocks above a number. */
  async #rewind(tip: SuperSafeRow | undefined, last: bigint, io: IoOptions): Promise<void> {
    const { state, l1, logger, onReorg } = this.#parts
    const block = await l1.ref(last, io)
    await state.write(async () => {
      if (state.safety.tip !== tip) return
      logger.warn({ to: last.toString() }, 'L1 has gone over to another chain')
      const isEmpty = state.safety.first === undefined || last < state.safety.first.number
      const logs = isEmpty && tip !== undefined ? this.#withoutFirst() : []
      await state.store.decide({ tag: 'rewind', l1Number: last, logs }, {})
      if (block !== undefined) state.setTipL1(block)
      for (const { track } of state.chains.values()) track.clear()
      state.rewound()
      onReorg()
    })
  }

  /** The first block of a chain that is not genesis may be another one when no row is left. */
  #withoutFirst(): readonly LogRewind[] {
    return [...this.#parts.state.chains.values()].flatMap((chain) => {
      if (chain.first?.isGenesis !== false || chain.logs.first === undefined) return []
      chain.firstSource = undefined
      return [{ chainId: chain.chainId, to: chain.logs.first.number - 1n }]
    })
  }
}
