import type { HashedHeader } from '../embedded/fork/fork-ancestors.ts'
import type { ForkedChain } from '../embedded/fork/open-fork.ts'
import { AppError } from '../primitives/errors.ts'
import { type Hash, toQuantity } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { Block } from '../protocol/block.ts'
import { blockFromJson, hashedHeaderFromJson } from '../protocol/block-json.ts'
import { JsonObject } from '../protocol/json-value.ts'
import type { Receipt } from '../protocol/receipt.ts'
import type { ProofSource } from '../state/source.ts'
import { outcomeValue, parseAnswer } from './answers.ts'
import { L1Client } from './l1.ts'
import { RpcStateSource } from './state-rpc.ts'
import type { RpcTransport, TransportErrorCode } from './transport.ts'

/** The node of a chain that is forked: blocks, receipts and states, by reading methods alone. */
export class ForkNode implements ForkedChain {
  readonly states: ProofSource
  readonly #transport: RpcTransport
  readonly #blocks: L1Client

  constructor(transport: RpcTransport) {
    this.states = new RpcStateSource(transport)
    this.#transport = transport
    this.#blocks = new L1Client(transport)
  }

  async whole(
    id: bigint | 'latest',
    io: IoOptions,
  ): Promise<{ readonly block: Block; readonly receipts: readonly Receipt[] } | undefined> {
    const method = 'eth_getBlockByNumber'
    const selector = id === 'latest' ? id : toQuantity(id)
    const json = await this.#transport.call(method, [selector, true], { ...io, idempotent: true })
    if (json === null) return undefined
    const block = parseAnswer(this.#transport.endpoint, method, () => blockFromJson(json))
    const receipts = await this.receipts(block.hash, io)
    if (receipts !== undefined) return { block, receipts }
    throw new AppError<TransportErrorCode>('RPC_UNAVAILABLE', {
      message: `${this.#transport.endpoint}: no receipts of block ${block.hash}`,
      severity: 'temporary',
      data: { method: 'eth_getBlockReceipts', endpoint: this.#transport.endpoint },
    })
  }

  async chainId(io: IoOptions): Promise<bigint> {
    const method = 'eth_chainId'
    const json = await this.#transport.call(method, [], { ...io, idempotent: true })
    return parseAnswer(this.#transport.endpoint, method, () => new JsonObject({ chainId: json }).uint('chainId'))
  }

  config(io: IoOptions): Promise<unknown> {
    return this.#transport.call('eth_config', [], { ...io, idempotent: true })
  }

  async canonical(numbers: readonly bigint[], io: IoOptions): Promise<readonly (HashedHeader | undefined)[]> {
    const method = 'eth_getBlockByNumber'
    const calls = numbers.map((number) => ({ method, params: [toQuantity(number), false] }))
    const outcomes = await this.#transport.batch(calls, { ...io, idempotent: true })
    return outcomes.map((outcome) => {
      const json = outcomeValue(outcome)
      return json === null ? undefined : parseAnswer(this.#transport.endpoint, method, () => hashedHeaderFromJson(json))
    })
  }

  async header(hash: Hash, io: IoOptions): Promise<HashedHeader | undefined> {
    const found = await this.#blocks.block(hash, io)
    return found?.hash === hash ? found : undefined
  }

  /** A block before a number; undefined where the node has none. */
  async olderBlock(id: Hash | bigint, before: bigint, io: IoOptions): Promise<HashedHeader | undefined> {
    if (typeof id === 'bigint' && id >= before) return undefined
    const found = await this.#blocks.block(id, io)
    return found !== undefined && found.header.number < before ? found : undefined
  }

  /** The receipts of a block, verified; undefined where the node has none. */
  receipts(hash: Hash, io: IoOptions): Promise<readonly Receipt[] | undefined> {
    return this.#blocks.receipts(hash, io)
  }
}
