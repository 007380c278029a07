import type { Publisher } from '../builder/ports.ts'
import type { BuilderErrorCode, SealedBlock } from '../builder/service.ts'
import type { BlockSignatures } from '../delivery/block-signatures.ts'
import { AppError, errorMessage, isAppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import { sealedPayload } from '../protocol/payload.ts'
import type { BlockGossip } from './block-gossip.ts'

/** What says that the block is not published, and may be tried again. */
const REFUSALS = ['SIGNING_FAILED', 'PAYLOAD_UNENCODABLE']

/** Signs blocks and gossips them by our own host. */
export class GossipPublisher implements Publisher {
  readonly #gossip: Pick<BlockGossip, 'publish'>
  readonly #signatures: Pick<BlockSignatures, 'of'>

  constructor(gossip: Pick<BlockGossip, 'publish'>, signatures: Pick<BlockSignatures, 'of'>) {
    this.#gossip = gossip
    this.#signatures = signatures
  }

  async publish(block: SealedBlock, io: IoOptions): Promise<void> {
    const { hash } = block
    const refused = (reason: string, cause?: unknown): AppError =>
      new AppError<BuilderErrorCode>('PUBLISH_REFUSED', {
        message: `publishing ${hash} failed: ${reason}`,
        data: { hash, reason },
        cause,
      })
    try {
      const signature = await this.#signatures.of(block, io)
      const outcome = await this.#gossip.publish(sealedPayload(block), signature, io)
      if (outcome.tag === 'refused') throw refused(outcome.reason)
    } catch (error) {
      if (!isAppError(error) || !REFUSALS.includes(error.code)) throw error
      throw refused(errorMessage(error), error)
    }
  }
}
