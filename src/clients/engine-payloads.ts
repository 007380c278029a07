import type { EngineApi } from '../engine/engine-api.ts'
import { AppError, isAppError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import { ZERO_HASH } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { PayloadAttributes } from '../protocol/attributes.ts'
import type { Payload } from '../protocol/payload.ts'
import type { BlockId } from '../protocol/refs.ts'
import type { PayloadEngine, PayloadEngineErrorCode, PayloadTicket } from '../sequencer/payload-engine.ts'
import type { RpcErrorData } from './transport.ts'

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

/** What an engine itself said in its error; undefined for any other error. */
function saidBy(error: unknown): Pick<RpcErrorData, 'code' | 'message' | 'data'> | undefined {
  return isAppError(error, 'ENGINE_REFUSED') ? (error.data as unknown as RpcErrorData) : undefined
}

function words({ message, data }: { readonly message: string; readonly data?: unknown }): string {
  const { err } = (data ?? {}) as { readonly err?: unknown }
  return typeof err === 'string' ? `${message}: ${err}` : message
}

/** Blocks of an execution layer's own builder, for whoever sequences: its forkchoice is somebody else's. */
export class EnginePayloads implements PayloadEngine {
  readonly #engine: EngineApi

  constructor(engine: EngineApi) {
    this.#engine = engine
  }

  async start(parent: BlockId, attributes: PayloadAttributes, io: IoOptions): Promise<PayloadTicket> {
    // Zeros leave safe and finalized as they are.
    const state = { head: parent.hash, safe: ZERO_HASH, finalized: ZERO_HASH }
    const { status, ticket } = await this.#engine.forkchoiceUpdated(state, attributes, io).catch((error: unknown) => {
      const said = saidBy(error)
      if (said === undefined) throw error
      if (said.code > REFUSALS.first || said.code < REFUSALS.last) throw notReady(words(said), error)
      throw buildRefused(parent.hash, words(said), error)
    })
    const answer = `the engine answers ${status.status}`
    if (status.status === 'INVALID') throw buildRefused(parent.hash, status.validationError ?? answer)
    if (status.status !== 'VALID') throw notReady(`${answer} to a block on ${parent.hash}`)
    if (ticket === undefined) throw notReady(`the engine begins no block on ${parent.hash}`)
    return ticket
  }

  async finish(ticket: PayloadTicket, io: IoOptions): Promise<Payload> {
    return this.#engine.getPayload(ticket, io).catch((error: unknown) => {
      const said = saidBy(error)
      if (said === undefined) throw error
      throw said.code === UNKNOWN_PAYLOAD ? payloadLost(ticket, error) : notReady(words(said), error)
    })
  }

  async cancel(ticket: PayloadTicket, io: IoOptions): Promise<void> {
    // The Engine API has no other way to have a builder stop.
    await this.finish(ticket, io).catch((error: unknown) => {
      if (!isAppError(error, 'PAYLOAD_LOST')) throw error
    })
  }
}
