import type { L1Labels, L1View } from '../driver/ports.ts'
import type { IoOptions } from '../primitives/io.ts'
import { hashedHeaderFromJson } from '../protocol/block-json.ts'
import type { L1BlockRef } from '../protocol/refs.ts'
import { outcomeValue, parseAnswer } from './answers.ts'
import type { RpcOutcome, RpcTransport } from './transport.ts'

const METHOD = 'eth_getBlockByNumber'

/** How far an L1 node says that L1 is. */
export class L1LabelsClient implements L1Labels {
  readonly #transport: RpcTransport

  constructor(transport: RpcTransport) {
    this.#transport = transport
  }

  /** @throws AppError RPC_UNAVAILABLE, RPC_ERROR */
  async read(io: IoOptions): Promise<L1View> {
    const calls = ['latest', 'safe', 'finalized'].map((label) => ({ method: METHOD, params: [label, false] }))
    const [head, safe, finalized] = await this.#transport.batch(calls, { ...io, idempotent: true })
    return {
      head: this.#ref(outcomeValue(head)),
      // Before it is set, geth answers a label with an error.
      safe: this.#ref(answered(safe)),
      finalized: this.#ref(answered(finalized)),
    }
  }

  #ref(json: unknown): L1BlockRef | undefined {
    if (json === null || json === undefined) return undefined
    const { hash, header } = parseAnswer(this.#transport.endpoint, METHOD, () => hashedHeaderFromJson(json))
    const { number, parentHash, timestamp } = header
    return { hash, number, parentHash, timestamp }
  }
}

function answered(outcome: RpcOutcome | undefined): unknown {
  return outcome?.ok === true ? outcome.value : undefined
}
