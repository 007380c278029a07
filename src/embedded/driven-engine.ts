import type {
  EngineApi as DrivenEngine,
  EngineErrorCode as DrivenErrorCode,
  EngineStatus,
  ForkchoiceState,
  PayloadTicket,
} from '../engine/engine-api.ts'
import { AppError, isAppError } from '../primitives/errors.ts'
import { bytesToHex, hexToBytes } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { PayloadAttributes } from '../protocol/attributes.ts'
import { engineVersions, forkchoiceMethod } from '../protocol/engine-versions.ts'
import type { OpForks } from '../protocol/forks.ts'
import type { Payload } from '../protocol/payload.ts'
import type { EmbeddedEngine } from './engine.ts'
import type { EngineApi } from './engine-api.ts'
import { type ForkchoiceVersion, type GetPayloadVersion, versionOf } from './engine-versions.ts'

/** What a client of the Engine API would see in place of a code. @see execution-apis, engine/common */
const NUMBERS: Readonly<Record<string, number>> = {
  PAYLOAD_UNKNOWN: -38_001,
  FORKCHOICE_INVALID: -38_002,
  ATTRIBUTES_INVALID: -38_003,
  FORK_UNSUPPORTED: -38_005,
  ENGINE_PARAMS_INVALID: -32_602,
}
/** geth's, for whatever else it cannot do. */
const SERVER_ERROR = -32_000

/** What a node behind JSON-RPC would answer an error object for. */
function refusal(error: unknown): unknown {
  if (!isAppError(error)) return error
  const code = NUMBERS[error.code] ?? (error.severity === 'invalid' ? SERVER_ERROR : undefined)
  if (code === undefined) return error
  return new AppError<DrivenErrorCode>('ENGINE_REFUSED', {
    message: error.message,
    severity: 'temporary',
    data: { code, message: error.message, data: error.data },
    cause: error,
  })
}

/** The Engine API of an OP-Stack chain in this process, without JSON in between. */
export class EmbeddedDrivenEngine implements DrivenEngine {
  readonly #engine: Pick<EmbeddedEngine, 'newPayload'>
  readonly #api: Pick<EngineApi, 'forkchoiceUpdated' | 'getPayload'>
  readonly #forks: OpForks

  constructor(
    engine: Pick<EmbeddedEngine, 'newPayload'>,
    api: Pick<EngineApi, 'forkchoiceUpdated' | 'getPayload'>,
    forks: OpForks,
  ) {
    this.#engine = engine
    this.#api = api
    this.#forks = forks
  }

  newPayload(payload: Payload, io: IoOptions): Promise<EngineStatus> {
    return this.#engine.newPayload(payload, io)
  }

  async forkchoiceUpdated(
    state: ForkchoiceState,
    attributes: PayloadAttributes | undefined,
    io: IoOptions,
  ): Promise<{ readonly status: EngineStatus; readonly ticket: PayloadTicket | undefined }> {
    const method = forkchoiceMethod(this.#forks, attributes?.timestamp)
    try {
      const version = versionOf<ForkchoiceVersion>(method)
      const { payloadStatus, payloadId } = await this.#api.forkchoiceUpdated(version, state, attributes, io)
      const ticket =
        attributes && payloadId !== undefined
          ? { id: bytesToHex(payloadId), timestamp: attributes.timestamp }
          : undefined
      return { status: payloadStatus, ticket }
    } catch (error) {
      throw refusal(error)
    }
  }

  async getPayload({ id, timestamp }: PayloadTicket, _io: IoOptions): Promise<Payload> {
    const version = versionOf<GetPayloadVersion>(engineVersions(this.#forks, timestamp).getPayload)
    try {
      return (await this.#api.getPayload(version, hexToBytes(id))).payload
    } catch (error) {
      throw refusal(error)
    }
  }
}
