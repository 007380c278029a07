import { AppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import { envelopeToJson, type Payload } from '../protocol/payload.ts'
import type { RpcTransport, TransportErrorCode } from './transport.ts'

/** What a sequencer asks of its op-conductor. Errors are the transport's. */
export class ConductorClient {
  readonly #transport: RpcTransport

  constructor(transport: RpcTransport) {
    this.#transport = transport
  }

  /** Whether this conductor leads its cluster. */
  async leader(io: IoOptions): Promise<boolean> {
    const method = 'conductor_leader'
    const answer = await this.#transport.call(method, [], { ...io, idempotent: true })
    if (typeof answer === 'boolean') return answer
    const { endpoint } = this.#transport
    throw new AppError<TransportErrorCode>('RPC_UNAVAILABLE', {
      message: `${endpoint}: ${method}: malformed answer: not a boolean`,
      severity: 'temporary',
      data: { method, endpoint },
    })
  }

  /** Has the cluster agree on its newest block. The cluster keeps the first that it is given of a height. */
  async commitUnsafePayload(payload: Payload, io: IoOptions): Promise<void> {
    const params = [envelopeToJson(payload)]
    await this.#transport.call('conductor_commitUnsafePayload', params, { ...io, idempotent: true })
  }
}
