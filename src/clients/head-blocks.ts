import { type Hash, toQuantity } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Block } from '../protocol/block.ts'
import { blockFromJson } from '../protocol/block-json.ts'
import { JsonObject } from '../protocol/json-value.ts'
import { outcomeValue, parseAnswer } from './answers.ts'
import type { RpcTransport } from './transport.ts'

/** A head that is asked for again and again is not waited for as long as other answers. */
const HEAD_TIMEOUT_MS = 10_000
/** What a block weighs in a batch: full ones are long. */
const BLOCK_WEIGHT = 250

/** The blocks of a chain as its node tells them, whole, and verified: each is what it hashes to. */
export class HeadBlocks {
  readonly #transport: RpcTransport

  constructor(transport: RpcTransport) {
    this.#transport = transport
  }

  /** The head. @throws AppError RPC_UNAVAILABLE, RPC_ERROR */
  async head(io: IoOptions): Promise<{ readonly hash: Hash; readonly number: bigint }> {
    const method = 'eth_getBlockByNumber'
    const options = { ...io, idempotent: true, timeoutMs: HEAD_TIMEOUT_MS }
    const json = await this.#transport.call(method, ['latest', false], options)
    return parseAnswer(this.#transport.endpoint, method, () => {
      const block = new JsonObject(json)
      return { hash: block.hash('hash'), number: block.uint('number') }
    })
  }

  /** A block; undefined where the node does not have it. @throws AppError RPC_UNAVAILABLE, RPC_ERROR */
  async block(hash: Hash, io: IoOptions): Promise<Block | undefined> {
    const method = 'eth_getBlockByHash'
    const json = await this.#transport.call(method, [hash, true], { ...io, idempotent: true })
    if (json === null) return undefined
    const block = this.#parse(method, json)
    // Another block than the one that was asked for is none.
    return block.hash === hash ? block : undefined
  }

  /** Canonical blocks by number, as far as the node has them. @throws AppError RPC_UNAVAILABLE, RPC_ERROR */
  async canonical(numbers: readonly bigint[], io: IoOptions): Promise<readonly Block[]> {
    const method = 'eth_getBlockByNumber'
    const calls = numbers.map((number) => ({ method, params: [toQuantity(number), true], weight: BLOCK_WEIGHT }))
    const outcomes = await this.#transport.batch(calls, { ...io, idempotent: true })
    return outcomes.flatMap((outcome) => {
      const json = outcomeValue(outcome)
      return json === null ? [] : [this.#parse(method, json)]
    })
  }

  #parse(method: string, json: unknown): Block {
    return parseAnswer(this.#transport.endpoint, method, () => blockFromJson(json))
  }
}
