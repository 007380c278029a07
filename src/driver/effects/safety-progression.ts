import type { EngineErrorCode } from '../../engine/engine-api.ts'
import type { ForkchoiceController } from '../../engine/forkchoice-controller.ts'
import { AppError } from '../../primitives/errors.ts'
import type { IoOptions } from '../../primitives/io.ts'
import type { RollupConfig } from '../../protocol/rollup-config.ts'
import type { DriverState, Heads, PendingAttributes } from '../driver-state.ts'
import type { Cause, Effect, Outcome } from '../effect.ts'
import { type Directed, isReady, labelsOf, movedSafe } from '../heads.ts'
import { attributesMismatch } from '../match-block.ts'
import { payloadRef } from '../payload-ref.ts'
import type { DriverErrorCode, L2Chain, SafeHeadRecord } from '../ports.ts'

/** Safe blocks that the engine need not be told of while more of them come. */
const TOLD_LATER = 128n

/** What {@link safetyProgression} works with. */
export interface SafetyProgressionParts {
  readonly config: RollupConfig
  readonly l2: Pick<L2Chain, 'payload' | 'ref'>
  readonly forkchoice: Pick<ForkchoiceController, 'update'>
  readonly safeHeads: Pick<SafeHeadRecord, 'record'>
  /** Whether only blocks whose messages were looked at become safe. */
  readonly checksMessages: boolean
  /** Whether the engine may sync by itself; it does not when left out. */
  readonly engineSync?: boolean
  /** L1 blocks that safe blocks are remembered for; op-node's where it is left out. */
  readonly finalityLookback?: number | undefined
  readonly directed?: Directed | undefined
}

function reset(message: string): AppError<DriverErrorCode> {
  return new AppError('HEADS_NOT_FOUND', { message, severity: 'reset' })
}

/** Whether the derived block can be compared: there is one at its height, which may become safe. */
function canCompare({ pendingSafe, unsafe, crossUnsafe }: Heads, checksMessages: boolean): boolean {
  return pendingSafe.number < (checksMessages ? crossUnsafe : unsafe).number
}

/**
 * Compares what was derived with the unsafe block of the same height: the same makes it safe, once its span is complete, and the
 * engine is told of the newest one when no more are to come. Something else is left to be replaced.
 * @see driver specification, "Safety progression"; derivation specification, "L1-Consolidation"
 */
export function safetyProgression(parts: SafetyProgressionParts): Effect {
  const { config, l2, forkchoice, safeHeads, checksMessages, finalityLookback, directed, engineSync = false } = parts

  function comparison(state: DriverState & { readonly heads: Heads }): Cause | undefined {
    const { attributes, heads, halted } = state
    if (attributes === undefined || attributes.mismatch !== undefined || halted !== undefined) return undefined
    if (attributes.parent.hash !== heads.pendingSafe.hash) return { why: 'attributes that do not follow', uses: [] }
    if (!canCompare(heads, checksMessages)) return undefined
    // Nobody is to take the engine back meanwhile from where it has gone by itself: see `checkStays`.
    const uses: Cause['uses'] = engineSync ? ['engine', 'safe-heads'] : ['safe-heads']
    return { why: `block ${heads.pendingSafe.number + 1n} was derived`, uses }
  }

  /**
   * Where the engine has gone over to another chain by itself, that block says nothing of the one that is known here. Asked after
   * the block: the engine does not come back by itself.
   */
  async function checkStays({ unsafe }: Heads, io: IoOptions): Promise<void> {
    if ((await l2.ref(unsafe.number, io))?.hash === unsafe.hash) return
    throw new AppError<EngineErrorCode>('ENGINE_SYNCING', {
      message: `the engine is on another chain than that of ${unsafe.hash}:${unsafe.number}`,
      severity: 'temporary',
    })
  }

  async function compare(
    attributes: PendingAttributes,
    { heads, denied }: Pick<DriverState, 'denied'> & { readonly heads: Heads },
    io: IoOptions,
  ): Promise<Outcome> {
    const { pendingSafe } = heads
    if (attributes.parent.hash !== pendingSafe.hash) {
      throw reset(`attributes on ${attributes.parent.hash} do not follow the pending-safe head ${pendingSafe.hash}`)
    }
    const number = pendingSafe.number + 1n
    const payload = await l2.payload(number, io)
    if (payload === undefined) throw reset(`the engine does not have block ${number}, which it had`)
    if (engineSync) await checkStays(heads, io)
    const mismatch = denied.has(payload.hash)
      ? 'other chains have made it invalid'
      : attributesMismatch(config, attributes.attributes, pendingSafe.hash, payload)
    if (mismatch !== undefined) {
      const note = `block ${number} is not what was derived: ${mismatch}`
      return { patch: () => ({ attributes: { ...attributes, mismatch } }), note }
    }
    const ref = payloadRef(config, payload)
    // Written down before anybody hears of it.
    if (attributes.concluding && directed?.(ref) !== true) await safeHeads.record(ref, attributes.derivedFrom, io)
    const rules = { finalityLookback, directed }
    return {
      patch: (now) => (now.heads === undefined ? {} : movedSafe({ ...now, heads: now.heads }, ref, attributes, rules)),
    }
  }

  async function tell(heads: Heads, io: IoOptions): Promise<Outcome> {
    const status = await forkchoice.update({ head: heads.unsafe.hash, ...labelsOf(heads) }, io)
    if (status === 'syncing') throw reset('the engine does not know the chain that it was on')
    return { patch: ({ engine }) => ({ engine: { ...engine, toldSafe: heads.crossSafe } }) }
  }

  /** Whether what is known now may make more blocks safe. */
  function isMoreToCome(state: DriverState & { readonly heads: Heads }): boolean {
    if (state.halted !== undefined) return false
    return state.attributes === undefined ? state.derivation.tag === 'ready' : comparison(state) !== undefined
  }

  function isToldLater(state: DriverState & { readonly heads: Heads }): boolean {
    const { heads, engine } = state
    if (engine.toldSafe?.hash === heads.crossSafe.hash) return true
    if (!isMoreToCome(state)) return false
    return engine.toldSafe !== undefined && heads.crossSafe.number < engine.toldSafe.number + TOLD_LATER
  }

  return {
    name: 'safety-progression',
    timeoutMs: 20_000,
    reads: ({ heads, attributes, reset, branch }) => [heads?.pendingSafe, attributes, reset, branch],
    writes: ['heads', 'attributes', 'finality', 'backupUnsafe', 'engine'],
    when(state) {
      if (!isReady(state)) return undefined
      if (!isToldLater(state)) return { why: `safe head ${state.heads.crossSafe.number}`, uses: ['engine'] }
      return comparison(state)
    },
    async run(state, io) {
      const { heads, attributes, denied } = state
      if (heads === undefined) throw new TypeError('there are no heads')
      if (!isToldLater({ ...state, heads })) return tell(heads, io)
      if (attributes === undefined) throw new TypeError('there are no attributes')
      return compare(attributes, { heads, denied }, io)
    },
  }
}
