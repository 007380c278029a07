import type { L1Labels, L1View } from '../driver/ports.ts'
import type { IoOptions } from '../primitives/io.ts'
import { hashedHeaderFromJson } from '../protocol/block-json.ts'
import { blockRef, type L1BlockRef } from '../protocol/refs.ts'
import { isUnknownBlock, outcomeValue, parseAnswer } from './answers.ts'
import type { RpcOutcome, RpcTransport } from './transport.ts'

const METHOD = 'eth_getBlockByNumber'

/** How far an L1 node says that L1 is. */
export class L1LabelsClient implements L1Labels {
  readonly #transport: Pick<RpcTransport, 'batch' | 'endpoint'>

  #last: L1View | undefined

  constructor(transport: Pick<RpcTransport, 'batch' | 'endpoint'>) {
    this.#transport = transport
  }

  /** @throws AppError RPC_UNAVAILABLE, RPC_ERROR: the head cannot be read */
  async read(io: IoOptions): Promise<L1View> {
    const calls = ['latest', 'safe', 'finalized'].map((label) => ({ method: METHOD, params: [label, false] }))
    const [head, safe, finalized] = await this.#transport.batch(calls, { ...io, idempotent: true })
    this.#last = {
      head: this.#ref(outcomeValue(head)),
      safe: this.#label(safe, this.#last?.safe),
      finalized: this.#label(finalized, this.#last?.finalized),
    }
    return this.#last
  }

  /** @param last what it was: a node that cannot say now does not take it back */
  #label(outcome: RpcOutcome | undefined, last: L1BlockRef | undefined): L1BlockRef | undefined {
    if (outcome?.ok === true) return this.#ref(outcome.value)
    return isUnknownBlock(outcome?.error) ? undefined : last
  }

  #ref(json: unknown): L1BlockRef | undefined {
    if (json === null || json === undefined) return undefined
    return blockRef(parseAnswer(this.#transport.endpoint, METHOD, () => hashedHeaderFromJson(json)))
  }
}
