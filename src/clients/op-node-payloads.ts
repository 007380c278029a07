import { isAppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { PayloadAttributes } from '../protocol/attributes.ts'
import { attributesToJson } from '../protocol/attributes-json.ts'
import { JsonObject } from '../protocol/json-value.ts'
import { envelopeFromJson, type Payload } from '../protocol/payload.ts'
import type { BlockId } from '../protocol/refs.ts'
import type { PayloadEngine, PayloadTicket } from '../sequencer/payload-engine.ts'
import { parseAnswer } from './answers.ts'
import { buildRefused, notReady, payloadLost } from './engine-payloads.ts'
import { type RpcCaller, rpcErrorData } from './transport.ts'

/** op-node's error codes. @see op-service/apis: BuildErrCode */
const PRESTATE = -40_101
const UNKNOWN_PAYLOAD = -40_120
const METHOD_NOT_FOUND = -32_601

function infoOf({ id, timestamp }: PayloadTicket): object {
  // The one of its types whose time is a JSON number.
  return { id, timestamp: Number(timestamp) }
}

/**
 * Blocks of the builder behind an op-node, begun and ended through it (`--experimental.sequencer-api`), so that its
 * forkchoice and the engine's are one.
 */
export class OpNodePayloads implements PayloadEngine {
  readonly #transport: RpcCaller

  constructor(transport: RpcCaller) {
    this.#transport = transport
  }

  async start(parent: BlockId, attributes: PayloadAttributes, io: IoOptions): Promise<PayloadTicket> {
    const method = 'opstack_openBlockV1'
    const block = { hash: parent.hash, number: Number(parent.number) }
    const answer = await this.#call(method, [block, attributesToJson(attributes)], io).catch((error: unknown) => {
      const said = rpcErrorData(error)
      if (said === undefined) throw error
      if (said.code === METHOD_NOT_FOUND) {
        throw buildRefused(
          parent.hash,
          `${said.endpoint} does not serve ${method} (--experimental.sequencer-api)`,
          error,
        )
      }
      throw said.code === PRESTATE ? buildRefused(parent.hash, said.message, error) : notReady(said.message, error)
    })
    return parseAnswer(this.#transport.endpoint, method, () => {
      const fields = new JsonObject(answer)
      return { id: fields.hex('id', 8), timestamp: fields.integer('timestamp') }
    })
  }

  async finish(ticket: PayloadTicket, io: IoOptions): Promise<Payload> {
    const method = 'opstack_sealBlockV1'
    const answer = await this.#call(method, [infoOf(ticket)], io).catch((error: unknown) => {
      throw this.#loss(ticket, error)
    })
    return parseAnswer(this.#transport.endpoint, method, () => envelopeFromJson(answer))
  }

  async cancel(ticket: PayloadTicket, io: IoOptions): Promise<void> {
    await this.#call('opstack_cancelBlockV1', [infoOf(ticket)], io).catch((error: unknown) => {
      const failure = this.#loss(ticket, error)
      if (!isAppError(failure, 'PAYLOAD_LOST')) throw failure
    })
  }

  #loss(ticket: PayloadTicket, error: unknown): unknown {
    const said = rpcErrorData(error)
    if (said === undefined) return error
    return said.code === UNKNOWN_PAYLOAD ? payloadLost(ticket, error) : notReady(said.message, error)
  }

  #call(method: string, params: readonly unknown[], { signal }: IoOptions): Promise<unknown> {
    return this.#transport.call(method, params, { idempotent: true, ...(signal && { signal }) })
  }
}
