import type { DerivationPipeline } from '../../derive/pipeline.ts'
import type { EngineErrorCode } from '../../engine/engine-api.ts'
import type { ForkchoiceController } from '../../engine/forkchoice-controller.ts'
import { AppError } from '../../primitives/errors.ts'
import { ZERO_HASH } from '../../primitives/hex.ts'
import type { IoOptions } from '../../primitives/io.ts'
import type { BlockId, L2BlockRef } from '../../protocol/refs.ts'
import type { RollupConfig } from '../../protocol/rollup-config.ts'
import type { DriverState, Heads } from '../driver-state.ts'
import type { Effect } from '../effect.ts'
import { FINALITY_LOOKBACK } from '../finality-buffer.ts'
import { findL2Heads } from '../find-l2-heads.ts'
import { labelsOf } from '../heads.ts'
import type { L1Refs, L2Chain, SafeHeadRecord } from '../ports.ts'
import { above } from '../unsafe-queue.ts'

/** What {@link safetyReversal} works with. */
export interface SafetyReversalParts {
  readonly config: RollupConfig
  readonly l1: L1Refs
  readonly l2: L2Chain
  readonly pipeline: Pick<DerivationPipeline, 'reset' | 'origin'>
  readonly forkchoice: Pick<ForkchoiceController, 'update' | 'forget'>
  readonly safeHeads: Pick<SafeHeadRecord, 'record' | 'truncate' | 'entries'>
  /** Whether blocks become cross-unsafe only when their messages have been looked at. */
  readonly checksMessages: boolean
}

/** What was found, and what is known to be safe of it. */
type FoundHeads = Pick<Heads, 'unsafe' | 'finalized'> & { readonly safe: L2BlockRef }

/** Below every block that was recorded. */
const NOTHING_SAFE: BlockId = { hash: ZERO_HASH, number: 0n }

/**
 * Finds the heads anew, as at the start of the process: L1 is no longer what they were derived from, or the engine is not where it was
 * left. The safe head goes back as far as it must for everything to be derived again (pessimistic), or only to the newest block whose
 * L1 block, written down when it became safe, is still there (optimistic).
 * @see driver specification, "Safety reversal"
 */
export function safetyReversal(parts: SafetyReversalParts): Effect {
  const { config, l1, l2, pipeline, forkchoice, safeHeads, checksMessages } = parts

  /** The newest block that is known to be derived from L1 as it is now, between two others. */
  async function stillSafe(
    { unsafe, safe }: FoundHeads,
    state: DriverState,
    io: IoOptions,
  ): Promise<{ safe: L2BlockRef; kept: boolean }> {
    const remembered = state.finality.map(({ safe: id, derivedFrom }) => ({ safe: id, l1: derivedFrom })).reverse()
    let looks = 0
    for (const known of remembered.length > 0 ? remembered : safeHeads.entries()) {
      if (known.safe.number <= safe.number || looks++ === FINALITY_LOOKBACK) break
      if (known.safe.number > unsafe.number) continue
      if ((await l1.ref(known.l1.number, io))?.hash !== known.l1.hash) continue
      const block = await l2.ref(known.safe.number, io)
      if (block?.hash === known.safe.hash) return { safe: block, kept: true }
    }
    return { safe, kept: false }
  }

  async function record(safe: L2BlockRef, io: IoOptions): Promise<void> {
    const [newest] = safeHeads.entries()
    // The engine synced by itself, or others drove it meanwhile: nobody knows with what the blocks between became safe.
    const gap = newest !== undefined && newest.safe.number < safe.number
    await safeHeads.truncate(gap ? NOTHING_SAFE : safe, io)
    if (safe.hash !== config.genesis.l2.hash) return
    // All that becomes safe is recorded from here on; the genesis block is safe with L1's own, however much older that is.
    const l1Genesis = await l1.ref(0n, io)
    if (l1Genesis !== undefined) await safeHeads.record(safe, l1Genesis, io)
  }

  async function place(heads: Heads, io: IoOptions): Promise<void> {
    forkchoice.forget()
    const status = await forkchoice.update({ head: heads.unsafe.hash, ...labelsOf(heads) }, io)
    if (status === 'valid') return
    throw new AppError<EngineErrorCode>('ENGINE_SYNCING', {
      message: `the engine does not know its own head ${heads.unsafe.hash}`,
      severity: 'temporary',
    })
  }

  return {
    name: 'safety-reversal',
    timeoutMs: 600_000,
    reads: ({ reset }) => [reset],
    writes: [
      'heads',
      'derivation',
      'attributes',
      'finality',
      'reset',
      'engine',
      'backupUnsafe',
      'branch',
      'build',
      'queue',
      'undecided',
    ],
    when({ reset }) {
      return reset && { why: reset.reason, uses: ['engine', 'pipeline', 'safe-heads'] }
    },
    async run(state, io) {
      const found = await findL2Heads({ config, l1, l2 }, io)
      const { safe, kept } = await stillSafe(found, state, io)
      const { unsafe, finalized } = found
      const heads = {
        unsafe,
        crossUnsafe: checksMessages ? safe : unsafe,
        pendingSafe: safe,
        localSafe: safe,
        crossSafe: safe,
        finalized,
      }
      await pipeline.reset(safe, io)
      await record(safe, io)
      await place(heads, io)
      const head = await l2.labelled('latest', io)
      const leftBehind = head?.hash === unsafe.hash ? undefined : head?.hash
      const origin = pipeline.origin
      return {
        note: `unsafe ${unsafe.number}, safe ${safe.number}, finalized ${finalized.number}, from L1 block ${origin?.number}`,
        patch: (now) => ({
          heads,
          derivation: { tag: 'ready', origin },
          attributes: undefined,
          // Where the block itself still stands, so do those before it.
          finality: now.finality.filter(({ safe: each }) => kept && each.number <= safe.number),
          reset: undefined,
          backupUnsafe: undefined,
          undecided: undefined,
          branch: now.branch + 1,
          build: undefined,
          queue: above(now.queue, unsafe.number),
          engine: { ...now.engine, doubt: undefined, toldSafe: safe, syncTarget: undefined, leftBehind },
        }),
      }
    },
  }
}
