import { LRUCache } from 'lru-cache'
import type { Hash } from '../primitives/hex.ts'
import { l1BlobBaseFee } from '../protocol/blob-fee.ts'
import type { Block } from '../protocol/block.ts'
import type { BlockId } from '../protocol/block-id.ts'
import type { Header } from '../protocol/header.ts'
import type { Receipt } from '../protocol/receipt.ts'
import type { ReceiptBlock, ReceiptSubject } from '../protocol/receipt-json.ts'
import { lookUpBlock } from './block-lookup.ts'
import type { ChainKind } from './chain-kind.ts'
import { type ChainStore, unknownBlock } from './chain-store.ts'
import { receiptSubjects } from './receipt-subjects.ts'

/** Blocks whose receipts are kept at hand. */
const MAX_RECEIPTS = 32

/** What the receipts of one block say. */
export interface BlockReceipts {
  readonly block: ReceiptBlock
  /** In the order of the transactions. */
  readonly subjects: readonly ReceiptSubject[]
}

/** The blocks of a stored chain, as callers name them. */
export class BlockReads {
  readonly #chain: ChainStore
  readonly #kind: ChainKind
  /** Clients ask for the receipts of a block one by one; what each tells of L1 fees follows from the whole block. */
  readonly #receipts = new LRUCache<Hash, BlockReceipts>({ max: MAX_RECEIPTS })

  constructor(chain: ChainStore, kind: ChainKind) {
    this.#chain = chain
    this.#kind = kind
  }

  /** @throws AppError BLOCK_NOT_FOUND for a label that names no block yet, or a block that is not canonical but has to be */
  async header(id: BlockId): Promise<{ readonly hash: Hash; readonly header: Header } | undefined> {
    const hash = lookUpBlock(this.#chain, id)
    const header = hash && this.#chain.header(hash)
    return hash && header && { hash, header }
  }

  /** @throws AppError BLOCK_NOT_FOUND as {@link header} */
  async block(id: BlockId): Promise<Block | undefined> {
    const hash = lookUpBlock(this.#chain, id)
    return hash && this.#chain.block(hash)
  }

  /** @throws AppError BLOCK_UNKNOWN for a block that is not stored */
  async receipts(block: Block): Promise<BlockReceipts> {
    const { hash, header } = block
    const cached = this.#receipts.get(hash)
    if (cached !== undefined) return cached
    const receipts = this.#chain.receipts(hash)
    if (receipts === undefined) throw unknownBlock(hash)
    const blobBaseFee = this.#blobBaseFee(header, receipts)
    const { number, timestamp } = header
    const read: BlockReceipts = {
      block: { hash, number, timestamp, ...(blobBaseFee !== undefined && { blobBaseFee }) },
      subjects: receiptSubjects(block, receipts, this.#kind.tag === 'op' ? this.#kind.forks : undefined),
    }
    this.#receipts.set(hash, read)
    return read
  }

  /** A transaction of the canonical chain. */
  async transaction(hash: Hash): Promise<{ readonly block: Block; readonly index: number } | undefined> {
    const place = this.#chain.transaction(hash)
    const block = place && this.#chain.block(place.blockHash)
    return place && block && { block, index: place.index }
  }

  /** wei per blob gas, where a receipt shows it. */
  #blobBaseFee(header: Header, receipts: readonly Receipt[]): bigint | undefined {
    if (this.#kind.tag === 'op' || !receipts.some(({ type }) => type === 3)) return undefined
    return l1BlobBaseFee(this.#kind.config, undefined, header)
  }
}
