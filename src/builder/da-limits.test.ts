import { expect, it } from 'vitest'
import type { SignedTransaction } from '../protocol/transaction.ts'
import { bothLimits, DaBudget, DaThrottle } from './da-limits.ts'

/** Compresses to less than the least that a transaction counts for: 100 bytes. */
const small = { raw: new Uint8Array(20) } as SignedTransaction
/** Cannot be compressed: more than 1000 bytes. */
const large = {
  raw: Uint8Array.from({ length: 2_000 }, (_, index) => (index * index * 31 + (index >> 3)) & 0xff),
} as SignedTransaction

it('allows everything until somebody asks for limits', () => {
  const budget = new DaBudget(new DaThrottle().limits, [])
  for (const transaction of [large, large, small]) {
    expect(budget.allows(transaction)).toBe(true)
    budget.add(transaction)
  }
})

it('limits each transaction', () => {
  const throttle = new DaThrottle()
  throttle.set({ transaction: 100n, block: 0n })
  const budget = new DaBudget(throttle.limits, [large])
  expect([small, large].map((transaction) => budget.allows(transaction))).toEqual([true, false])
})

it('limits a block with what it holds already', () => {
  const limits = { transaction: 0n, block: 250n }
  const budget = new DaBudget(limits, [small])
  expect(budget.allows(small)).toBe(true)
  budget.add(small)
  expect(budget.allows(small)).toBe(false)
  expect(new DaBudget(limits, [large]).allows(small)).toBe(false)
})

it('obeys the smaller of two limits, of which 0 is none', () => {
  const none = { transaction: 0n, block: 0n }
  const one = { transaction: 5n, block: 0n }
  const other = { transaction: 7n, block: 9n }
  expect(bothLimits(none, none)).toEqual(none)
  expect(bothLimits(one, other)).toEqual({ transaction: 5n, block: 9n })
  expect(bothLimits(other, one)).toEqual({ transaction: 5n, block: 9n })
})
