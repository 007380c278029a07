import type { Publisher } from '../../builder/ports.ts'
import type { BuilderErrorCode, DeliverableBlock } from '../../builder/service.ts'
import { AppError, errorMessage, isAppError } from '../../primitives/errors.ts'
import type { IoOptions } from '../../primitives/io.ts'
import { type Payload, sealedPayload } from '../../protocol/payload.ts'
import type { BlockSignatures } from '../block-signatures.ts'

/** What this publisher asks of op-node; `clients/op-node.ts` has it. */
export interface PublishingNode {
  publishBlock(payload: Payload, signature: Uint8Array, io: IoOptions): Promise<void>
}

/** What says that the block is not published, and may be tried again. */
const REFUSALS = ['RPC_ERROR', 'SIGNING_FAILED', 'PAYLOAD_UNENCODABLE']

/** Signs blocks and has op-node gossip them. */
export class OpNodePublisher implements Publisher {
  readonly #node: PublishingNode
  readonly #signatures: Pick<BlockSignatures, 'of'>

  constructor(node: PublishingNode, signatures: Pick<BlockSignatures, 'of'>) {
    this.#node = node
    this.#signatures = signatures
  }

  async publish(block: DeliverableBlock, io: IoOptions): Promise<void> {
    try {
      const signature = await this.#signatures.of(block, io)
      await this.#node.publishBlock(sealedPayload(block), signature, io)
    } catch (error) {
      if (!isAppError(error) || !REFUSALS.includes(error.code)) throw error
      throw new AppError<BuilderErrorCode>('PUBLISH_REFUSED', {
        message: `publishing ${block.hash} failed: ${errorMessage(error)}`,
        data: { hash: block.hash },
        cause: error,
      })
    }
  }
}
