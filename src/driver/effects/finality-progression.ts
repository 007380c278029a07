import type { ForkchoiceController } from '../../engine/forkchoice-controller.ts'
import { AppError } from '../../primitives/errors.ts'
import type { IoOptions } from '../../primitives/io.ts'
import type { BlockId, L1BlockRef, L2BlockRef } from '../../protocol/refs.ts'
import type { DriverState } from '../driver-state.ts'
import type { Effect, Outcome } from '../effect.ts'
import { finalizedBy, isReadToEnd, type SafeWith } from '../finality-buffer.ts'
import { isReady } from '../heads.ts'
import type { DriverErrorCode, L1Refs, L2Chain } from '../ports.ts'

/** What {@link finalityProgression} works with. */
export interface FinalityProgressionParts {
  readonly l1: L1Refs
  readonly l2: Pick<L2Chain, 'ref'>
  readonly forkchoice: Pick<ForkchoiceController, 'update'>
}

/** A block that may be final: by what L1 says, or by what a supervisor has said. */
type Candidate =
  | { readonly tag: 'derived'; readonly entry: SafeWith; readonly l1: L1BlockRef }
  | { readonly tag: 'told'; readonly block: BlockId }

function finalizable({ heads, l1, finality, derivation, directions }: DriverState): Candidate | undefined {
  if (heads === undefined) return undefined
  const isNew = ({ number }: BlockId): boolean => number > heads.finalized.number && number <= heads.crossSafe.number
  const told = directions.finalized
  if (told !== undefined && isNew(told)) return { tag: 'told', block: told }
  if (l1.finalized === undefined) return undefined
  // Of an L1 block that is being read, more may become safe: what is final is all that it has made so, whoever asks later.
  const isWhole = (index: number, { derivedFrom }: SafeWith): boolean =>
    index < finality.length - 1 || isReadToEnd(derivation, derivedFrom)
  const entry = finalizedBy(
    finality.filter((each, index) => each.safe.number <= heads.crossSafe.number && isWhole(index, each)),
    l1.finalized,
  )
  return entry !== undefined && isNew(entry.safe) ? { tag: 'derived', entry, l1: l1.finalized } : undefined
}

/**
 * Makes the newest safe block final that was derived from nothing but final L1 blocks, or that a supervisor says is final.
 * @see driver specification, "Finality progression"
 */
export function finalityProgression({ l1, l2, forkchoice }: FinalityProgressionParts): Effect {
  /** What was told of L1 may have been told by a node that has changed its mind since. */
  async function checkStands({ hash, number }: BlockId, io: IoOptions): Promise<void> {
    const canonical = await l1.ref(number, io)
    if (canonical?.hash === hash) return
    throw new AppError<DriverErrorCode>('HEADS_NOT_FOUND', {
      message: `L1 block ${hash}:${number} is not on the chain that is final, ${canonical?.hash ?? 'nothing'} is`,
      severity: canonical === undefined ? 'temporary' : 'reset',
    })
  }

  /** The block of a candidate; undefined where it is not on this chain. */
  async function blockOf(candidate: Candidate, io: IoOptions): Promise<L2BlockRef | undefined> {
    if (candidate.tag === 'told') {
      const { hash, number } = candidate.block
      const block = await l2.ref(number, io)
      return block?.hash === hash ? block : undefined
    }
    await Promise.all([checkStands(candidate.l1, io), checkStands(candidate.entry.derivedFrom, io)])
    return candidate.entry.safe
  }

  return {
    name: 'finality-progression',
    timeoutMs: 20_000,
    reads: ({ heads, reset, finality }) => [heads?.finalized, heads?.unsafe, reset, finality[0]],
    writes: ['heads', 'engine', 'directions'],
    when(state) {
      if (!isReady(state)) return undefined
      const found = finalizable(state)
      if (found === undefined) return undefined
      const why =
        found.tag === 'told'
          ? `the supervisor says so of ${found.block.number}`
          : `L1 block ${found.l1.number} is final`
      return { why, uses: ['engine'] }
    },
    async run(state, io): Promise<Outcome> {
      const { heads } = state
      const found = finalizable(state)
      if (heads === undefined || found === undefined) throw new TypeError('nothing is final')
      const block = await blockOf(found, io)
      if (block === undefined) {
        return {
          note: 'it is not on this chain',
          patch({ directions: { finalized: told, ...rest } }) {
            const same = found.tag === 'told' && told === found.block
            return { directions: same || told === undefined ? rest : { ...rest, finalized: told } }
          },
        }
      }
      const labels = { head: heads.unsafe.hash, safe: heads.crossSafe.hash, finalized: block.hash }
      const status = await forkchoice.update(labels, io)
      if (status === 'syncing') {
        throw new AppError<DriverErrorCode>('HEADS_NOT_FOUND', {
          message: 'the engine does not know the chain that it was on',
          severity: 'reset',
        })
      }
      return {
        note: `block ${block.number}`,
        patch: ({ heads: current, engine }) =>
          current === undefined
            ? {}
            : { heads: { ...current, finalized: block }, engine: { ...engine, toldSafe: heads.crossSafe } },
      }
    },
  }
}
