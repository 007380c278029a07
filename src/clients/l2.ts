import { LRUCache } from 'lru-cache'
import type { ChainBlock, ChainReader, StateWant } from '../builder/ports.ts'
import { AppError, isAppError } from '../primitives/errors.ts'
import { type Hash, toQuantity } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { hashedHeaderFromJson } from '../protocol/block-json.ts'
import type { Header } from '../protocol/header.ts'
import type { Transaction } from '../protocol/transaction.ts'
import { transactionFromJson } from '../protocol/transaction-json.ts'
import { outcomeValue, parseAnswer } from './answers.ts'
import type { Ride, StateRider } from './state-rider.ts'
import type { RpcCall, RpcTransport, TransportErrorCode } from './transport.ts'

/** What BLOCKHASH reaches back. */
const MAX_ANCESTORS = 256n
const CACHED_ANCESTORS = 4096

/** Blocks of an execution layer, each verified against its hash. */
export class L2Client implements ChainReader {
  readonly #transport: RpcTransport
  /** Parent by block hash: content-addressed, so it never goes stale. */
  readonly #parents = new LRUCache<Hash, Hash>({ max: CACHED_ANCESTORS })

  readonly #rider: StateRider | undefined
  /** The block that was read last: while its state is in the store, the next one's mostly is, too. */
  #last: { readonly hash: Hash; readonly stateRoot: Hash } | undefined

  /** @param rider where given, wants travel along */
  constructor(transport: RpcTransport, rider?: StateRider) {
    this.#transport = transport
    this.#rider = rider
  }

  block(
    id: Hash | bigint | 'latest',
    io: IoOptions,
    wants: readonly StateWant[] = [],
  ): Promise<ChainBlock | undefined> {
    return this.#read(id, io, wants)
  }

  /** The block that a label stands on; undefined before it is set. */
  async labelled(label: 'latest' | 'safe' | 'finalized', io: IoOptions): Promise<ChainBlock | undefined> {
    try {
      return await this.#read(label, io, [])
    } catch (error) {
      // geth's answer for a label that is not set is an error.
      if (label !== 'latest' && isAppError(error, 'RPC_ERROR')) return undefined
      throw error
    }
  }

  async #read(
    id: Hash | bigint | 'latest' | 'safe' | 'finalized',
    io: IoOptions,
    wants: readonly StateWant[],
  ): Promise<ChainBlock | undefined> {
    const byHash = typeof id === 'string' && id.startsWith('0x')
    const selector = typeof id === 'bigint' ? toQuantity(id) : id
    const calls: RpcCall[] = byHash
      ? [
          { method: 'eth_getBlockByHash', params: [selector, false] },
          { method: 'eth_getTransactionByBlockHashAndIndex', params: [selector, '0x0'] },
        ]
      : [
          { method: 'eth_getBlockByNumber', params: [selector, false] },
          { method: 'eth_getTransactionByBlockNumberAndIndex', params: [selector, '0x0'] },
        ]
    const ride = this.#ride(byHash ? { blockHash: selector } : selector, wants)
    const outcomes = await this.#transport.batch([...calls, ...(ride?.calls ?? [])], { ...io, idempotent: true })
    const [blockJson, transactionJson] = outcomes.slice(0, calls.length).map(outcomeValue)
    if (blockJson === null || blockJson === undefined) return undefined
    const { header, hash, count } = this.#parseBlock((calls[0] as RpcCall).method, blockJson)
    if (byHash && hash !== id) {
      throw this.#malformed('eth_getBlockByHash', `asked for ${id}, got ${hash}`)
    }
    this.#last = { hash, stateRoot: header.stateRoot }
    ride?.absorb(outcomes.slice(calls.length), this.#last)
    const first = count === 0 ? undefined : this.#firstTransaction(transactionJson, hash)
    // The head moved between the two calls: what it was is settled now, so ask for that block.
    if (count > 0 && first === undefined) {
      if (byHash) throw this.#malformed('eth_getTransactionByBlockHashAndIndex', `no transaction 0 in ${hash}`)
      return this.block(hash, io)
    }
    return { hash, header, firstTransaction: first }
  }

  /** Wants ride only into the unknown: where the last block's state is known, asking for all again would cost more than it saves. */
  #ride(block: unknown, wants: readonly StateWant[]): Ride | undefined {
    if (this.#rider === undefined || wants.length === 0) return undefined
    if (this.#last !== undefined && this.#rider.knows(this.#last, wants)) return undefined
    return this.#rider.unknown(block, wants)
  }

  #parseBlock(method: string, json: unknown): { header: Header; hash: Hash; count: number } {
    return parseAnswer(this.#transport.endpoint, method, () => {
      const { hash, header } = hashedHeaderFromJson(json)
      const { transactions } = json as { transactions?: unknown }
      this.#parents.set(hash, header.parentHash)
      return { hash, header, count: Array.isArray(transactions) ? transactions.length : 0 }
    })
  }

  #firstTransaction(json: unknown, blockHash: Hash): Transaction | undefined {
    if (json === null || typeof json !== 'object' || (json as { blockHash?: unknown }).blockHash !== blockHash) {
      return undefined
    }
    return parseAnswer(this.#transport.endpoint, 'eth_getTransactionByBlockHashAndIndex', () =>
      transactionFromJson(json),
    )
  }

  #malformed(method: string, why: string): AppError {
    const { endpoint } = this.#transport
    return new AppError<TransportErrorCode>('RPC_UNAVAILABLE', {
      message: `${endpoint}: ${method}: ${why}`,
      severity: 'temporary',
      data: { method, endpoint },
    })
  }

  async ancestorHash(tip: ChainBlock, number: bigint, io: IoOptions): Promise<Hash | undefined> {
    const { header } = tip
    if (number > header.number || number < 0n || header.number - number >= MAX_ANCESTORS) return undefined
    if (number === header.number) return tip.hash
    const known = this.#walk(header.parentHash, header.number - 1n, number)
    if (known !== undefined) return known
    // On the canonical chain the whole stretch takes one round trip; on a side branch the walk goes hash by hash.
    await this.#learn(number + 1n, header.number - 1n, io)
    let hash = header.parentHash
    for (let at = header.number - 1n; at > number; at--) {
      const parent = this.#parents.get(hash)
      if (parent !== undefined) {
        hash = parent
        continue
      }
      const block = await this.block(hash, io)
      if (block === undefined) return undefined
      hash = block.header.parentHash
    }
    return hash
  }

  #walk(from: Hash, fromNumber: bigint, number: bigint): Hash | undefined {
    let hash: Hash | undefined = from
    for (let at = fromNumber; at > number && hash !== undefined; at--) hash = this.#parents.get(hash)
    return hash
  }

  async #learn(from: bigint, to: bigint, io: IoOptions): Promise<void> {
    const calls: RpcCall[] = []
    for (let number = from; number <= to; number++) {
      calls.push({ method: 'eth_getBlockByNumber', params: [toQuantity(number), false] })
    }
    for (const outcome of await this.#transport.batch(calls, { ...io, idempotent: true })) {
      const json = outcomeValue(outcome)
      if (json !== null && json !== undefined) this.#parseBlock('eth_getBlockByNumber', json)
    }
  }
}
