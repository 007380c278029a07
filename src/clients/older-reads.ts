import { AppError } from '../primitives/errors.ts'
import { type Hash, toQuantity } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { JsonObject } from '../protocol/json-value.ts'
import type { StateErrorCode } from '../state/source.ts'
import { outcomeValue, parseAnswer } from './answers.ts'
import type { RpcCall, RpcTransport } from './transport.ts'

/** The block that a chain goes on from. */
export interface ForkPoint {
  readonly hash: Hash
  readonly number: bigint
}

/** Reading calls about the blocks before a forked one, passed on to the node that has them. */
export class OlderReads {
  readonly #transport: RpcTransport
  readonly #forked: ForkPoint

  constructor(transport: RpcTransport, forked: ForkPoint) {
    this.#transport = transport
    this.#forked = forked
  }

  /**
   * A call that names blocks by number: it is answered for the branch that the forked block is on.
   * @throws AppError STATE_UNAVAILABLE when the node has gone over to another branch; RPC_ERROR, RPC_UNAVAILABLE
   */
  async byNumber(method: string, params: readonly unknown[], io: IoOptions): Promise<unknown> {
    const { hash, number } = this.#forked
    const guard: RpcCall = { method: 'eth_getBlockByNumber', params: [toQuantity(number), false] }
    const [block, answer] = await this.#transport.batch([guard, { method, params }], { ...io, idempotent: true })
    if ((outcomeValue(block) as { readonly hash?: unknown } | null)?.hash === hash) return outcomeValue(answer)
    throw new AppError<StateErrorCode>('STATE_UNAVAILABLE', {
      message: `the node that was forked has gone over to another branch: block ${number} is not ${hash} there any more`,
      severity: 'temporary',
      data: { blockHash: hash, number: toQuantity(number), method, endpoint: this.#transport.endpoint },
    })
  }

  /** A call that names its block, or transaction, by hash. @throws AppError RPC_ERROR, RPC_UNAVAILABLE */
  byHash(method: string, params: readonly unknown[], io: IoOptions): Promise<unknown> {
    return this.#transport.call(method, params, { ...io, idempotent: true })
  }

  /** Whether the node has a block, and it is older than the forked one. @throws AppError RPC_ERROR, RPC_UNAVAILABLE */
  async hasBlock(hash: Hash, io: IoOptions): Promise<boolean> {
    return this.#isOlder('eth_getBlockByHash', [hash, false], 'number', io)
  }

  /** As {@link hasBlock}, of the block that a transaction is in. @throws AppError RPC_ERROR, RPC_UNAVAILABLE */
  async hasTransaction(hash: Hash, io: IoOptions): Promise<boolean> {
    return this.#isOlder('eth_getTransactionByHash', [hash], 'blockNumber', io)
  }

  async #isOlder(method: string, params: readonly unknown[], key: string, io: IoOptions): Promise<boolean> {
    const json = await this.byHash(method, params, io)
    if (json === null) return false
    return parseAnswer(this.#transport.endpoint, method, () => {
      const found = new JsonObject(json)
      return found.has(key) && found.uint(key) < this.#forked.number
    })
  }
}
