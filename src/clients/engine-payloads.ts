import { AppError, isAppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import { ZERO_HASH } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { PayloadAttributes } from '../protocol/attributes.ts'
import { attributesToJson } from '../protocol/attributes-json.ts'
import { engineVersions } from '../protocol/engine-versions.ts'
import type { OpForks } from '../protocol/forks.ts'
import { JsonObject } from '../protocol/json-value.ts'
import { envelopeFromJson, type Payload } from '../protocol/payload.ts'
import type { BlockId } from '../protocol/refs.ts'
import type { PayloadEngine, PayloadEngineErrorCode, PayloadTicket } from '../sequencer/payload-engine.ts'
import { parseAnswer } from './answers.ts'
import { type RpcCaller, rpcErrorData } from './transport.ts'

/** The Engine API's own error codes. */
const UNKNOWN_PAYLOAD = -38_001
/** From a forkchoice that contradicts itself to a fork that the method is not for. */
const REFUSALS = { first: -38_002, last: -38_005 }

/** An engine that will not build on a parent, or not like this. */
export function buildRefused(parent: Hash, reason: string, cause?: unknown): AppError<PayloadEngineErrorCode> {
  return new AppError('BUILD_REFUSED', {
    message: `no block can be built on ${parent}: ${reason}`,
    data: { parent, reason },
    cause,
  })
}

/** An engine that builds nothing now. */
export function notReady(reason: string, cause?: unknown): AppError<PayloadEngineErrorCode> {
  return new AppError('ENGINE_NOT_READY', { message: reason, severity: 'temporary', cause })
}

/** An engine that has forgotten what it was building. */
export function payloadLost({ id }: PayloadTicket, cause?: unknown): AppError<PayloadEngineErrorCode> {
  return new AppError('PAYLOAD_LOST', {
    message: `the engine does not know payload ${id} any more`,
    severity: 'temporary',
    cause,
  })
}

function words({ message, data }: { readonly message: string; readonly data?: unknown }): string {
  const { err } = (data ?? {}) as { readonly err?: unknown }
  return typeof err === 'string' ? `${message}: ${err}` : message
}

/** Blocks of an execution layer's own builder: `engine_forkchoiceUpdated` with attributes, and `engine_getPayload`. */
export class EnginePayloads implements PayloadEngine {
  readonly #transport: RpcCaller
  readonly #forks: OpForks

  constructor(transport: RpcCaller, forks: OpForks) {
    this.#transport = transport
    this.#forks = forks
  }

  async start(parent: BlockId, attributes: PayloadAttributes, { signal }: IoOptions): Promise<PayloadTicket> {
    const { timestamp } = attributes
    const method = engineVersions(this.#forks, timestamp).forkchoiceUpdated
    // Zeros leave safe and finalized as they are.
    const forkchoice = {
      headBlockHash: parent.hash,
      safeBlockHash: ZERO_HASH,
      finalizedBlockHash: ZERO_HASH,
    }
    const answer = await this.#transport
      .call(method, [forkchoice, attributesToJson(attributes)], { idempotent: true, ...(signal && { signal }) })
      .catch((error: unknown) => {
        const said = rpcErrorData(error)
        if (said === undefined) throw error
        if (said.code > REFUSALS.first || said.code < REFUSALS.last) throw notReady(words(said), error)
        throw buildRefused(parent.hash, words(said), error)
      })
    const { endpoint } = this.#transport
    const { status, fault, id } = parseAnswer(endpoint, method, () => {
      const json = new JsonObject(answer)
      const { status, validationError } = (answer as { readonly payloadStatus?: Record<string, unknown> })
        .payloadStatus ?? { status: undefined, validationError: undefined }
      return {
        status: String(status),
        fault: typeof validationError === 'string' ? validationError : undefined,
        id: json.optional('payloadId', (key) => json.hex(key, 8)),
      }
    })
    if (status.startsWith('INVALID')) throw buildRefused(parent.hash, fault ?? `the engine answers ${status}`)
    if (status !== 'VALID') throw notReady(`${endpoint}: the engine answers ${status} to a block on ${parent.hash}`)
    if (id === undefined) throw notReady(`${endpoint}: the engine begins no block on ${parent.hash}`)
    return { id, timestamp }
  }

  async finish(ticket: PayloadTicket, { signal }: IoOptions): Promise<Payload> {
    const method = engineVersions(this.#forks, ticket.timestamp).getPayload
    const answer = await this.#transport
      .call(method, [ticket.id], { idempotent: true, ...(signal && { signal }) })
      .catch((error: unknown) => {
        const said = rpcErrorData(error)
        if (said === undefined) throw error
        throw said.code === UNKNOWN_PAYLOAD ? payloadLost(ticket, error) : notReady(words(said), error)
      })
    return parseAnswer(this.#transport.endpoint, method, () => envelopeFromJson(answer))
  }

  async cancel(ticket: PayloadTicket, io: IoOptions): Promise<void> {
    // The Engine API has no other way to have a builder stop.
    await this.finish(ticket, io).catch((error: unknown) => {
      if (!isAppError(error, 'PAYLOAD_LOST')) throw error
    })
  }
}
