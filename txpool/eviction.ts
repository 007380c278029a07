import { effectiveGasPrice, type SignedTransaction } from '../src/protocol/transaction.ts'
import type { PoolEntry } from './sub-pool.ts'

/** By effective tip, then fee cap, then tip cap: negative where `a` pays less. */
function compare(a: SignedTransaction, b: SignedTransaction, baseFee: bigint): number {
  const differences = [
    effectiveGasPrice(a, baseFee) - effectiveGasPrice(b, baseFee),
    a.maxFeePerGas - b.maxFeePerGas,
    a.maxPriorityFeePerGas - b.maxPriorityFeePerGas,
  ]
  const first = differences.find((difference) => difference !== 0n) ?? 0n
  return first < 0n ? -1 : Number(first > 0n)
}

/** Whether a transaction pays no more than another that would have to make room for it. `baseFee` in wei per gas. */
export function underprices(next: SignedTransaction, cheapest: SignedTransaction, baseFee: bigint): boolean {
  return compare(next, cheapest, baseFee) <= 0
}

/** The entries in the order in which a full pool gives them up: the cheapest first, later nonces before earlier ones. */
export function cheapestFirst(entries: Iterable<PoolEntry>, baseFee: bigint): PoolEntry[] {
  return [...entries].sort((a, b) => {
    const price = compare(a.transaction, b.transaction, baseFee)
    return price === 0 ? Number(b.transaction.nonce - a.transaction.nonce) : price
  })
}
