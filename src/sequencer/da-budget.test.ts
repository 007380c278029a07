import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { toWord } from '../primitives/hex.ts'
import { EMPTY_HEADER } from '../protocol/header.ts'
import type { Transaction } from '../protocol/transaction.ts'
import { blockDaSize, DaBudget } from './da-budget.ts'
import type { DeliverableBlock } from './ports.ts'

/** Bytes that cannot be compressed. */
function noise(length: number): Uint8Array {
  let seed = length
  return Uint8Array.from({ length }, () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
    return seed >>> 16
  })
}

function block(number: number, ...transactions: readonly Partial<Transaction>[]): DeliverableBlock {
  return {
    hash: toWord(BigInt(number)),
    header: { ...EMPTY_HEADER, number: BigInt(number) },
    transactions: transactions.map((transaction) => ({ transaction: transaction as Transaction })),
  }
}

const user = (length: number): Partial<Transaction> => ({ type: 2, raw: noise(length) })
const deposit: Partial<Transaction> = { type: 0x7e, raw: noise(50_000) }
const size = (length: number): number => blockDaSize(block(0, user(length)))
const fixed = { rate: 1_000, burst: 5_000, dryRun: false }

describe('a budget over many blocks', () => {
  test('begins with what one block time gives, and saves no more than a burst', async () => {
    const clock = new VirtualClock(1_000)
    const budget = new DaBudget(fixed, clock, 2_000)
    expect(budget.next()).toEqual({ maxBlockBytes: 2_000n })
    await clock.advance(1_000)
    expect(budget.next()).toEqual({ maxBlockBytes: 3_000n })
    await clock.advance(60_000)
    expect(budget.next()).toEqual({ maxBlockBytes: 5_000n })
  })

  test('deposits are exempt, and each block counts once', () => {
    const budget = new DaBudget(fixed, new VirtualClock(), 2_000)
    const one = block(1, deposit, user(1_000))
    budget.built(one)
    budget.built(one)
    expect(size(1_000)).toBeGreaterThan(800)
    expect(budget.next()).toEqual({ maxBlockBytes: BigInt(2_000 - size(1_000)) })
    expect(budget.figures).toMatchObject({ blocks: 1, over: 0, bytes: size(1_000), backlog: undefined })
  })

  test('what was taken beyond it is owed: nothing is left then, which is not the same as no limit', async () => {
    const clock = new VirtualClock()
    const budget = new DaBudget(fixed, clock, 2_000)
    budget.built(block(1, user(4_000)))
    expect(budget.next()).toEqual({ maxBlockBytes: 0n })
    expect(budget.figures.over).toBe(1)
    await clock.advance(10_000)
    expect(budget.next()).toEqual({ maxBlockBytes: 5_000n })
  })

  test('a dry run counts, and limits nothing', () => {
    const budget = new DaBudget({ ...fixed, dryRun: true }, new VirtualClock(), 2_000)
    budget.built(block(1, user(3_000)))
    expect(budget.next()).toEqual({})
    expect(budget.figures).toMatchObject({ blocks: 1, over: 1 })
  })

  test('goes on where another process left it', async () => {
    const clock = new VirtualClock()
    const first = new DaBudget(fixed, clock, 2_000)
    expect(first.takeChange()).toBeUndefined()
    first.built(block(1, user(1_900)))
    const left = first.takeChange()
    expect(first.takeChange()).toBeUndefined()
    await clock.advance(500)
    const second = new DaBudget(fixed, clock, 2_000, left)
    expect(second.next()).toEqual({ maxBlockBytes: BigInt(2_500 - size(1_900)) })
  })

  test('obeys what L1 achieves', async () => {
    const clock = new VirtualClock()
    const rate = { floor: 100, ceiling: 10_000, backlog: 1_000, windowMs: 10_000 }
    const budget = new DaBudget({ rate, burst: 20_000, dryRun: false }, clock, 2_000)
    expect(budget.measures).toBe(true)
    expect(budget.figures).toMatchObject({ rate: 10_000, backlog: 0 })
    for (let number = 1; number <= 10; number++) budget.built(block(number, user(2_000)))
    budget.safe(0n)
    await clock.advance(10_000)
    budget.safe(1n)
    expect(budget.figures.rate).toBeCloseTo((size(2_000) / 10) * 0.6, 6)
    // What was measured is kept.
    const next = new DaBudget({ rate, burst: 20_000, dryRun: false }, clock, 2_000, budget.takeChange())
    expect(next.figures.rate).toBe(budget.figures.rate)
  })
})
