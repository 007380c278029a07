import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { effectiveGasPrice } from '../../src/protocol/transaction.ts'
import { pooledTransaction } from '../../test/support/pooled-transaction.ts'
import type { PoolEntry } from '../sub-pool.ts'
import { Lookup } from './lookup.ts'
import { PriceHeap } from './price-heap.ts'
import { PricedList } from './priced-list.ts'

const prices = fc.record({ cap: fc.bigInt({ min: 1n, max: 40n }), tip: fc.bigInt({ min: 1n, max: 20n }) })

function entriesOf(list: readonly { readonly cap: bigint; readonly tip: bigint }[]): PoolEntry[] {
  return list.map(({ cap, tip }, from) => ({
    transaction: pooledTransaction({ from, nonce: BigInt(from), cap, tip: tip < cap ? tip : cap }),
    arrival: from,
  }))
}

/** By effective tip where there is a base fee, then both caps, then the later nonce first. */
function cheapestFirst(entries: readonly PoolEntry[], baseFee: bigint | undefined): PoolEntry[] {
  const keys = ({ transaction }: PoolEntry): bigint[] => [
    ...(baseFee === undefined ? [] : [effectiveGasPrice(transaction, baseFee)]),
    transaction.maxFeePerGas,
    transaction.maxPriorityFeePerGas,
    -transaction.nonce,
  ]
  return entries.toSorted((a, b) =>
    Number(
      keys(a)
        .map((key, i) => key - (keys(b)[i] as bigint))
        .find((d) => d !== 0n) ?? 0n,
    ),
  )
}

describe('the heap of prices', () => {
  it('gives the cheapest first, whether filled at once or one by one', () => {
    const baseFee = fc.option(fc.bigInt({ min: 0n, max: 30n }), { nil: undefined })
    fc.assert(
      fc.property(fc.array(prices), fc.array(prices), baseFee, (first, more, fee) => {
        const all = entriesOf([...first, ...more])
        const heap = new PriceHeap()
        heap.baseFee = fee
        heap.fill(all.slice(0, first.length))
        for (const entry of all.slice(first.length)) heap.push(entry)
        const popped = Array.from({ length: all.length }, () => heap.pop())
        expect(popped).toEqual(cheapestFirst(all, fee))
        expect(heap.pop()).toBeUndefined()
      }),
    )
  })
})

describe('what a full pool gives up', () => {
  function filled(list: readonly { readonly cap: bigint; readonly tip: bigint }[]) {
    const known = new Lookup()
    const priced = new PricedList(known)
    const entries = entriesOf(list)
    for (const entry of entries) {
      known.add(entry)
      priced.put(entry)
    }
    return { known, priced, entries }
  }

  it('has the lowest fee caps of the fifth with the lowest tips, which is filled up as it goes', () => {
    fc.assert(
      fc.property(
        fc.array(prices, { minLength: 5, maxLength: 40 }),
        fc.bigInt({ min: 0n, max: 30n }),
        fc.integer({ min: 1, max: 5 }),
        (list, baseFee, slots) => {
          const { priced, entries } = filled(list)
          priced.setBaseFee(baseFee)
          const urgent = cheapestFirst(entries, baseFee)
          let floating = urgent.splice(0, Math.trunc(entries.length / 5))
          const expected: PoolEntry[] = []
          while (expected.length < slots) {
            if (urgent.length > 4 * floating.length) floating.push(urgent.shift() as PoolEntry)
            else {
              floating = cheapestFirst(floating, undefined)
              expected.push(floating.shift() as PoolEntry)
            }
          }
          expect(priced.discard(slots)).toEqual(expected)
        },
      ),
    )
  })

  it('is nothing that has left already, and all is still there where it would not do', () => {
    fc.assert(
      fc.property(fc.array(prices, { minLength: 1, maxLength: 30 }), fc.array(fc.nat()), (list, gone) => {
        const { known, priced, entries } = filled(list)
        for (const index of gone) {
          const entry = entries[index % entries.length] as PoolEntry
          if (!known.has(entry)) continue
          known.remove(entry)
          priced.removed(1)
        }
        const left = entries.filter((entry) => known.has(entry))
        expect(priced.discard(left.length + 1)).toBeUndefined()
        expect(new Set(priced.discard(left.length))).toEqual(new Set(left))
      }),
    )
  })

  it('pays no less than what takes its place', () => {
    const { priced } = filled([
      { cap: 10n, tip: 5n },
      { cap: 20n, tip: 2n },
    ])
    const offers = (cap: bigint, tip: bigint) => priced.underprices(pooledTransaction({ from: 9, nonce: 0n, cap, tip }))
    expect([offers(10n, 5n), offers(10n, 6n)]).toEqual([true, false])
    priced.setBaseFee(9n)
    // Tips of 1 and 2 are left of these; among equals both caps count.
    const offered = [offers(9n, 9n), offers(10n, 5n), offers(10n, 6n), offers(11n, 1n)]
    expect(offered).toEqual([true, true, false, false])
  })
})
