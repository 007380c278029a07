import { AppError, errorMessage, isAppError } from '../primitives/errors.ts'
import { bytesToHex, hexToBytes } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { PayloadAttributes } from '../protocol/attributes.ts'
import { engineVersions } from '../protocol/engine-versions.ts'
import type { OpForks } from '../protocol/forks.ts'
import type { Payload } from '../protocol/payload.ts'
import type { BlockId } from '../protocol/refs.ts'
import type { PayloadEngine, PayloadEngineErrorCode, PayloadTicket } from '../sequencer/payload-engine.ts'
import type { EngineApi } from './engine-api.ts'
import { type ForkchoiceVersion, type GetPayloadVersion, versionOf } from './engine-versions.ts'

function detail(error: AppError): string {
  const { err } = error.data ?? {}
  return typeof err === 'string' ? err : error.message
}

/** Blocks of the execution layer's own builder, where that is in this process: what its Engine API would give. */
export class EmbeddedPayloads implements PayloadEngine {
  readonly #api: Pick<EngineApi, 'forkchoiceUpdated' | 'getPayload'>
  readonly #forks: OpForks

  constructor(api: Pick<EngineApi, 'forkchoiceUpdated' | 'getPayload'>, forks: OpForks) {
    this.#api = api
    this.#forks = forks
  }

  async start({ hash: parent }: BlockId, attributes: PayloadAttributes, io: IoOptions): Promise<PayloadTicket> {
    const { timestamp } = attributes
    const version = versionOf<ForkchoiceVersion>(engineVersions(this.#forks, timestamp).forkchoiceUpdated)
    const refused = (reason: string, cause?: unknown): AppError<PayloadEngineErrorCode> =>
      new AppError('BUILD_REFUSED', {
        message: `no block can be built on ${parent}: ${reason}`,
        data: { parent, reason },
        cause,
      })
    const { payloadStatus, payloadId } = await this.#api
      .forkchoiceUpdated(version, { head: parent }, attributes, io)
      .catch((error: unknown) => {
        throw isAppError(error) && error.severity === 'invalid' ? refused(detail(error), error) : error
      })
    const { status, validationError } = payloadStatus
    if (payloadId !== undefined) return { id: bytesToHex(payloadId), timestamp }
    if (status !== 'SYNCING') throw refused(validationError ?? `the engine answers ${status}`)
    throw new AppError<PayloadEngineErrorCode>('ENGINE_NOT_READY', {
      message: `the engine does not know block ${parent}`,
      severity: 'temporary',
    })
  }

  async finish({ id, timestamp }: PayloadTicket, _io: IoOptions): Promise<Payload> {
    const version = versionOf<GetPayloadVersion>(engineVersions(this.#forks, timestamp).getPayload)
    try {
      return (await this.#api.getPayload(version, hexToBytes(id))).payload
    } catch (error) {
      if (!isAppError(error, 'PAYLOAD_UNKNOWN')) throw error
      throw new AppError<PayloadEngineErrorCode>('PAYLOAD_LOST', {
        message: `payload ${id}: ${errorMessage(error)}`,
        severity: 'temporary',
        cause: error,
      })
    }
  }

  async cancel(ticket: PayloadTicket, io: IoOptions): Promise<void> {
    await this.finish(ticket, io).catch((error: unknown) => {
      if (!isAppError(error, 'PAYLOAD_LOST')) throw error
    })
  }
}
