import { z } from 'zod'
import { type Address, bytesToHex, type Hash, isData, toQuantity } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import type { SignedTransaction } from '../../src/protocol/transaction.ts'
import { transactionToJson } from '../../src/protocol/transaction-json.ts'
import { defineMethod, described, type Method } from '../method.ts'
import { asUpstream, type PassThrough } from './eth.ts'
import type { PooledTransactions } from './eth-transactions.ts'

/** The node checks these itself. */
const anyParams = z.tuple([]).rest(z.unknown())

/** Whether a node has found what it was asked for: bytes that are not there are empty. */
function isFound(answer: unknown): boolean {
  return answer !== null && answer !== '0x'
}

function isPending(block: unknown): boolean {
  if (typeof block !== 'object' || block === null) return block === 'pending'
  return (block as { readonly blockNumber?: unknown }).blockNumber === 'pending'
}

/**
 * What callers ask of transactions that may still wait, on a chain of a node: first the chain is asked, then the pool, as geth
 * does with its own. An account's next nonce follows from the pool here alone.
 */
export function remotePoolMethods(node: PassThrough, pool: PooledTransactions): readonly Method[] {
  const ask = async (method: string, params: readonly unknown[], io: IoOptions): Promise<unknown> => {
    try {
      return await node.call(method, params, io)
    } catch (error) {
      throw asUpstream(error)
    }
  }

  const byHash = (name: string, summary: string, show: (waiting: SignedTransaction) => unknown): Method =>
    defineMethod({
      name,
      summary,
      params: anyParams,
      paramNames: [],
      result: described("as the execution layer's own"),
      async handler(params, io) {
        const [value] = params
        const waiting = isData(value, 32) ? pool.get(value.toLowerCase() as Hash) : undefined
        if (waiting === undefined) return ask(name, params, io)
        // A geth that still indexes answers an error for what it does not find.
        const answer = await node.call(name, params, io).catch(() => null)
        return isFound(answer) ? answer : show(waiting)
      },
    })

  return [
    byHash(
      'eth_getTransactionByHash',
      'A transaction of the chain, or one that waits here: then the fields of its place are null',
      (waiting) => transactionToJson(waiting),
    ),
    byHash(
      'eth_getRawTransactionByHash',
      'The bytes of a transaction of the chain, or of one that waits here',
      ({ hash }) => bytesToHex(pool.networkForm(hash) ?? new Uint8Array(0)),
    ),
    defineMethod({
      name: 'eth_getTransactionCount',
      summary: 'The nonce of an account after a block; with `pending` also counting what waits here',
      params: anyParams,
      paramNames: [],
      result: described("as the execution layer's own"),
      async handler(params, io) {
        const [given, block] = params
        if (!isData(given, 20) || !isPending(block)) return ask('eth_getTransactionCount', params, io)
        const account = given.toLowerCase() as Address
        const { pending } = await pool.content(io, account)
        const last = pending.get(account)?.at(-1)
        if (last !== undefined) return toQuantity(last.nonce + 1n)
        return ask('eth_getTransactionCount', [account, 'latest'], io)
      },
    }),
  ]
}
