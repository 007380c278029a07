import { AppError } from '../../primitives/errors.ts'
import type { DriverState } from '../driver-state.ts'
import type { Effect } from '../effect.ts'
import { isReady } from '../heads.ts'
import { withInvalidation } from '../invalidations.ts'
import type { CrossChainView, DriverErrorCode, L2Chain } from '../ports.ts'

const REASON = 'a message that it executes does not hold'

/** What {@link interopSafetyProgression} works with. */
export interface InteropSafetyProgressionParts {
  readonly l2: Pick<L2Chain, 'ref'>
  /** Undefined: blocks are cross-unsafe as soon as they are unsafe. */
  readonly crossChain: CrossChainView | undefined
}

/**
 * Looks at the messages that the block after the cross-unsafe head executes: they hold, and it is the cross-unsafe head; they do not,
 * and it goes; or nobody knows yet, and it is looked at again when more is known of other chains.
 * @see driver specification, "Interop safety progression"
 */
export function interopSafetyProgression({ l2, crossChain }: InteropSafetyProgressionParts): Effect {
  return {
    name: 'interop-safety-progression',
    timeoutMs: 20_000,
    reads: ({ heads, branch, reset }: DriverState) => [heads?.crossUnsafe, branch, reset],
    writes: ['heads', 'undecided', 'invalidations'],
    when(state) {
      const { undecided, remoteView, invalidations, branch } = state
      if (crossChain === undefined || !isReady(state) || invalidations.length > 0) return undefined
      const { crossUnsafe, unsafe } = state.heads
      if (crossUnsafe.number >= unsafe.number) return undefined
      const known =
        undecided?.after === crossUnsafe.hash && undecided.branch === branch && undecided.view === remoteView
      return known ? undefined : { why: `block ${crossUnsafe.number + 1n}`, uses: [] }
    },
    async run({ heads, remoteView, branch }, io) {
      if (heads === undefined || crossChain === undefined) throw new TypeError('nothing is to be looked at')
      const { crossUnsafe } = heads
      const block = await l2.ref(crossUnsafe.number + 1n, io)
      if (block?.parentHash !== crossUnsafe.hash) {
        throw new AppError<DriverErrorCode>('HEADS_NOT_FOUND', {
          message: `the engine has no block after ${crossUnsafe.hash}:${crossUnsafe.number}`,
          severity: 'reset',
        })
      }
      const verdict = await crossChain.check(block, io)
      switch (verdict) {
        case 'undecided':
          return { patch: () => ({ undecided: { after: crossUnsafe.hash, branch, view: remoteView } }), note: verdict }
        case 'invalid':
          return {
            patch: ({ invalidations }) => ({
              invalidations: withInvalidation(invalidations, { block, reason: REASON }),
            }),
            note: verdict,
          }
        case 'valid':
          return {
            patch: ({ heads: now }) => {
              if (now === undefined) return {}
              // What was derived before its messages were looked at is safe with this.
              const safe = block.number <= now.localSafe.number ? block : now.crossSafe
              return { heads: { ...now, crossUnsafe: block, crossSafe: safe } }
            },
          }
      }
    },
  }
}
