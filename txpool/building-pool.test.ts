import { expect, it } from 'vitest'
import type { PoolVerdict } from '../src/builder/ports.ts'
import { type Hash, toWord } from '../src/primitives/hex.ts'
import type { SignedTransaction } from '../src/protocol/transaction.ts'
import { BuildingPool } from './building-pool.ts'

const transactions = [0n, 1n, 2n, 3n].map((index) => ({ hash: toWord(index) }) as SignedTransaction)

/** A pool that gives one transaction after the other, and notes what it is told. */
function pool() {
  const verdicts: PoolVerdict[] = []
  const removed: Hash[] = []
  return {
    verdicts,
    removed,
    *best(): Generator<SignedTransaction, undefined, PoolVerdict> {
      for (const transaction of transactions) verdicts.push(yield transaction)
      return undefined
    },
    ofSender: () => transactions,
    get: (hash: Hash) => transactions.find((each) => each.hash === hash),
    remove(hash: Hash) {
      removed.push(hash)
      return true
    },
  }
}

it('gives what no rule bars, and lets go of what is barred or rejected', () => {
  const inner = pool()
  const building = new BuildingPool(inner, { barred: ({ hash }) => hash === toWord(1n) })
  const best = building.best(0n)
  expect(best.next('included').value?.hash).toBe(toWord(0n))
  expect(best.next('included').value?.hash).toBe(toWord(2n))
  expect(best.next('rejected').value?.hash).toBe(toWord(3n))
  expect(best.next('skipSender').done).toBe(true)
  expect(inner.verdicts).toEqual(['included', 'rejected', 'rejected', 'skipSender'])
  expect(inner.removed).toEqual([toWord(1n), toWord(2n)])
  // Whoever names it gets it.
  expect(building.get(toWord(1n))).toBe(transactions[1])
  expect(building.ofSender('0x')).toBe(transactions)
})
