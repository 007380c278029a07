import { z } from 'zod'
import { isAppError } from '../../src/primitives/errors.ts'
import { type Address, bytesToHex, type Hash } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import type { BlockId } from '../../src/protocol/block-id.ts'
import { receiptToJson } from '../../src/protocol/receipt-json.ts'
import type { SignedTransaction, Transaction } from '../../src/protocol/transaction.ts'
import { transactionToJson } from '../../src/protocol/transaction-json.ts'
import { defineMethod, described, type Method } from '../method.ts'
import { blockNumber, hash, quantity64 } from '../schema.ts'
import { type BlockReads, byHash, type PlacedTransaction } from './eth-blocks.ts'

/** What waits for a block, as reads see it. */
export interface PooledTransactions {
  get(hash: Hash): SignedTransaction | undefined
  /** One that waits as it travels between nodes: a blob transaction with its blobs. */
  networkForm(hash: Hash): Uint8Array | undefined
  /** What a sender has waiting; `pending` can be executed on the head, by rising nonce. */
  content(
    io: IoOptions,
    sender: Address,
  ): Promise<{ readonly pending: ReadonlyMap<Address, readonly SignedTransaction[]> }>
}

const TRANSACTION = described('transaction; or null')
const RAW = z.string().meta({ description: 'EIP-2718 bytes; empty when there is no such transaction' })

/** What names a transaction by its place; an index out of range names none. */
const PLACES = [
  { suffix: 'ByBlockHashAndIndex', selector: hash.transform(byHash), paramName: 'hash' },
  { suffix: 'ByBlockNumberAndIndex', selector: blockNumber, paramName: 'block' },
] as const

/** The receipt of a transaction of the canonical chain, in JSON; null when there is none. */
export async function receiptOf(reads: BlockReads, transaction: Hash, io: IoOptions): Promise<unknown> {
  const place = await reads.transaction(transaction, io)
  if (place === undefined) return null
  const { subjects, block } = await reads.receipts(place.block, io)
  const subject = subjects[place.index]
  return subject === undefined ? null : receiptToJson(subject, block)
}

/** Transactions and their receipts, as geth and op-geth show them. */
export function ethTransactionMethods(reads: BlockReads, pool: PooledTransactions): readonly Method[] {
  const show = async ({ block, index }: PlacedTransaction, io: IoOptions): Promise<unknown> => {
    const transaction = block.transactions[index]
    if (transaction === undefined) return null
    // Only a deposit's receipt holds something that its JSON shows.
    const { subjects } = transaction.type === 0x7e ? await reads.receipts(block, io) : { subjects: [] }
    const receipt = subjects[index]?.receipt
    const { number, timestamp, baseFeePerGas } = block.header
    return transactionToJson(transaction, {
      blockHash: block.hash,
      blockNumber: number,
      blockTimestamp: timestamp,
      index,
      baseFeePerGas,
      ...(receipt !== undefined && { receipt }),
    })
  }
  const at = async (id: BlockId, index: bigint, io: IoOptions): Promise<PlacedTransaction | undefined> => {
    const block = await reads.block(id, io)
    return block && { block, index: Number(index) }
  }
  const raw = (transaction: Transaction | undefined): string => bytesToHex(transaction?.raw ?? new Uint8Array(0))

  const rawByHash = (name: string): Method =>
    defineMethod({
      name,
      summary: 'The bytes of a transaction of the canonical chain, or of one that waits',
      params: z.tuple([hash]),
      paramNames: ['hash'],
      result: RAW,
      async handler([value], io) {
        const place = await reads.transaction(value, io)
        const bytes = place?.block.transactions[place.index]?.raw ?? pool.networkForm(value)
        return bytesToHex(bytes ?? new Uint8Array(0))
      },
    })

  return [
    defineMethod({
      name: 'eth_getTransactionByHash',
      summary: 'A transaction of the canonical chain, or one that waits: then the fields of its place are null',
      params: z.tuple([hash]),
      paramNames: ['hash'],
      result: TRANSACTION,
      async handler([value], io) {
        const place = await reads.transaction(value, io)
        if (place !== undefined) return show(place, io)
        const waiting = pool.get(value)
        return waiting === undefined ? null : transactionToJson(waiting)
      },
    }),
    defineMethod({
      name: 'eth_getTransactionReceipt',
      summary: 'The receipt of a transaction of the canonical chain',
      params: z.tuple([hash]),
      paramNames: ['hash'],
      result: described('receipt; or null'),
      handler: ([value], io) => receiptOf(reads, value, io),
    }),
    rawByHash('eth_getRawTransactionByHash'),
    rawByHash('debug_getRawTransaction'),
    ...PLACES.flatMap(({ suffix, selector, paramName }) => [
      defineMethod({
        name: `eth_getTransaction${suffix}`,
        summary: 'A transaction by its place in a block',
        params: z.tuple([selector, quantity64]),
        paramNames: [paramName, 'index'],
        result: TRANSACTION,
        async handler([id, index], io) {
          const place = await at(id, index, io)
          return place === undefined ? null : show(place, io)
        },
      }),
      defineMethod({
        name: `eth_getRawTransaction${suffix}`,
        summary: 'The bytes of a transaction by its place in a block',
        params: z.tuple([selector, quantity64]),
        paramNames: [paramName, 'index'],
        result: RAW,
        async handler([id, index], io) {
          const place = await at(id, index, io).catch((error: unknown) => {
            // As from geth: a label that names no block names no transaction either.
            if (isAppError(error, 'BLOCK_NOT_FOUND')) return undefined
            throw error
          })
          return raw(place?.block.transactions[place.index])
        },
      }),
    ]),
  ]
}
