import type { DerivationPipeline, Settled } from '../../derive/pipeline.ts'
import type { ForkchoiceController } from '../../engine/forkchoice-controller.ts'
import { isAppError } from '../../primitives/errors.ts'
import { ZERO_HASH } from '../../primitives/hex.ts'
import type { IoOptions } from '../../primitives/io.ts'
import type { BlockId, L2BlockRef } from '../../protocol/refs.ts'
import type { RollupConfig } from '../../protocol/rollup-config.ts'
import type { DriverState, Heads } from '../driver-state.ts'
import type { Effect } from '../effect.ts'
import { FINALITY_LOOKBACK, type FinalityBuffer, isReadToEnd, type SafeWith } from '../finality-buffer.ts'
import { findL2Heads } from '../find-l2-heads.ts'
import type { L1Refs, L2Chain, SafeHeadRecord } from '../ports.ts'
import { placeHeads, tellHeads, withResetHeads } from '../reset-heads.ts'

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

/** A block that was the safe head with an L1 block. */
interface Known {
  readonly safe: BlockId
  readonly l1: BlockId
}

/** Where derivation may go on. */
interface Resumption {
  readonly safe: L2BlockRef
  readonly settled: Settled
}

/** What was found, and what is known to be safe of it. */
type FoundHeads = Pick<Heads, 'unsafe' | 'finalized'> & { readonly safe: L2BlockRef }

/** Below every block that was recorded. */
const NOTHING_SAFE: BlockId = { hash: ZERO_HASH, number: 0n }

/**
 * Finds the heads anew, as at the start of the process: L1 is no longer what they were derived from, or the engine is not where it was
 * left. The safe head goes back to the newest block whose L1 block, written down when it became safe, is still there (optimistic);
 * where none is, as far as it must for everything to be derived again (pessimistic).
 * @see driver specification, "Safety reversal"
 */
export function safetyReversal(parts: SafetyReversalParts): Effect {
  const { config, l1, l2, pipeline, forkchoice, safeHeads, checksMessages } = parts

  /** The block, if it was derived from L1 as it is now, and the engine has it. */
  async function standing({ safe, l1: derivedFrom }: Known, { unsafe }: FoundHeads, io: IoOptions) {
    if (safe.number > unsafe.number) return undefined
    if ((await l1.ref(derivedFrom.number, io))?.hash !== derivedFrom.hash) return undefined
    const block = await l2.ref(safe.number, io)
    return block?.hash === safe.hash ? block : undefined
  }

  /** Safe heads that there were, newest first: what is remembered, and what is written down of those before. */
  function* knownHeads({ finality }: DriverState): Iterable<Known> {
    for (const { safe, derivedFrom } of finality.toReversed()) yield { safe, l1: derivedFrom }
    const lowest = finality[0]?.safe.number
    for (const entry of safeHeads.entries()) if (lowest === undefined || entry.safe.number < lowest) yield entry
  }

  /**
   * The newest block that is known to be the safe head with all that L1 holds up to some block, also where that is further back than
   * a sequencing window: what is judged again with another safe head may come out otherwise. Of the newest L1 block that made one
   * safe this is known only where it had been read to its end, which it has been where the block is final.
   */
  async function stillSafe(found: FoundHeads, state: DriverState, io: IoOptions): Promise<Resumption | undefined> {
    let newest: Resumption | undefined
    let looks = 0
    for (const { safe: id, l1: block } of knownHeads(state)) {
      // The engine has safe blocks that nobody here has derived.
      if (looks === 0 && id.number < found.safe.number) break
      if (id.number < found.finalized.number || looks++ === FINALITY_LOOKBACK) break
      const safe = await standing({ safe: id, l1: block }, found, io)
      if (safe === undefined) continue
      const whole = looks > 1 || id.number === found.finalized.number || isReadToEnd(state.derivation, block)
      if (whole) return { safe, settled: { block, whole } }
      newest = { safe, settled: { block, whole } }
    }
    return newest
  }

  async function record(safe: L2BlockRef, settled: Settled | undefined, io: IoOptions): Promise<void> {
    const [newest] = safeHeads.entries()
    // The engine synced by itself, or others drove it meanwhile: nobody knows with what the blocks between became safe.
    const gap = newest !== undefined && newest.safe.number < safe.number
    await safeHeads.truncate(gap ? NOTHING_SAFE : safe, io, settled?.block)
    if (safe.hash !== config.genesis.l2.hash) return
    // All that becomes safe is recorded from here on; the genesis block is safe with L1's own, however much older that is.
    const l1Genesis = await l1.ref(0n, io)
    if (l1Genesis !== undefined) await safeHeads.record(safe, l1Genesis, io)
  }

  /**
   * What of the record can still become final. A process that begins with a safe head that it keeps has not derived what is below it:
   * else nothing of that would become final before something newer does.
   */
  async function recorded({ safe, finalized }: FoundHeads, io: IoOptions): Promise<FinalityBuffer> {
    const ids: { readonly id: BlockId; readonly derivedFrom: BlockId }[] = []
    for (const { safe: id, l1: derivedFrom } of safeHeads.entries()) {
      if (id.number <= finalized.number || ids.length === FINALITY_LOOKBACK) break
      if (id.number <= safe.number) ids.unshift({ id, derivedFrom })
    }
    const blocks = await Promise.all(ids.map(({ id }) => l2.ref(id.number, io)))
    return ids.flatMap(({ id, derivedFrom }, index): SafeWith[] => {
      const block = blocks[index]
      return block?.hash === id.hash ? [{ safe: block, derivedFrom }] : []
    })
  }

  /**
   * An engine may have gone over to another chain before it refused what it was told: it is put back on the one that it was on, once.
   */
  async function foundHeads({ heads }: DriverState, io: IoOptions): Promise<FoundHeads> {
    try {
      return await findL2Heads({ config, l1, l2 }, io)
    } catch (error) {
      if (!isAppError(error, 'HEADS_NOT_FOUND') || heads === undefined) throw error
      await tellHeads(forkchoice, heads, io)
      return findL2Heads({ config, l1, l2 }, io)
    }
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
      const found = await foundHeads(state, io)
      const kept = await stillSafe(found, state, io)
      const { safe, settled } = kept ?? { safe: found.safe, settled: undefined }
      const { unsafe, finalized } = found
      const heads = {
        unsafe,
        crossUnsafe: checksMessages ? safe : unsafe,
        pendingSafe: safe,
        localSafe: safe,
        crossSafe: safe,
        finalized,
      }
      await pipeline.reset(safe, io, settled)
      await record(safe, settled, io)
      await placeHeads(forkchoice, heads, io)
      const isRemembered = state.finality.some(({ safe: each }) => each.number <= safe.number)
      const written = kept !== undefined && !isRemembered ? await recorded({ unsafe, safe, finalized }, io) : []
      const head = await l2.labelled('latest', io)
      const leftBehind = head?.hash === unsafe.hash ? undefined : head?.hash
      const origin = pipeline.origin
      return {
        note: `unsafe ${unsafe.number}, safe ${safe.number}, finalized ${finalized.number}, from L1 block ${origin?.number}`,
        patch: (now) => ({
          ...withResetHeads(now, heads, leftBehind),
          derivation: { tag: 'ready', origin },
          // Where the block itself still stands, so do those before it.
          finality: [
            ...written,
            ...now.finality.filter(({ safe: each }) => kept !== undefined && each.number <= safe.number),
          ],
        }),
      }
    },
  }
}
