import { LRUCache } from 'lru-cache'
import type { L1Block, L1Reader } from '../builder/ports.ts'
import type { L1DataSource } from '../derive/ports.ts'
import type { L1Refs } from '../driver/ports.ts'
import { AppError } from '../primitives/errors.ts'
import { type Address, type Hash, toQuantity } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { receiptsRoot } from '../protocol/block.ts'
import { blockFromJson, hashedHeaderFromJson } from '../protocol/block-json.ts'
import { JsonObject } from '../protocol/json-value.ts'
import type { Receipt } from '../protocol/receipt.ts'
import { receiptFromJson } from '../protocol/receipt-json.ts'
import { blockRef, type L1BlockRef } from '../protocol/refs.ts'
import type { Transaction } from '../protocol/transaction.ts'
import { parseAnswer } from './answers.ts'
import type { RpcTransport, TransportErrorCode } from './transport.ts'

const CACHED_BLOCKS = 512
const CACHED_RECEIPT_LISTS = 16

/** Blocks, receipts and transactions of L1, verified: a header against its hash, the others against their roots. */
export class L1Client implements L1Reader, L1DataSource, L1Refs {
  readonly #transport: RpcTransport
  readonly #blocks = new LRUCache<Hash, L1Block>({ max: CACHED_BLOCKS })
  readonly #receipts = new LRUCache<Hash, readonly Receipt[]>({ max: CACHED_RECEIPT_LISTS })

  constructor(transport: RpcTransport) {
    this.#transport = transport
  }

  async block(id: Hash | bigint | 'latest', io: IoOptions): Promise<L1Block | undefined> {
    const byNumber = typeof id === 'bigint' || id === 'latest'
    if (!byNumber) {
      const known = this.#blocks.get(id)
      if (known !== undefined) return known
    }
    const method = byNumber ? 'eth_getBlockByNumber' : 'eth_getBlockByHash'
    const selector = typeof id === 'bigint' ? toQuantity(id) : id
    const json = await this.#transport.call(method, [selector, false], { ...io, idempotent: true })
    if (json === null) return undefined
    const block = parseAnswer(this.#transport.endpoint, method, () => hashedHeaderFromJson(json))
    this.#blocks.set(block.hash, block)
    return block
  }

  async ref(id: Hash | bigint, io: IoOptions): Promise<L1BlockRef | undefined> {
    const block = await this.block(id, io)
    return block && blockRef(block)
  }

  /** A storage slot in the newest state. @throws AppError RPC_UNAVAILABLE, RPC_ERROR */
  async slot(address: Address, slot: Hash, io: IoOptions): Promise<bigint> {
    const method = 'eth_getStorageAt'
    const json = await this.#transport.call(method, [address, slot, 'latest'], { ...io, idempotent: true })
    return parseAnswer(this.#transport.endpoint, method, () => BigInt(new JsonObject({ slot: json }).hash('slot')))
  }

  async receipts(hash: Hash, io: IoOptions): Promise<readonly Receipt[] | undefined> {
    const known = this.#receipts.get(hash)
    if (known !== undefined) return known
    const block = await this.block(hash, io)
    if (block === undefined) return undefined
    const method = 'eth_getBlockReceipts'
    const json = await this.#transport.call(method, [hash], { ...io, idempotent: true })
    if (json === null) return undefined
    const { endpoint } = this.#transport
    const receipts = parseAnswer(endpoint, method, () => {
      const list = (Array.isArray(json) ? json : [json]).map((item) => receiptFromJson(item).receipt)
      const root = receiptsRoot(list)
      if (root === block.header.receiptsRoot) return list
      throw new AppError<TransportErrorCode>('RPC_UNAVAILABLE', {
        message: `receipts of ${hash} have root ${root}, not ${block.header.receiptsRoot}`,
        severity: 'temporary',
        data: { method, endpoint },
      })
    })
    this.#receipts.set(hash, receipts)
    return receipts
  }

  /** Of a block, with their senders recovered. Not kept: derivation reads each block once. */
  async transactions(hash: Hash, io: IoOptions): Promise<readonly Transaction[] | undefined> {
    const method = 'eth_getBlockByHash'
    const json = await this.#transport.call(method, [hash, true], { ...io, idempotent: true })
    if (json === null) return undefined
    const block = parseAnswer(this.#transport.endpoint, method, () => blockFromJson(json))
    if (block.hash === hash) return block.transactions
    const { endpoint } = this.#transport
    throw new AppError<TransportErrorCode>('RPC_UNAVAILABLE', {
      message: `${endpoint}: ${method}: asked for ${hash}, got ${block.hash}`,
      severity: 'temporary',
      data: { method, endpoint },
    })
  }
}
