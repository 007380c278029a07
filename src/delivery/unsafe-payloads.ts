import type { Committer } from '../builder/ports.ts'
import type { BuilderErrorCode } from '../builder/service.ts'
import { AppError, isAppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { deliverable } from '../protocol/block.ts'
import { blockOf, type Payload } from '../protocol/payload.ts'
import type { BlockId } from '../protocol/refs.ts'

/** What taking somebody else's payloads needs. */
export interface UnsafePayloadsOptions {
  readonly committer: Committer
  /** The execution layer's head; undefined: it has none yet. */
  readonly head: (io: IoOptions) => Promise<BlockId | undefined>
  /** Whether a block is on the canonical chain. */
  readonly isCanonical: (block: BlockId, io: IoOptions) => Promise<boolean>
  /** Keeps payloads until their turn has come; undefined: nobody does. */
  readonly queue: ((payload: Payload, io: IoOptions) => Promise<void>) | undefined
  /** Runs a task while nothing else moves the head from here. */
  readonly exclusively: <T>(task: () => Promise<T>) => Promise<T>
}

function refused(hash: Hash, why: string, cause?: unknown): AppError<BuilderErrorCode> {
  return new AppError('COMMIT_REFUSED', {
    message: `payload ${hash} refused: ${why}`,
    data: { status: 'ERROR', validationError: why, hash },
    cause,
  })
}

/**
 * The payloads that an operator, or op-conductor on behalf of another sequencer, posts (`admin_postUnsafePayload`): one that builds
 * on the head becomes the head, and is it when the call returns. None is ever a reorg, and none is published.
 */
export class UnsafePayloads {
  readonly #options: UnsafePayloadsOptions

  constructor(options: UnsafePayloadsOptions) {
    this.#options = options
  }

  /** @throws AppError COMMIT_REFUSED, or that of a node that does not answer */
  post(payload: Payload, io: IoOptions): Promise<void> {
    const { committer, head, isCanonical, queue, exclusively } = this.#options
    const { hash, header } = payload
    return exclusively(async () => {
      const now = await head(io)
      if (now?.hash === header.parentHash) return committer.commit(this.#block(payload), io)
      if (now !== undefined && header.number <= now.number) {
        if (now.hash === hash || (await isCanonical({ hash, number: header.number }, io))) return
      }
      if (queue !== undefined) return queue(payload, io)
      throw refused(hash, `it does not build on the head ${now?.hash ?? '(unknown)'}`)
    })
  }

  #block(payload: Payload): Parameters<Committer['commit']>[0] {
    try {
      return deliverable(blockOf(payload))
    } catch (error) {
      if (!isAppError(error)) throw error
      throw refused(payload.hash, error.message, error)
    }
  }
}
