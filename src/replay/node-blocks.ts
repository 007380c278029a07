import { outcomeValue, parseAnswer } from '../clients/answers.ts'
import { type RpcTransport, rpcErrorData } from '../clients/transport.ts'
import { AppError, isAppError } from '../primitives/errors.ts'
import { type Hash, hexToBytes, isData, isQuantity, toQuantity } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { decodeBlock } from '../protocol/block.ts'
import { headerFromJson } from '../protocol/block-json.ts'
import { decodeHeader, type Header } from '../protocol/header.ts'
import { JsonObject, type JsonValueErrorCode } from '../protocol/json-value.ts'
import type { Transaction } from '../protocol/transaction.ts'
import { transactionFromJson } from '../protocol/transaction-json.ts'
import type { ReplayErrorCode } from './chain.ts'

/** All that a node says of one block. */
export interface NodeBlock {
  /** As the node states it. */
  readonly hash: Hash
  readonly header: Header
  readonly transactions: readonly Transaction[]
  /** `eth_getBlockByHash` */
  readonly json: Readonly<Record<string, unknown>>
  /** `eth_getBlockReceipts` */
  readonly receipts: readonly unknown[]
}

/** JSON-RPC: no such method; and what some nodes say of a method that is switched off. */
const NO_METHOD = new Set([-32601, -32604])

function invalid(message: string): never {
  throw new AppError<JsonValueErrorCode>('JSON_VALUE_INVALID', { message })
}

function bytes(value: unknown): Uint8Array {
  return isData(value) ? hexToBytes(value) : invalid('expected 0x bytes')
}

/**
 * Reads existing blocks. Encoded blocks (`debug_getRawBlock`) are preferred: they are one source for header and
 * transactions, apart from the JSON that is going to be compared. A node that does not serve them is asked for whole
 * transactions instead.
 */
export class NodeBlocks {
  readonly #rpc: RpcTransport
  #raw = true

  constructor(rpc: RpcTransport) {
    this.#rpc = rpc
  }

  /** The number of the head. @throws AppError RPC_UNAVAILABLE, RPC_ERROR */
  async head(io: IoOptions = {}): Promise<bigint> {
    const value = await this.#rpc.call('eth_blockNumber', [], { ...io, idempotent: true })
    return this.#parse('eth_blockNumber', () => (isQuantity(value) ? BigInt(value) : invalid('expected a quantity')))
  }

  /**
   * A block, with its receipts.
   * @throws AppError REPLAY_BLOCK_MISSING when the node does not have it; RPC_UNAVAILABLE, RPC_ERROR; RLP_INVALID,
   * HEADER_INVALID, TX_INVALID, TX_TYPE_UNSUPPORTED when the block is none that can be read
   */
  async block(number: bigint, io: IoOptions = {}): Promise<NodeBlock> {
    const options = { ...io, idempotent: true }
    const selector = toQuantity(number)
    const byNumber = await this.#rpc.call('eth_getBlockByNumber', [selector, false], options)
    if (byNumber === null) throw this.#missing(`block ${number}`)
    const json = byNumber as NodeBlock['json']
    const hash = this.#parse('eth_getBlockByNumber', () => new JsonObject(json).hash('hash'))
    // By hash from here on: a head that moves cannot mix two blocks.
    const calls = [{ method: 'eth_getBlockReceipts', params: [hash] }]
    if (this.#raw) calls.push({ method: 'debug_getRawBlock', params: [hash] })
    const [receiptsAnswer, rawAnswer] = await this.#rpc.batch(calls, options)
    const receipts = outcomeValue(receiptsAnswer)
    if (!Array.isArray(receipts)) throw this.#missing(`receipts of block ${number}`)
    if (rawAnswer === undefined || (!rawAnswer.ok && this.#refusesRaw(rawAnswer.error))) {
      return { hash, json, receipts, ...(await this.#whole(hash, options)) }
    }
    const raw = outcomeValue(rawAnswer)
    const { header, transactions } = decodeBlock(this.#parse('debug_getRawBlock', () => bytes(raw)))
    return { hash, json, receipts, header, transactions }
  }

  /** A block's header, not verified. @throws AppError REPLAY_BLOCK_MISSING, RPC_UNAVAILABLE, RPC_ERROR */
  async header(hash: Hash, io: IoOptions = {}): Promise<Header> {
    const options = { ...io, idempotent: true }
    if (this.#raw) {
      try {
        const raw = await this.#rpc.call('debug_getRawHeader', [hash], options)
        return this.#parse('debug_getRawHeader', () => decodeHeader(bytes(raw)))
      } catch (error) {
        if (!isAppError(error, 'RPC_ERROR') || !this.#refusesRaw(error)) throw error
      }
    }
    const json = await this.#rpc.call('eth_getBlockByHash', [hash, false], options)
    if (json === null) throw this.#missing(`block ${hash}`)
    return this.#parse('eth_getBlockByHash', () => headerFromJson(json))
  }

  #refusesRaw(error: AppError): boolean {
    if (!NO_METHOD.has(rpcErrorData(error)?.code ?? 0)) return false
    this.#raw = false
    return true
  }

  async #whole(hash: Hash, io: IoOptions): Promise<Pick<NodeBlock, 'header' | 'transactions'>> {
    const json = await this.#rpc.call('eth_getBlockByHash', [hash, true], { ...io, idempotent: true })
    return this.#parse('eth_getBlockByHash', () => ({
      header: headerFromJson(json),
      transactions: new JsonObject(json).list('transactions').map(transactionFromJson),
    }))
  }

  #parse<T>(method: string, parse: () => T): T {
    return parseAnswer(this.#rpc.endpoint, method, parse)
  }

  #missing(what: string): AppError<ReplayErrorCode> {
    const { endpoint } = this.#rpc
    return new AppError('REPLAY_BLOCK_MISSING', { message: `${endpoint}: the node does not have ${what}` })
  }
}
