import { expect, it } from 'vitest'
import { Allowance } from './allowance.ts'
import { BoundedSet } from './bounded-set.ts'
import { RefusedTransactions } from './refused-transactions.ts'

it('a bounded set forgets the oldest', () => {
  const set = new BoundedSet<number>(3)
  for (const value of [1, 2, 3, 2, 4]) set.add(value)
  expect([1, 2, 3, 4].map((value) => set.has(value))).toEqual([false, true, true, true])
  expect([set.take(2), set.size, set.take(9)]).toEqual([[2, 3], 1, [4]])
})

it('an allowance comes back with time, up to what is allowed at once', () => {
  let now = 0
  const allowance = new Allowance({ now: () => now }, 10, 2)
  expect([allowance.spend(8), allowance.spend(3), allowance.spend(2)]).toEqual([true, false, true])
  now = 1_000
  expect([allowance.spend(3), allowance.spend(2)]).toEqual([false, true])
  now = 1_000_000
  expect([allowance.spend(11), allowance.spend(10)]).toEqual([false, true])
  // A clock that was set back gives nothing.
  now = 0
  expect(allowance.spend(1)).toBe(false)
})

it('refused transactions are remembered for as long as they are likely to be refused', () => {
  let now = 0
  const refused = new RefusedTransactions({ now: () => now })
  refused.add('0x01', 'replacement transaction underpriced')
  refused.add('0x02', 'nonce too high')
  now = 20_000
  expect([refused.has('0x01'), refused.has('0x02'), refused.has('0x03')]).toEqual([true, false, false])
  now = 300_000
  expect(refused.has('0x01')).toBe(false)
  for (let i = 0; i < 40_000; i++) refused.add(`0x1${i}`, 'underpriced')
  expect([refused.has('0x10'), refused.has('0x139999')]).toEqual([false, true])
})
