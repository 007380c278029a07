import { LRUCache } from 'lru-cache'
import type { L2Chain } from '../driver/ports.ts'
import { AppError } from '../primitives/errors.ts'
import { type Hash, toQuantity } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { blockFromJson } from '../protocol/block-json.ts'
import { type L2BlockFacts, l2BlockRef, payloadFacts, systemConfigOfBlock } from '../protocol/l2-block.ts'
import { type Payload, payloadOf } from '../protocol/payload.ts'
import type { L2BlockRef } from '../protocol/refs.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { SystemConfig } from '../protocol/system-config.ts'
import { isUnknownBlock, parseAnswer } from './answers.ts'
import type { RpcCaller, TransportErrorCode } from './transport.ts'

/** A block, and as much of it decoded as tells its place. */
interface KnownBlock {
  readonly payload: Payload
  readonly facts: L2BlockFacts
}

/** A block is asked for as a parent, for its reference, and for its configuration. */
const CACHED_BLOCKS = 16

/** Blocks of L2 as derivation and the driver read them, out of an execution layer; each verified against its hash. */
export class SafeChainClient implements L2Chain {
  readonly #transport: RpcCaller
  readonly #config: RollupConfig
  readonly #blocks = new LRUCache<Hash, KnownBlock>({ max: CACHED_BLOCKS })

  constructor(transport: RpcCaller, config: RollupConfig) {
    this.#transport = transport
    this.#config = config
  }

  async ref(id: Hash | bigint, io: IoOptions): Promise<L2BlockRef | undefined> {
    const block = await this.#read(id, io)
    return block && this.#parse(() => l2BlockRef(this.#config, block.facts))
  }

  async systemConfig(hash: Hash, io: IoOptions): Promise<SystemConfig | undefined> {
    const block = await this.#read(hash, io)
    return block && this.#parse(() => systemConfigOfBlock(this.#config, block.facts))
  }

  async block(
    number: bigint,
    io: IoOptions,
  ): Promise<{ readonly ref: L2BlockRef; readonly transactions: readonly Uint8Array[] } | undefined> {
    const block = await this.#read(number, io)
    if (block === undefined) return undefined
    const ref = this.#parse(() => l2BlockRef(this.#config, block.facts))
    return { ref, transactions: block.payload.transactions }
  }

  async labelled(label: 'latest' | 'safe' | 'finalized', io: IoOptions): Promise<L2BlockRef | undefined> {
    const block = await this.#labelled(label, io)
    return block && this.#parse(() => l2BlockRef(this.#config, block.facts))
  }

  async payload(id: Hash | bigint, io: IoOptions): Promise<Payload | undefined> {
    return (await this.#read(id, io))?.payload
  }

  remember(payload: Payload): void {
    this.#keep({ payload, facts: payloadFacts(payload) })
  }

  async #labelled(label: string, io: IoOptions): Promise<KnownBlock | undefined> {
    const method = 'eth_getBlockByNumber'
    const json = await this.#transport.call(method, [label, true], { ...io, idempotent: true }).catch((error) => {
      if (isUnknownBlock(error)) return null
      throw error
    })
    return json === null ? undefined : this.#keep(this.#block(method, json))
  }

  #block(method: string, json: unknown): KnownBlock {
    const block = parseAnswer(this.#transport.endpoint, method, () => blockFromJson(json))
    const { hash, header, transactions } = block
    return { payload: payloadOf(block), facts: { hash, header, transactions: transactions.slice(0, 1) } }
  }

  #keep(block: KnownBlock): KnownBlock {
    this.#blocks.set(block.payload.hash, block)
    return block
  }

  #parse<T>(parse: () => T): T {
    return parseAnswer(this.#transport.endpoint, 'eth_getBlock', parse)
  }

  async #read(id: Hash | bigint, io: IoOptions): Promise<KnownBlock | undefined> {
    const byHash = typeof id === 'string'
    const known = byHash ? this.#blocks.get(id) : undefined
    if (known !== undefined) return known
    const method = byHash ? 'eth_getBlockByHash' : 'eth_getBlockByNumber'
    const json = await this.#transport.call(method, [byHash ? id : toQuantity(id), true], { ...io, idempotent: true })
    if (json === null) return undefined
    const { endpoint } = this.#transport
    const block = this.#block(method, json)
    const { hash, header } = block.payload
    if (byHash ? hash !== id : header.number !== id) {
      throw new AppError<TransportErrorCode>('RPC_UNAVAILABLE', {
        message: `${endpoint}: ${method}: asked for ${id}, got ${hash}:${header.number}`,
        severity: 'temporary',
        data: { method, endpoint },
      })
    }
    return this.#keep(block)
  }
}
