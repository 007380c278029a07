import type { EngineApi, EngineErrorCode, EngineStatus, ForkchoiceState, PayloadTicket } from '../engine/engine-api.ts'
import { AppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { PayloadAttributes } from '../protocol/attributes.ts'
import { attributesToJson } from '../protocol/attributes-json.ts'
import { engineVersions, forkchoiceMethod } from '../protocol/engine-versions.ts'
import type { OpForks } from '../protocol/forks.ts'
import { JsonObject } from '../protocol/json-value.ts'
import { envelopeFromJson, type Payload } from '../protocol/payload.ts'
import { parseAnswer } from './answers.ts'
import { forkchoiceState, opNewPayload, payloadStatus } from './engine.ts'
import { type RpcCaller, rpcErrorData, type TransportErrorCode } from './transport.ts'

const STATUSES: readonly EngineStatus['status'][] = ['VALID', 'INVALID', 'SYNCING', 'ACCEPTED']

/** The Engine API of an OP-Stack node, over JSON-RPC. */
export class DrivenEngineClient implements EngineApi {
  readonly #transport: RpcCaller
  readonly #forks: OpForks

  constructor(transport: RpcCaller, forks: OpForks) {
    this.#transport = transport
    this.#forks = forks
  }

  async newPayload(payload: Payload, io: IoOptions): Promise<EngineStatus> {
    const { method, params } = opNewPayload(this.#forks)(payload)
    return this.#status(method, await this.#call(method, params, io))
  }

  async forkchoiceUpdated(
    state: ForkchoiceState,
    attributes: PayloadAttributes | undefined,
    io: IoOptions,
  ): Promise<{ readonly status: EngineStatus; readonly ticket: PayloadTicket | undefined }> {
    const method = forkchoiceMethod(this.#forks, attributes?.timestamp)
    const asked = attributes === undefined ? null : attributesToJson(attributes)
    const answer = await this.#call(method, [forkchoiceState(state), asked], io)
    const { status, id } = parseAnswer(this.#transport.endpoint, method, () => {
      const json = new JsonObject(answer)
      return {
        status: (answer as { readonly payloadStatus?: unknown }).payloadStatus,
        id: json.optional('payloadId', (key) => json.hex(key, 8)),
      }
    })
    const ticket = attributes && id !== undefined ? { id, timestamp: attributes.timestamp } : undefined
    return { status: this.#status(method, status), ticket }
  }

  async getPayload({ id, timestamp }: PayloadTicket, io: IoOptions): Promise<Payload> {
    const method = engineVersions(this.#forks, timestamp).getPayload
    const answer = await this.#call(method, [id], io)
    return parseAnswer(this.#transport.endpoint, method, () => envelopeFromJson(answer))
  }

  async #call(method: string, params: readonly unknown[], { signal }: IoOptions): Promise<unknown> {
    try {
      return await this.#transport.call(method, params, { idempotent: true, ...(signal && { signal }) })
    } catch (error) {
      const said = rpcErrorData(error)
      if (said === undefined) throw error
      throw new AppError<EngineErrorCode>('ENGINE_REFUSED', {
        message: `${said.endpoint}: ${method}: ${said.message}`,
        severity: 'temporary',
        data: { ...said },
        cause: error,
      })
    }
  }

  #status(method: string, value: unknown): EngineStatus {
    const { endpoint } = this.#transport
    const { status: said, ...rest } = payloadStatus(endpoint, method, value)
    const status = said === 'INVALID_BLOCK_HASH' ? 'INVALID' : STATUSES.find((each) => each === said)
    if (status !== undefined) return { status, ...rest }
    throw new AppError<TransportErrorCode>('RPC_UNAVAILABLE', {
      message: `${endpoint}: ${method}: unknown status ${said}`,
      severity: 'temporary',
      data: { method, endpoint },
    })
  }
}
