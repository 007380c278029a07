import type { DerivationPipeline } from '../../derive/pipeline.ts'
import type { ForkchoiceController } from '../../engine/forkchoice-controller.ts'
import { AppError, errorMessage, isAppError } from '../../primitives/errors.ts'
import type { Hash } from '../../primitives/hex.ts'
import type { IoOptions } from '../../primitives/io.ts'
import type { L2BlockRef } from '../../protocol/refs.ts'
import type { RollupConfig } from '../../protocol/rollup-config.ts'
import type { DriverState, Heads, ReplacedBlock, ResetPoint } from '../driver-state.ts'
import type { Effect, Outcome } from '../effect.ts'
import { findL2Heads } from '../find-l2-heads.ts'
import type { Directed } from '../heads.ts'
import type { DriverErrorCode, L1Refs, L2Chain, SafeHeadRecord } from '../ports.ts'
import { placeHeads, withResetHeads } from '../reset-heads.ts'

/** Blocks that can have come while a supervisor looked for where to go on; more are more than that. */
const MOST_KEPT = 64n

/** What {@link directedReversal} works with. */
export interface DirectedReversalParts {
  readonly config: RollupConfig
  readonly l1: L1Refs
  readonly l2: L2Chain
  readonly pipeline: Pick<DerivationPipeline, 'reset' | 'origin'>
  readonly forkchoice: Pick<ForkchoiceController, 'update' | 'forget'>
  readonly safeHeads: Pick<SafeHeadRecord, 'truncate'>
  readonly directed: Directed
}

/**
 * Goes on from where a supervisor says, or has the driver find: a reset that nobody has said anything of waits for it. Where that turns
 * out to be impossible, the supervisor is asked again.
 * @see driver specification, "Safety reversal"; managed mode specification, "interop_reset"
 */
export function directedReversal(parts: DirectedReversalParts): Effect {
  const { config, l1, l2, pipeline, forkchoice, safeHeads, directed } = parts

  /** The last block that no supervisor says anything of: what comes after it is derived again for one that knows nothing yet. */
  async function undirected(block: L2BlockRef, io: IoOptions): Promise<L2BlockRef> {
    const { genesis, blockTime, forks } = config
    const since = forks.times.interop
    if (since === undefined || !directed(block)) return block
    const before = (since - 1n - genesis.l2Time) / blockTime
    const number = genesis.l2.number + (since <= genesis.l2Time ? 0n : before)
    const found = await l2.ref(number, io)
    if (found !== undefined) return found
    throw new AppError<DriverErrorCode>('HEADS_NOT_FOUND', {
      message: `the engine does not have block ${number}`,
      severity: 'reset',
    })
  }

  /**
   * The unsafe head where it stands on the one that was given, by blocks that came while the supervisor looked for that: nobody takes
   * back what was answered for.
   */
  async function keptUnsafe({ heads, denied }: DriverState, given: L2BlockRef, io: IoOptions): Promise<L2BlockRef> {
    const unsafe = heads?.unsafe
    if (unsafe === undefined || unsafe.number <= given.number || unsafe.number > given.number + MOST_KEPT) return given
    let below = given
    while (below.number < unsafe.number) {
      const next = await l2.ref(below.number + 1n, io)
      if (next?.parentHash !== below.hash || denied.has(next.hash)) return given
      below = next
    }
    const origin = await l1.ref(unsafe.l1Origin.number, io)
    return below.hash === unsafe.hash && origin?.hash === unsafe.l1Origin.hash ? unsafe : given
  }

  async function headsAt(state: DriverState, to: ResetPoint, io: IoOptions): Promise<Heads> {
    if (to.tag === 'given') return { ...to.heads, unsafe: await keptUnsafe(state, to.heads.unsafe, io) }
    const { unsafe, safe: found, finalized: final } = await findL2Heads({ config, l1, l2 }, io)
    const safe = to.derives ? await undirected(found, io) : found
    const finalized = final.number <= safe.number ? final : safe
    const crossUnsafe = directed(unsafe) ? safe : unsafe
    return { unsafe, crossUnsafe, pendingSafe: safe, localSafe: safe, crossSafe: safe, finalized }
  }

  /** What was invalid stays so as long as L1 is the one that it was invalid with. */
  async function standing({ replaced }: DriverState, io: IoOptions): Promise<ReadonlyMap<Hash, ReplacedBlock>> {
    const entries = await Promise.all(
      [...replaced].map(async (entry) => {
        const { origin } = entry[1]
        return origin === undefined || (await l1.ref(origin.number, io))?.hash === origin.hash ? [entry] : []
      }),
    )
    return new Map(entries.flat())
  }

  async function goOn(state: DriverState, to: ResetPoint, io: IoOptions): Promise<Outcome> {
    const heads = await headsAt(state, to, io)
    const derives = to.tag === 'given' || to.derives
    if (derives) {
      await pipeline.reset(heads.localSafe, io)
      await safeHeads.truncate(heads.crossSafe, io)
    }
    await placeHeads(forkchoice, heads, io)
    const replaced = await standing(state, io)
    const head = await l2.labelled('latest', io)
    const leftBehind = head?.hash === heads.unsafe.hash ? undefined : head?.hash
    const origin = derives ? pipeline.origin : undefined
    const from = derives ? `from L1 block ${origin?.number}` : 'nothing is derived yet'
    return {
      note: `unsafe ${heads.unsafe.number}, safe ${heads.localSafe.number}, finalized ${heads.finalized.number}, ${from}`,
      patch: (now) => ({
        ...withResetHeads(now, heads, leftBehind),
        derivation: { tag: derives ? 'ready' : 'unready', origin },
        finality: now.finality.filter(({ safe }) => safe.number <= heads.crossSafe.number),
        provided: undefined,
        denied: new Set([...now.denied].filter((hash) => !state.replaced.has(hash) || replaced.has(hash))),
        replaced: new Map([...now.replaced].filter(([hash]) => !state.replaced.has(hash) || replaced.has(hash))),
      }),
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
      'provided',
      'denied',
      'replaced',
    ],
    when({ reset }) {
      return reset?.to && { why: reset.reason, uses: ['engine', 'pipeline', 'safe-heads'] }
    },
    async run(state, io) {
      const to = state.reset?.to
      if (to === undefined) throw new TypeError('nobody has said where to go on')
      try {
        return await goOn(state, to, io)
      } catch (error) {
        if (!isAppError(error) || error.severity !== 'reset') throw error
        const reason = errorMessage(error)
        return { patch: () => ({ reset: { reason } }), note: reason }
      }
    },
  }
}
