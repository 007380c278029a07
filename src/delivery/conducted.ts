import { LRUCache } from 'lru-cache'
import type { Committer, Publisher } from '../builder/ports.ts'
import type { BuilderErrorCode, DeliverableBlock } from '../builder/service.ts'
import { AppError, isAppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { BlockConductor } from './delivery.ts'

/** Blocks that are remembered to have the conductor's consent: committing one and publishing it asks once. */
const MAX_CONSENTS = 512

/**
 * The conductor's consent for blocks of manual jobs, before they leave the process by either way. What the node finds invalid is not
 * shown to the cluster.
 */
export class Conducted {
  readonly #conductor: BlockConductor
  readonly #consents = new LRUCache<Hash, true>({ max: MAX_CONSENTS })

  constructor(conductor: BlockConductor) {
    this.#conductor = conductor
  }

  committer(inner: Committer): Committer {
    return {
      commit: async (block, io) => {
        if (!this.#consents.has(block.hash)) await inner.check?.(block, io)
        await this.#ask(block, 'COMMIT_REFUSED', io)
        await inner.commit(block, io)
      },
      setForkchoice: (update, io) => inner.setForkchoice(update, io),
    }
  }

  publisher(inner: Publisher): Publisher {
    return {
      publish: async (block, io) => {
        await this.#ask(block, 'PUBLISH_REFUSED', io)
        await inner.publish(block, io)
      },
    }
  }

  async #ask(
    block: DeliverableBlock,
    code: Extract<BuilderErrorCode, 'COMMIT_REFUSED' | 'PUBLISH_REFUSED'>,
    io: IoOptions,
  ): Promise<void> {
    const { hash } = block
    if (this.#consents.has(hash)) return
    try {
      await this.#conductor.commit(block, io)
    } catch (error) {
      if (!isAppError(error, 'CONDUCTOR_REFUSED')) throw error
      const { message } = error
      const data = code === 'COMMIT_REFUSED' ? { status: 'NOT_LEADER', validationError: message } : { reason: message }
      throw new AppError<BuilderErrorCode>(code, { message, data: { ...data, hash }, cause: error })
    }
    this.#consents.set(hash, true)
  }
}
