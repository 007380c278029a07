import { z } from 'zod'
import type { BlockReceipts } from '../../src/embedded/block-reads.ts'
import { type Hash, toQuantity } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import type { Block } from '../../src/protocol/block.ts'
import { type BlockId, LATEST } from '../../src/protocol/block-id.ts'
import { blockToJson, headerToJson } from '../../src/protocol/block-json.ts'
import type { Header } from '../../src/protocol/header.ts'
import { receiptToJson } from '../../src/protocol/receipt-json.ts'
import { defineMethod, described, type Method } from '../method.ts'
import { blockId, blockNumber, hash, optional, quantity64 } from '../schema.ts'

/** Where a transaction stands on the canonical chain. */
export interface PlacedTransaction {
  readonly block: Block
  /** Position in the block. */
  readonly index: number
}

/** Reads the blocks of one chain, those of side branches by hash, too. What is not there is undefined. */
export interface BlockReads {
  /** @throws AppError BLOCK_NOT_FOUND for a label that names no block yet, or a block that is not canonical but has to be */
  header(id: BlockId, io: IoOptions): Promise<{ readonly hash: Hash; readonly header: Header } | undefined>
  /** @throws AppError BLOCK_NOT_FOUND as {@link header} */
  block(id: BlockId, io: IoOptions): Promise<Block | undefined>
  /** Of a block that `block` gave. */
  receipts(block: Block, io: IoOptions): Promise<BlockReceipts>
  /** A transaction of the canonical chain. */
  transaction(hash: Hash, io: IoOptions): Promise<PlacedTransaction | undefined>
}

/** A block by its hash alone, wherever it stands. */
export function byHash(value: Hash): BlockId {
  return { tag: 'hash', hash: value, requireCanonical: false }
}

const BLOCK = described('block; or null')
const HEADER = described('header; or null')
const COUNT = z.string().nullable().meta({ description: 'quantity' })

async function showBlock(reads: BlockReads, id: BlockId, full: boolean, io: IoOptions): Promise<unknown> {
  const block = await reads.block(id, io)
  if (block === undefined) return null
  if (!full) return blockToJson(block, { full })
  const { subjects } = await reads.receipts(block, io)
  return blockToJson(block, { full, receipts: subjects.map(({ receipt }) => receipt) })
}

async function showHeader(reads: BlockReads, id: BlockId, io: IoOptions): Promise<unknown> {
  const found = await reads.header(id, io)
  return found === undefined ? null : headerToJson(found.header, found.hash)
}

/** Two methods that count something in a block, and differ in how they name it. */
function counting(
  names: { readonly byHash: string; readonly byNumber: string },
  summary: string,
  count: (id: BlockId, io: IoOptions) => Promise<number | undefined>,
): readonly Method[] {
  const answer = async (id: BlockId, io: IoOptions): Promise<string | null> => {
    const found = await count(id, io)
    return found === undefined ? null : toQuantity(found)
  }
  return [
    defineMethod({
      name: names.byHash,
      summary,
      params: z.tuple([hash]),
      paramNames: ['hash'],
      result: COUNT,
      handler: ([value], io) => answer(byHash(value), io),
    }),
    defineMethod({
      name: names.byNumber,
      summary,
      params: z.tuple([blockNumber]),
      paramNames: ['block'],
      result: COUNT,
      handler: ([id], io) => answer(id, io),
    }),
  ]
}

/** Blocks, headers, and what is counted in them, as geth and op-geth show them. */
export function ethBlockMethods(reads: BlockReads): readonly Method[] {
  return [
    defineMethod({
      name: 'eth_blockNumber',
      summary: 'The number of the head',
      params: z.tuple([]),
      paramNames: [],
      result: z.string(),
      handler: async (_params, io) => toQuantity((await reads.header(LATEST, io))?.header.number ?? 0n),
    }),
    defineMethod({
      name: 'eth_getBlockByHash',
      summary: 'A block by its hash, of a side branch, too',
      params: z.tuple([hash, optional(z.boolean())]),
      paramNames: ['hash', 'full'],
      result: BLOCK,
      handler: ([value, full], io) => showBlock(reads, byHash(value), full ?? false, io),
    }),
    defineMethod({
      name: 'eth_getBlockByNumber',
      summary: 'A block of the canonical chain; nothing is pending here, so that `pending` is the head',
      params: z.tuple([blockNumber, optional(z.boolean())]),
      paramNames: ['block', 'full'],
      result: BLOCK,
      handler: ([id, full], io) => showBlock(reads, id, full ?? false, io),
    }),
    defineMethod({
      name: 'eth_getHeaderByHash',
      summary: 'A header by its hash',
      params: z.tuple([hash]),
      paramNames: ['hash'],
      result: HEADER,
      handler: ([value], io) => showHeader(reads, byHash(value), io),
    }),
    defineMethod({
      name: 'eth_getHeaderByNumber',
      summary: 'A header of the canonical chain',
      params: z.tuple([blockNumber]),
      paramNames: ['block'],
      result: HEADER,
      handler: ([id], io) => showHeader(reads, id, io),
    }),
    defineMethod({
      name: 'eth_getBlockReceipts',
      summary: 'The receipts of a block',
      params: z.tuple([blockId]),
      paramNames: ['block'],
      result: described('list of receipts; or null'),
      async handler([id], io) {
        const block = await reads.block(id, io)
        if (block === undefined) return null
        const receipts = await reads.receipts(block, io)
        return receipts.subjects.map((subject) => receiptToJson(subject, receipts.block))
      },
    }),
    ...counting(
      { byHash: 'eth_getBlockTransactionCountByHash', byNumber: 'eth_getBlockTransactionCountByNumber' },
      'How many transactions a block holds',
      async (id, io) => (await reads.block(id, io))?.transactions.length,
    ),
    ...counting(
      { byHash: 'eth_getUncleCountByBlockHash', byNumber: 'eth_getUncleCountByBlockNumber' },
      'None: blocks have no uncles since the merge',
      async (id, io) => (await reads.header(id, io)) && 0,
    ),
    defineMethod({
      name: 'eth_getUncleByBlockHashAndIndex',
      summary: 'Null: blocks have no uncles since the merge',
      params: z.tuple([hash, quantity64]),
      paramNames: ['hash', 'index'],
      result: BLOCK,
      handler: () => null,
    }),
    defineMethod({
      name: 'eth_getUncleByBlockNumberAndIndex',
      summary: 'Null: blocks have no uncles since the merge',
      params: z.tuple([blockNumber, quantity64]),
      paramNames: ['block', 'index'],
      result: BLOCK,
      async handler([id], io) {
        await reads.header(id, io)
        return null
      },
    }),
  ]
}
