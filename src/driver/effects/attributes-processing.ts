import type { DerivationPipeline } from '../../derive/pipeline.ts'
import type { ForkchoiceController } from '../../engine/forkchoice-controller.ts'
import { AppError } from '../../primitives/errors.ts'
import type { IoOptions } from '../../primitives/io.ts'
import type { Payload } from '../../protocol/payload.ts'
import type { L2BlockRef } from '../../protocol/refs.ts'
import type { RollupConfig } from '../../protocol/rollup-config.ts'
import type { DriverState, Heads, PendingAttributes } from '../driver-state.ts'
import type { Effect, Outcome } from '../effect.ts'
import { type Directed, isReady, labelsOf, movedSafe, movedUnsafe } from '../heads.ts'
import { payloadRef } from '../payload-ref.ts'
import type { DriverErrorCode, SafeHeadRecord } from '../ports.ts'
import { type ReplacementForm, replacementAttributes } from '../replacement-attributes.ts'

const DEPOSIT_TYPE = 0x7e

/** What {@link attributesProcessing} works with. */
export interface AttributesProcessingParts {
  readonly config: RollupConfig
  readonly forkchoice: Pick<ForkchoiceController, 'build' | 'update'>
  readonly pipeline: Pick<DerivationPipeline, 'depositsOnly'>
  readonly safeHeads: Pick<SafeHeadRecord, 'record'>
  readonly checksMessages: boolean
  readonly finalityLookback?: number | undefined
  readonly directed?: Directed | undefined
  /** What stands for a block that is denied; its deposits alone where it is left out. */
  readonly replacement?: ReplacementForm | undefined
}

function isDepositsOnly({ attributes }: PendingAttributes): boolean {
  return attributes.transactions.every((raw) => raw[0] === DEPOSIT_TYPE)
}

/**
 * Builds the derived block where the chain has none at its height, or another one, which goes then. From Holocene, attributes that the
 * engine refuses are replaced by their deposits alone; before, they are passed over, and what they replaced comes back.
 * @see driver specification, "Payload attributes processing"
 */
export function attributesProcessing(parts: AttributesProcessingParts): Effect {
  const { config, forkchoice, pipeline, safeHeads, checksMessages, finalityLookback, directed, replacement } = parts

  async function placed(told: Heads, attributes: PendingAttributes, payload: Payload, io: IoOptions): Promise<Outcome> {
    const ref = payloadRef(config, payload)
    if (attributes.concluding && directed?.(ref) !== true) await safeHeads.record(ref, attributes.derivedFrom, io)
    const patch: Outcome['patch'] = (now) => {
      const { heads } = now
      if (heads === undefined) return {}
      const replaced: L2BlockRef | undefined = ref.number <= heads.unsafe.number ? heads.unsafe : now.backupUnsafe
      const unsafe = movedUnsafe({ ...now, heads }, ref, { told, checksMessages, directed })
      return {
        ...unsafe,
        backupUnsafe: replaced,
        ...movedSafe({ ...now, ...unsafe }, ref, attributes, { finalityLookback, directed }),
      }
    }
    return { patch, note: `block ${ref.number}: ${ref.hash}` }
  }

  function depositsOnly(attributes: PendingAttributes, note: string, denied: Payload | undefined): Outcome {
    const derived = pipeline.depositsOnly(attributes.parent, attributes.derivedFrom)
    const marked = denied && replacement && { attributes: replacementAttributes(config, denied, replacement) }
    // The chain may hold such a block already: it is compared first.
    return { patch: () => ({ attributes: { ...derived, ...marked, mismatch: undefined, depositsOnly: true } }), note }
  }

  async function passedOver(
    state: DriverState & { readonly heads: Heads },
    note: string,
    io: IoOptions,
  ): Promise<Outcome> {
    const { heads, backupUnsafe } = state
    const status = backupUnsafe && (await forkchoice.update({ head: backupUnsafe.hash, ...labelsOf(heads) }, io))
    return {
      note,
      patch(now) {
        if (now.heads === undefined) return {}
        const reverted = { ...now, heads: { ...now.heads, pendingSafe: now.heads.localSafe } }
        const used = { heads: reverted.heads, attributes: undefined, backupUnsafe: undefined }
        if (backupUnsafe === undefined) return used
        if (status === 'valid')
          return { ...used, ...movedUnsafe(reverted, backupUnsafe, { told: heads, checksMessages, directed }) }
        const doubt = `it does not know ${backupUnsafe.hash}, which was its head`
        return { ...used, engine: { ...now.engine, doubt } }
      },
    }
  }

  /** Some engines make the parent of a block that is begun their head: what stands above it would be missed. */
  async function stay(
    { heads, backupUnsafe }: DriverState & { readonly heads: Heads },
    holocene: boolean,
    io: IoOptions,
  ): Promise<void> {
    const { unsafe, pendingSafe } = heads
    if (unsafe.hash === pendingSafe.hash || (!holocene && backupUnsafe !== undefined)) return
    await forkchoice.update({ head: unsafe.hash, ...labelsOf(heads) }, io)
  }

  async function refused(
    state: DriverState & { readonly heads: Heads },
    attributes: PendingAttributes,
    reason: string,
    denied: Payload | undefined,
    io: IoOptions,
  ): Promise<Outcome> {
    const note = `attributes of block ${attributes.parent.number + 1n} refused: ${reason}`
    if (isDepositsOnly(attributes)) {
      throw new AppError<DriverErrorCode>('DEPOSITS_REFUSED', {
        message: `${note}, deposits alone`,
        severity: 'critical',
      })
    }
    const holocene = config.forks.isActive('holocene', attributes.derivedFrom.timestamp)
    await stay(state, holocene, io)
    return holocene ? depositsOnly(attributes, note, denied) : passedOver(state, note, io)
  }

  return {
    name: 'attributes-processing',
    timeoutMs: 60_000,
    reads: ({ heads, attributes, reset, branch }) => [heads?.pendingSafe, attributes, reset, branch],
    writes: ['heads', 'branch', 'build', 'engine', 'attributes', 'finality', 'backupUnsafe'],
    when(state) {
      const { attributes, halted } = state
      if (!isReady(state) || attributes === undefined || halted !== undefined) return undefined
      const { pendingSafe, unsafe } = state.heads
      if (attributes.parent.hash !== pendingSafe.hash) return undefined
      if (pendingSafe.hash !== unsafe.hash && attributes.mismatch === undefined) return undefined
      const why = attributes.mismatch ?? `there is no block ${pendingSafe.number + 1n} yet`
      return { why, uses: ['engine', 'pipeline', 'safe-heads'] }
    },
    async run(state, io) {
      const { heads, attributes, denied } = state
      if (heads === undefined || attributes === undefined) throw new TypeError('there are no attributes')
      let unwanted: Payload | undefined
      const plan = {
        attributes: attributes.attributes,
        refuses(payload: Payload) {
          if (!denied.has(payload.hash)) return undefined
          unwanted = payload
          return `${payload.hash} was found invalid by other chains`
        },
      }
      const outcome = await forkchoice.build(heads.pendingSafe, labelsOf(heads), plan, io)
      if (outcome.tag === 'refused') return refused({ ...state, heads }, attributes, outcome.reason, unwanted, io)
      return placed(heads, attributes, outcome.payload, io)
    },
  }
}
