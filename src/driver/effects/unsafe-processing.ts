import type { EngineErrorCode } from '../../engine/engine-api.ts'
import type { ForkchoiceController } from '../../engine/forkchoice-controller.ts'
import { AppError, errorMessage, isAppError } from '../../primitives/errors.ts'
import type { Payload } from '../../protocol/payload.ts'
import type { RollupConfig } from '../../protocol/rollup-config.ts'
import type { DriverState } from '../driver-state.ts'
import type { Effect, Outcome } from '../effect.ts'
import { type Directed, isReady, labelsOf, movedUnsafe } from '../heads.ts'
import { payloadRef } from '../payload-ref.ts'
import { above, withoutPayload } from '../unsafe-queue.ts'

/** What {@link unsafeProcessing} works with. */
export interface UnsafeProcessingParts {
  readonly config: RollupConfig
  readonly forkchoice: Pick<ForkchoiceController, 'insert'>
  readonly checksMessages: boolean
  readonly directed?: Directed | undefined
}

/** What is to become of the payloads that wait: one follows the unsafe head; some never will, up to a number. */
type Next = { readonly tag: 'insert'; readonly payload: Payload } | { readonly tag: 'drop'; readonly upTo: bigint }

function next({ queue, heads, denied }: DriverState): Next | undefined {
  const lowest = queue.payloads[0]
  if (heads === undefined || lowest === undefined) return undefined
  const { hash, number } = heads.unsafe
  if (lowest.header.number > number + 1n) return undefined
  const payload = queue.payloads.find(
    ({ header, hash: own }) => header.number === number + 1n && header.parentHash === hash && !denied.has(own),
  )
  return payload === undefined ? { tag: 'drop', upTo: number + 1n } : { tag: 'insert', payload }
}

function dropped(hash: Payload['hash'], note: string): Outcome {
  return { patch: ({ queue }) => ({ queue: withoutPayload(queue, hash) }), note }
}

/**
 * Makes the payload that follows the unsafe head the head. What is at its height and does not follow it is dropped: the block that
 * was there first stays.
 * @see driver specification, "Unsafe block processing"
 */
export function unsafeProcessing({ config, forkchoice, checksMessages, directed }: UnsafeProcessingParts): Effect {
  return {
    name: 'unsafe-processing',
    timeoutMs: 20_000,
    reads: ({ heads, reset }) => [heads?.unsafe, reset],
    writes: ['heads', 'branch', 'build', 'engine', 'queue'],
    when(state) {
      if (!isReady(state) || state.engine.syncTarget !== undefined) return undefined
      const todo = next(state)
      if (todo?.tag === 'drop') return { why: `block ${todo.upTo} and below do not follow the head`, uses: [] }
      return todo && { why: `block ${todo.payload.header.number}`, uses: ['engine'] }
    },
    async run(state, io): Promise<Outcome> {
      const { heads } = state
      const todo = next(state)
      if (heads === undefined || todo === undefined) throw new TypeError('no payload waits')
      if (todo.tag === 'drop') return { patch: ({ queue }) => ({ queue: above(queue, todo.upTo) }) }
      const { payload } = todo
      let ref: ReturnType<typeof payloadRef>
      try {
        ref = payloadRef(config, payload)
      } catch (error) {
        if (!isAppError(error)) throw error
        return dropped(payload.hash, errorMessage(error))
      }
      const outcome = await forkchoice.insert(payload, labelsOf(heads), io)
      if (outcome.tag === 'invalid') return dropped(payload.hash, `block ${payload.hash} is invalid: ${outcome.reason}`)
      if (outcome.tag === 'syncing') {
        throw new AppError<EngineErrorCode>('ENGINE_SYNCING', {
          message: `the engine does not know the parent of block ${payload.hash}`,
          severity: 'temporary',
        })
      }
      return {
        note: ref.hash,
        patch: (now) =>
          now.heads === undefined
            ? {}
            : {
                ...movedUnsafe({ ...now, heads: now.heads }, ref, { told: heads, checksMessages, directed }),
                queue: above(now.queue, ref.number),
              },
      }
    },
  }
}
