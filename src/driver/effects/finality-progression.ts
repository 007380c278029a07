import type { ForkchoiceController } from '../../engine/forkchoice-controller.ts'
import { AppError } from '../../primitives/errors.ts'
import type { BlockId, L1BlockRef } from '../../protocol/refs.ts'
import type { DriverState } from '../driver-state.ts'
import type { Effect } from '../effect.ts'
import { finalizedBy, isReadToEnd, type SafeWith } from '../finality-buffer.ts'
import { isReady } from '../heads.ts'
import type { DriverErrorCode, L1Refs } from '../ports.ts'

/** What {@link finalityProgression} works with. */
export interface FinalityProgressionParts {
  readonly l1: L1Refs
  readonly forkchoice: Pick<ForkchoiceController, 'update'>
}

function finalizable({
  heads,
  l1,
  finality,
  derivation,
}: DriverState): { readonly entry: SafeWith; readonly l1: L1BlockRef } | undefined {
  if (heads === undefined || l1.finalized === undefined) return undefined
  // Of an L1 block that is being read, more may become safe: what is final is all that it has made so, whoever asks later.
  const isWhole = (index: number, { derivedFrom }: SafeWith): boolean =>
    index < finality.length - 1 || isReadToEnd(derivation, derivedFrom)
  const entry = finalizedBy(
    finality.filter((each, index) => each.safe.number <= heads.crossSafe.number && isWhole(index, each)),
    l1.finalized,
  )
  return entry !== undefined && entry.safe.number > heads.finalized.number ? { entry, l1: l1.finalized } : undefined
}

/**
 * Makes the newest safe block final that was derived from nothing but final L1 blocks.
 * @see driver specification, "Finality progression"
 */
export function finalityProgression({ l1, forkchoice }: FinalityProgressionParts): Effect {
  return {
    name: 'finality-progression',
    timeoutMs: 20_000,
    reads: ({ heads, reset, finality }) => [heads?.finalized, heads?.unsafe, reset, finality[0]],
    writes: ['heads', 'engine'],
    when(state) {
      if (!isReady(state)) return undefined
      const found = finalizable(state)
      return found && { why: `L1 block ${found.l1.number} is final`, uses: ['engine'] }
    },
    async run(state, io) {
      const { heads } = state
      const found = finalizable(state)
      if (heads === undefined || found === undefined) throw new TypeError('nothing is final')
      const { entry } = found
      // Both may have been told by a node that has changed its mind since.
      const stands = async ({ hash, number }: BlockId): Promise<void> => {
        const canonical = await l1.ref(number, io)
        if (canonical?.hash === hash) return
        throw new AppError<DriverErrorCode>('HEADS_NOT_FOUND', {
          message: `L1 block ${hash}:${number} is not on the chain that is final, ${canonical?.hash ?? 'nothing'} is`,
          severity: canonical === undefined ? 'temporary' : 'reset',
        })
      }
      await Promise.all([stands(found.l1), stands(entry.derivedFrom)])
      const labels = { head: heads.unsafe.hash, safe: heads.crossSafe.hash, finalized: entry.safe.hash }
      const status = await forkchoice.update(labels, io)
      if (status === 'syncing') {
        throw new AppError<DriverErrorCode>('HEADS_NOT_FOUND', {
          message: 'the engine does not know the chain that it was on',
          severity: 'reset',
        })
      }
      return {
        note: `block ${entry.safe.number}`,
        patch: ({ heads: current, engine }) =>
          current === undefined
            ? {}
            : { heads: { ...current, finalized: entry.safe }, engine: { ...engine, toldSafe: heads.crossSafe } },
      }
    },
  }
}
