import { z } from 'zod'
import { checksumAddress } from '../../src/primitives/checksum-address.ts'
import { type Address, toQuantity } from '../../src/primitives/hex.ts'
import type { IoOptions } from '../../src/primitives/io.ts'
import type { SignedTransaction } from '../../src/protocol/transaction.ts'
import { transactionToJson } from '../../src/protocol/transaction-json.ts'
import { defineMethod, described, type Method } from '../method.ts'
import { address } from '../schema.ts'

type BySender = ReadonlyMap<Address, readonly SignedTransaction[]>

/** Tells what waits for a block. */
export interface PoolContentService {
  status(io: IoOptions): Promise<{ readonly pending: number; readonly queued: number }>
  /** Everything, or what one account sent. Each sender's by rising nonce. */
  content(io: IoOptions, sender?: Address): Promise<{ readonly pending: BySender; readonly queued: BySender }>
}

function byNonce<T>(
  list: readonly SignedTransaction[],
  show: (transaction: SignedTransaction) => T,
): Record<string, T> {
  return Object.fromEntries(list.map((transaction) => [transaction.nonce.toString(), show(transaction)]))
}

function bySender<T>(
  senders: BySender,
  show: (transaction: SignedTransaction) => T,
): Record<string, Record<string, T>> {
  return Object.fromEntries(Array.from(senders, ([sender, list]) => [checksumAddress(sender), byNonce(list, show)]))
}

function pendingJson(transaction: SignedTransaction): Record<string, unknown> {
  return transactionToJson(transaction)
}

function summary({ to, value, gasLimit, maxFeePerGas }: SignedTransaction): string {
  const target = to === undefined ? 'contract creation' : checksumAddress(to)
  return `${target}: ${value} wei + ${gasLimit} gas × ${maxFeePerGas} wei`
}

/** geth's blob pool counts, and shows nothing. */
function shown(senders: BySender): BySender {
  return new Map([...senders].filter(([, [first]]) => first?.type !== 3))
}

/** What is shown of the pool. */
async function shownContent(
  pool: PoolContentService,
  io: IoOptions,
  sender?: Address,
): ReturnType<PoolContentService['content']> {
  const { pending, queued } = await pool.content(io, sender)
  return { pending: shown(pending), queued: shown(queued) }
}

/** `txpool_*` of one chain, and `eth_pendingTransactions`, in geth's shapes. */
export function txpoolMethods(pool: PoolContentService): readonly Method[] {
  return [
    defineMethod({
      name: 'txpool_status',
      summary: 'How many transactions wait: executable ones, and those behind a nonce gap',
      params: z.tuple([]),
      paramNames: [],
      result: described('`{pending, queued}`, quantities'),
      async handler(_params, io) {
        const { pending, queued } = await pool.status(io)
        return { pending: toQuantity(pending), queued: toQuantity(queued) }
      },
    }),
    defineMethod({
      name: 'txpool_content',
      summary: 'The transactions that wait',
      params: z.tuple([]),
      paramNames: [],
      result: described('`{pending, queued}`, each by sender and by decimal nonce'),
      async handler(_params, io) {
        const { pending, queued } = await shownContent(pool, io)
        return { pending: bySender(pending, pendingJson), queued: bySender(queued, pendingJson) }
      },
    }),
    defineMethod({
      name: 'txpool_contentFrom',
      summary: 'The transactions of one sender that wait',
      params: z.tuple([address]),
      paramNames: ['address'],
      result: described('`{pending, queued}`, each by decimal nonce'),
      async handler([sender], io) {
        const { pending, queued } = await shownContent(pool, io, sender)
        return {
          pending: byNonce(pending.get(sender) ?? [], pendingJson),
          queued: byNonce(queued.get(sender) ?? [], pendingJson),
        }
      },
    }),
    defineMethod({
      name: 'txpool_inspect',
      summary: 'The transactions that wait, a line each',
      params: z.tuple([]),
      paramNames: [],
      result: described('`{pending, queued}`, each by sender and by decimal nonce'),
      async handler(_params, io) {
        const { pending, queued } = await shownContent(pool, io)
        return { pending: bySender(pending, summary), queued: bySender(queued, summary) }
      },
    }),
    defineMethod({
      name: 'eth_pendingTransactions',
      summary: 'The executable transactions that wait, whoever sent them',
      params: z.tuple([]),
      paramNames: [],
      result: described('list of transactions'),
      async handler(_params, io) {
        const { pending } = await shownContent(pool, io)
        return [...pending.values()].flat().map(pendingJson)
      },
    }),
  ]
}
