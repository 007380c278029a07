import type { ForkchoiceController } from '../../engine/forkchoice-controller.ts'
import { isAppError } from '../../primitives/errors.ts'
import type { Hash } from '../../primitives/hex.ts'
import type { IoOptions } from '../../primitives/io.ts'
import type { Payload } from '../../protocol/payload.ts'
import type { L2BlockRef } from '../../protocol/refs.ts'
import type { RollupConfig } from '../../protocol/rollup-config.ts'
import type { DriverState } from '../driver-state.ts'
import type { Effect, Outcome } from '../effect.ts'
import { type Directed, labelsOf, movedUnsafe } from '../heads.ts'
import { payloadRef } from '../payload-ref.ts'
import type { L2Chain } from '../ports.ts'
import { above, withoutPayload } from '../unsafe-queue.ts'

/** What {@link unsafeSyncTrigger} works with. */
export interface UnsafeSyncTriggerParts {
  readonly config: RollupConfig
  readonly l2: Pick<L2Chain, 'ref'>
  readonly forkchoice: Pick<ForkchoiceController, 'insert' | 'update'>
  readonly checksMessages: boolean
  readonly directed?: Directed | undefined
  /** Whether the engine may sync by itself; else what is missing is asked of other nodes. */
  readonly engineSync: boolean
}

/** The highest payload that waits, where blocks below it are missing: the newer the target, the less is to be done again. */
function target({ queue, heads, engine, denied }: DriverState): Payload | undefined {
  const highest = queue.payloads.findLast(({ hash }) => !denied.has(hash))
  if (heads === undefined || highest === undefined || highest.header.number <= heads.unsafe.number + 1n)
    return undefined
  return highest.hash === engine.syncTarget?.hash ? undefined : highest
}

function dropped(hash: Hash, note: string): Outcome {
  return { patch: ({ queue }) => ({ queue: withoutPayload(queue, hash) }), note }
}

/**
 * Hands the engine a block whose ancestors it does not have, so that it fetches them by itself. The block is the target of the sync,
 * not the unsafe head, before the engine says that it is valid: derivation must not look for blocks that are not there yet.
 * @see driver specification, "Unsafe block sync-trigger"
 */
export function unsafeSyncTrigger(parts: UnsafeSyncTriggerParts): Effect {
  const { config, l2, forkchoice, checksMessages, directed, engineSync } = parts

  /** Whether the chain that the engine has gone over to holds a block that has another one in its place. */
  async function holdsReplaced({ replaced }: DriverState, io: IoOptions): Promise<boolean> {
    for (const { block } of replaced.values()) {
      if ((await l2.ref(block.number, io))?.hash === block.hash) return true
    }
    return false
  }

  return {
    name: 'unsafe-sync-trigger',
    timeoutMs: 20_000,
    reads: ({ heads, reset }) => [heads?.unsafe, reset],
    writes: ['heads', 'branch', 'build', 'engine', 'queue', 'reset'],
    when(state) {
      if (!engineSync || state.reset !== undefined) return undefined
      const payload = target(state)
      return payload && { why: `block ${payload.header.number} is far ahead`, uses: ['engine'] }
    },
    async run(state, io) {
      const { heads } = state
      const payload = target(state)
      if (heads === undefined || payload === undefined) throw new TypeError('no payload is ahead')
      let ref: L2BlockRef
      try {
        ref = payloadRef(config, payload)
      } catch (error) {
        if (!isAppError(error)) throw error
        return dropped(payload.hash, error.message)
      }
      const outcome = await forkchoice.insert(payload, labelsOf(heads), io)
      switch (outcome.tag) {
        case 'invalid':
          return dropped(payload.hash, `block ${payload.hash} is invalid: ${outcome.reason}`)
        case 'syncing':
          return { patch: ({ engine }) => ({ engine: { ...engine, syncTarget: ref } }) }
        case 'valid':
          if (await holdsReplaced(state, io)) {
            await forkchoice.update({ head: heads.unsafe.hash, ...labelsOf(heads) }, io)
            return dropped(payload.hash, `block ${payload.hash} builds on one that other chains have made invalid`)
          }
          return {
            note: ref.hash,
            patch(now) {
              if (now.heads === undefined) return {}
              // The engine had it already, and says no more than that it stands on the safe head that it was told.
              if (now.heads.pendingSafe.hash !== heads.crossSafe.hash) {
                return { reset: { reason: `the engine has gone over to block ${ref.hash}:${ref.number}` } }
              }
              return {
                ...movedUnsafe({ ...now, heads: now.heads }, ref, { told: heads, checksMessages, directed }),
                queue: above(now.queue, ref.number),
              }
            },
          }
      }
    },
  }
}
