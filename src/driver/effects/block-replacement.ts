import type { DerivationPipeline } from '../../derive/pipeline.ts'
import type { ForkchoiceController } from '../../engine/forkchoice-controller.ts'
import { AppError } from '../../primitives/errors.ts'
import type { L2BlockRef } from '../../protocol/refs.ts'
import type { RollupConfig } from '../../protocol/rollup-config.ts'
import type { DriverState, Heads, Invalidation } from '../driver-state.ts'
import type { Effect, Outcome, Patch } from '../effect.ts'
import { isReady, labelsOf, movedUnsafe } from '../heads.ts'
import { withoutInvalidation } from '../invalidations.ts'
import { attributesMismatch } from '../match-block.ts'
import { payloadRef } from '../payload-ref.ts'
import type { DriverErrorCode, L2Chain, SafeHeadRecord } from '../ports.ts'
import { type ReplacementForm, replacementAttributes } from '../replacement-attributes.ts'

/** What {@link blockReplacement} works with. */
export interface BlockReplacementParts {
  readonly config: RollupConfig
  readonly l2: Pick<L2Chain, 'ref' | 'payload'>
  readonly forkchoice: Pick<ForkchoiceController, 'build'>
  readonly pipeline: Pick<DerivationPipeline, 'reset' | 'origin'>
  readonly safeHeads: Pick<SafeHeadRecord, 'truncate'>
  readonly form: ReplacementForm
}

/** The heads with a block in the place of another; what a supervisor has to say stays below it. */
function headsWith(heads: Heads, ref: L2BlockRef, parent: L2BlockRef): Heads {
  const back = (head: L2BlockRef): L2BlockRef => (head.number < parent.number ? head : parent)
  return {
    unsafe: ref,
    crossUnsafe: back(heads.crossUnsafe),
    pendingSafe: ref,
    localSafe: ref,
    crossSafe: back(heads.crossSafe),
    finalized: heads.finalized,
  }
}

/**
 * Builds what a supervisor wants in the place of a block, and goes on deriving from there; the block is never taken in again. Where it
 * stands there already, as after a restart, nothing else is done.
 * @see driver specification, "Interop safety reversal"; managed mode specification, "interop_invalidateBlock"
 */
export function blockReplacement(parts: BlockReplacementParts): Effect {
  const { config, l2, forkchoice, pipeline, safeHeads, form } = parts

  function done(now: DriverState, invalidation: Invalidation, replacement: L2BlockRef | undefined): Patch {
    const { block } = invalidation
    const origin = now.derivation.origin
    return {
      invalidations: withoutInvalidation(now.invalidations, invalidation),
      ...(replacement !== undefined && {
        denied: new Set([...now.denied, block.hash]),
        replaced: new Map([...now.replaced, [block.hash, { block, replacement, origin }]]),
      }),
    }
  }

  return {
    name: 'interop-safety-reversal',
    timeoutMs: 60_000,
    reads: ({ invalidations, reset }) => [invalidations[0], reset],
    writes: [
      'heads',
      'branch',
      'build',
      'engine',
      'invalidations',
      'denied',
      'replaced',
      'attributes',
      'derivation',
      'provided',
      'backupUnsafe',
      'finality',
    ],
    when(state) {
      const [invalidation] = state.invalidations
      if (!isReady(state) || invalidation === undefined) return undefined
      return {
        why: `block ${invalidation.block.number}: ${invalidation.reason}`,
        uses: ['engine', 'pipeline', 'safe-heads'],
      }
    },
    async run({ heads, invalidations }, io): Promise<Outcome> {
      const [invalidation] = invalidations
      if (heads === undefined || invalidation === undefined) throw new TypeError('no block is invalid')
      const { block } = invalidation
      const passedOver = (note: string): Outcome => ({ patch: (now) => done(now, invalidation, undefined), note })
      const payload = await l2.payload(block.hash, io)
      const parent = await l2.ref(block.number - 1n, io)
      if (payload === undefined || parent?.hash !== block.parentHash) return passedOver('it is on another chain')
      if (block.number <= heads.finalized.number) return passedOver('it is final')
      const attributes = replacementAttributes(config, payload, form)
      const there = await l2.payload(block.number, io)
      if (there !== undefined && attributesMismatch(config, attributes, parent.hash, there) === undefined) {
        const ref = payloadRef(config, there)
        return { patch: (now) => done(now, invalidation, ref), note: `${ref.hash} is in its place already` }
      }
      const told = headsWith(heads, parent, parent)
      const built = await forkchoice.build(parent, labelsOf(told), { attributes }, io)
      if (built.tag === 'refused') {
        throw new AppError<DriverErrorCode>('DEPOSITS_REFUSED', {
          message: `the block in the place of ${block.hash} is refused: ${built.reason}`,
          severity: 'critical',
        })
      }
      const ref = payloadRef(config, built.payload)
      await pipeline.reset(ref, io)
      await safeHeads.truncate(told.crossSafe, io)
      const origin = pipeline.origin
      return {
        note: `${ref.hash} in its place`,
        patch: (now) => ({
          ...movedUnsafe({ ...now, heads: told }, ref, { told, checksMessages: true }),
          heads: headsWith(heads, ref, parent),
          ...done(now, invalidation, ref),
          attributes: undefined,
          backupUnsafe: undefined,
          provided: undefined,
          derivation: { tag: 'ready', origin },
          finality: now.finality.filter(({ safe }) => safe.number < ref.number),
        }),
      }
    },
  }
}
