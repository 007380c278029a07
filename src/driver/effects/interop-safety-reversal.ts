import type { ForkchoiceController } from '../../engine/forkchoice-controller.ts'
import { AppError } from '../../primitives/errors.ts'
import type { L2BlockRef } from '../../protocol/refs.ts'
import type { RollupConfig } from '../../protocol/rollup-config.ts'
import type { DriverState } from '../driver-state.ts'
import type { Effect, Patch } from '../effect.ts'
import { isReady, labelsOf, movedUnsafe } from '../heads.ts'
import { withoutInvalidation } from '../invalidations.ts'
import { payloadRef } from '../payload-ref.ts'
import type { DriverErrorCode, L2Chain } from '../ports.ts'
import { replacementAttributes } from '../replacement-attributes.ts'

/** What {@link interopSafetyReversal} works with. */
export interface InteropSafetyReversalParts {
  readonly config: RollupConfig
  readonly l2: Pick<L2Chain, 'ref' | 'payload'>
  readonly forkchoice: Pick<ForkchoiceController, 'build'>
}

/**
 * Takes a block back that other chains have made invalid, and all that stands on it: another one with its deposits alone takes its
 * place, and it is never taken in again.
 * @see driver specification, "Interop safety reversal"
 */
export function interopSafetyReversal({ config, l2, forkchoice }: InteropSafetyReversalParts): Effect {
  return {
    name: 'interop-safety-reversal',
    timeoutMs: 60_000,
    reads: ({ invalidations, reset }) => [invalidations[0], reset],
    writes: ['heads', 'branch', 'build', 'engine', 'invalidations', 'denied', 'reset', 'attributes'],
    when(state) {
      const [invalidation] = state.invalidations
      if (!isReady(state) || invalidation === undefined) return undefined
      return {
        why: `block ${invalidation.block.number}: ${invalidation.reason}`,
        uses: ['engine', 'pipeline', 'safe-heads'],
      }
    },
    async run({ heads, invalidations }, io) {
      const [invalidation] = invalidations
      if (heads === undefined || invalidation === undefined) throw new TypeError('no block is invalid')
      const { block } = invalidation
      const done = (now: DriverState): Patch => ({
        invalidations: withoutInvalidation(now.invalidations, invalidation),
        denied: new Set([...now.denied, block.hash]),
      })
      const payload = await l2.payload(block.number, io)
      if (payload?.hash !== block.hash) {
        // The chain has left it already.
        return { patch: done, note: 'not canonical' }
      }
      const parent = await l2.ref(block.parentHash, io)
      if (parent === undefined || block.number <= heads.finalized.number) {
        throw new AppError<DriverErrorCode>('CHAIN_MISMATCH', {
          message: `block ${block.hash}:${block.number} is invalid, but final`,
          severity: 'critical',
        })
      }
      const back = (ref: L2BlockRef): L2BlockRef => (ref.number < parent.number ? ref : parent)
      const rewound = {
        unsafe: heads.unsafe,
        crossUnsafe: back(heads.crossUnsafe),
        pendingSafe: back(heads.pendingSafe),
        localSafe: back(heads.localSafe),
        crossSafe: back(heads.crossSafe),
        finalized: heads.finalized,
      }
      const built = await forkchoice.build(
        parent,
        labelsOf(rewound),
        { attributes: replacementAttributes(config, payload) },
        io,
      )
      if (built.tag === 'refused') {
        throw new AppError<DriverErrorCode>('DEPOSITS_REFUSED', {
          message: `the block in the place of ${block.hash} is refused: ${built.reason}`,
          severity: 'critical',
        })
      }
      const ref = payloadRef(config, built.payload)
      return {
        note: `${ref.hash} in its place`,
        patch: (now) => ({
          ...movedUnsafe({ ...now, heads: rewound }, ref, { told: rewound, checksMessages: true }),
          ...done(now),
          attributes: undefined,
          reset: { reason: `block ${block.number} was replaced` },
        }),
      }
    },
  }
}
