import type { ForkchoiceController } from '../../engine/forkchoice-controller.ts'
import type { Clock } from '../../primitives/clock.ts'
import type { IoOptions } from '../../primitives/io.ts'
import type { L2BlockRef } from '../../protocol/refs.ts'
import type { DriverState } from '../driver-state.ts'
import type { Effect } from '../effect.ts'
import type { L2Chain } from '../ports.ts'

/** What {@link engineConsistency} works with. */
export interface EngineConsistencyParts {
  readonly l2: Pick<L2Chain, 'labelled' | 'ref'>
  readonly forkchoice: Pick<ForkchoiceController, 'forget'>
  readonly clock: Clock
  /** Milliseconds between two looks at an engine that nothing is wrong with. */
  readonly everyMs: number
}

/**
 * Looks whether the engine is where it was left: it may have been restarted, have lost blocks, or been moved by somebody else. Where
 * it is elsewhere, the heads are found anew; where it has only forgotten what is safe, it is told again.
 * @see driver specification, "Engine consistency"
 */
export function engineConsistency({ l2, forkchoice, clock, everyMs }: EngineConsistencyParts): Effect {
  /** Whether it has the head that it was told, or one that was left behind, on the same chain. */
  async function isInPlace(head: L2BlockRef, { heads, engine }: DriverState, io: IoOptions): Promise<boolean> {
    if (heads === undefined || head.hash === heads.unsafe.hash) return heads !== undefined
    if (head.hash !== engine.leftBehind) return false
    return (await l2.ref(heads.unsafe.number, io))?.hash === heads.unsafe.hash
  }

  const due = ({ heads, engine }: DriverState): number | undefined => heads && engine.seenAt + everyMs
  return {
    name: 'engine-consistency',
    timeoutMs: 10_000,
    reads: ({ heads, reset }) => [heads?.unsafe, reset],
    writes: ['engine', 'reset'],
    dueAt: due,
    when(state, now) {
      const { heads, reset, engine } = state
      if (heads === undefined || reset !== undefined) return undefined
      if (engine.doubt !== undefined) return { why: engine.doubt, uses: ['engine'] }
      return now >= (due(state) ?? Number.POSITIVE_INFINITY)
        ? { why: 'a look now and then', uses: ['engine'] }
        : undefined
    },
    async run(state, io) {
      const { heads, engine } = state
      const [head, safe] = await Promise.all([l2.labelled('latest', io), l2.labelled('safe', io)])
      const seenAt = clock.now()
      // With the process, an engine may lose its label and keep its head.
      const isSafeLost = safe?.hash !== engine.toldSafe?.hash
      if (engine.doubt !== undefined || isSafeLost) forkchoice.forget()
      const target = engine.syncTarget
      if (target !== undefined && (head === undefined || head.number < target.number)) {
        return { patch: (now) => ({ engine: { ...now.engine, doubt: undefined, seenAt } }) }
      }
      if (target === undefined && head !== undefined && (await isInPlace(head, state, io))) {
        const told = isSafeLost && { toldSafe: undefined }
        const left = head.hash === heads?.unsafe.hash && { leftBehind: undefined }
        return { patch: (now) => ({ engine: { ...now.engine, doubt: undefined, seenAt, ...told, ...left } }) }
      }
      const reason = `the engine's head is ${head === undefined ? 'nothing' : `${head.hash}:${head.number}`}`
      return {
        note: reason,
        patch: (now) => ({
          engine: { ...now.engine, doubt: undefined, seenAt, syncTarget: undefined },
          reset: { reason },
        }),
      }
    },
  }
}
