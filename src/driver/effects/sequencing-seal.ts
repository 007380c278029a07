import type { ForkchoiceController } from '../../engine/forkchoice-controller.ts'
import { AppError, isAppError } from '../../primitives/errors.ts'
import type { Hash } from '../../primitives/hex.ts'
import type { IoOptions } from '../../primitives/io.ts'
import type { L2BlockRef } from '../../protocol/refs.ts'
import type { RollupConfig } from '../../protocol/rollup-config.ts'
import type { DriverState, Heads, SealedRequest } from '../driver-state.ts'
import type { Effect, Outcome, Patch } from '../effect.ts'
import { type Directed, labelsOf, movedUnsafe } from '../heads.ts'
import { payloadRef } from '../payload-ref.ts'
import type { DriverErrorCode, L2Chain } from '../ports.ts'

/** How long a block waits for the heads to be found, in milliseconds, before whoever sealed it is told. */
const PATIENCE_MS = 5_000

/** What {@link sequencingSeal} works with. */
export interface SequencingSealParts {
  readonly config: RollupConfig
  readonly l2: Pick<L2Chain, 'ref'>
  readonly forkchoice: Pick<ForkchoiceController, 'insert'>
  readonly checksMessages: boolean
  readonly directed?: Directed | undefined
}

function refused(hash: Hash, reason: string): AppError<DriverErrorCode> {
  return new AppError('UNSAFE_REFUSED', {
    message: `block ${hash} cannot become the head: ${reason}`,
    data: { hash, reason },
  })
}

/**
 * Makes a block that was sealed here the unsafe head. It may stand on any block from the safe head on: that is a reorg of the
 * unsafe chain, which whoever sealed it wants. Only one that leaves the safe chain is refused.
 * @see driver specification, "Sequencing", `sealing`
 */
export function sequencingSeal({ config, l2, forkchoice, checksMessages, directed }: SequencingSealParts): Effect {
  /** The block of a height among the ancestors of another. */
  async function ancestor(ref: L2BlockRef, number: bigint, io: IoOptions): Promise<Hash | undefined> {
    let { parentHash: hash } = ref
    for (let at = ref.number - 1n; at > number; at--) {
      const block = await l2.ref(hash, io)
      if (block === undefined) return undefined
      hash = block.parentHash
    }
    return hash
  }

  /** @returns whether what was derived so far is left, of what is not safe yet */
  async function check(heads: Heads, ref: L2BlockRef, io: IoOptions): Promise<boolean> {
    if (ref.parentHash === heads.unsafe.hash) return false
    const { crossSafe, localSafe, pendingSafe } = heads
    const safe = crossSafe.number > localSafe.number ? crossSafe : localSafe
    if (ref.number <= safe.number) throw refused(ref.hash, `block ${safe.number} is safe`)
    if ((await ancestor(ref, safe.number, io)) !== safe.hash) {
      throw refused(ref.hash, `it does not build on the safe head ${safe.hash}:${safe.number}`)
    }
    if (pendingSafe.hash === safe.hash) return false
    return ref.number <= pendingSafe.number || (await ancestor(ref, pendingSafe.number, io)) !== pendingSafe.hash
  }

  async function insert(state: DriverState & { readonly heads: Heads }, request: SealedRequest, io: IoOptions) {
    const { heads, denied } = state
    const { payload } = request
    if (denied.has(payload.hash)) throw refused(payload.hash, 'other chains have made it invalid')
    const ref = payloadRef(config, payload)
    const leaves = await check(heads, ref, io)
    const outcome = await forkchoice.insert(payload, labelsOf(heads), io)
    if (outcome.tag === 'invalid') throw refused(payload.hash, outcome.reason)
    if (outcome.tag === 'syncing') throw refused(payload.hash, 'SYNCING: the engine does not know its parent')
    return { ref, leaves }
  }

  const without = (request: SealedRequest, { sealed }: DriverState): Patch => ({
    sealed: sealed.filter((each) => each !== request),
  })

  return {
    name: 'sequencing-seal',
    timeoutMs: 30_000,
    // What is read is the engine's, which nobody else uses meanwhile.
    reads: () => [],
    writes: ['sealed', 'heads', 'branch', 'build', 'engine', 'reset'],
    dueAt: ({ sealed }) => sealed[0] && sealed[0].since + PATIENCE_MS,
    when({ sealed, heads, reset }, now) {
      const [request] = sealed
      if (request === undefined) return undefined
      const { hash, header } = request.payload
      if (heads !== undefined && reset === undefined) {
        const follows = header.parentHash === heads.unsafe.hash
        // What it may replace is not to become safe meanwhile.
        return { why: `block ${header.number}: ${hash}`, uses: follows ? ['engine'] : ['engine', 'safe-heads'] }
      }
      return now >= request.since + PATIENCE_MS ? { why: 'it has waited too long', uses: [] } : undefined
    },
    async run(state, io): Promise<Outcome> {
      const [request] = state.sealed
      if (request === undefined) throw new TypeError('no block was sealed')
      const { heads, reset } = state
      try {
        if (heads === undefined || reset !== undefined) {
          throw new AppError<DriverErrorCode>('DRIVER_NOT_READY', {
            message: `the heads are being found: ${reset?.reason}`,
            severity: 'temporary',
          })
        }
        const { ref, leaves } = await insert({ ...state, heads }, request, io)
        return {
          note: ref.hash,
          patch(now) {
            request.settle()
            const current = now.heads ?? heads
            const left = leaves ? { ...current, pendingSafe: current.localSafe } : current
            return {
              ...without(request, now),
              ...movedUnsafe({ ...now, heads: left }, ref, { told: heads, checksMessages, directed }),
              ...(leaves && { reset: { reason: `block ${ref.number} replaces what was being derived` } }),
            }
          },
        }
      } catch (error) {
        // Whoever sealed it decides what becomes of it.
        return {
          note: String(error),
          patch(now) {
            request.settle(error instanceof Error ? error : new Error(String(error)))
            if (isAppError(error, 'UNSAFE_REFUSED')) return without(request, now)
            // Whether the engine has it in spite of that is not known.
            return {
              ...without(request, now),
              engine: { ...now.engine, doubt: `block ${request.payload.hash}: ${error}` },
            }
          },
        }
      }
    },
  }
}
