import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { senderOf } from '../../test/support/pooled-transaction.ts'
import { truncatePending } from './truncate-pending.ts'

function lengthsAfter(lengths: readonly number[], accountSlots: number, globalSlots: number): number[] {
  const left = [...lengths]
  const lists = new Map(
    lengths.flatMap((length, index) =>
      length > accountSlots
        ? [
            [
              senderOf(index),
              {
                get length() {
                  return left[index] as number
                },
              },
            ] as const,
          ]
        : [],
    ),
  )
  const senders = lengths.map((_, index) => senderOf(index))
  const excess = lengths.reduce((a, b) => a + b, 0) - globalSlots
  const shorten = (sender: string): void => {
    left[senders.indexOf(sender as `0x${string}`)] = (left[senders.indexOf(sender as `0x${string}`)] as number) - 1
  }
  if (excess > 0) truncatePending({ lists, excess, accountSlots, shorten })
  return left
}

describe('too many executable transactions', () => {
  it('are taken from who has most, until they are alike, then from all of them', () => {
    expect(lengthsAfter([9, 4, 2], 2, 10)).toEqual([4, 4, 2])
    expect(lengthsAfter([9, 5, 2], 2, 8)).toEqual([3, 3, 2])
    // A round is ended that was begun.
    expect(lengthsAfter([6, 6, 6], 2, 17)).toEqual([5, 5, 5])
  })

  it('leave every account its share, and as many as there may be', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 12 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 40 }),
        (lengths, accountSlots, globalSlots) => {
          const left = lengthsAfter(lengths, accountSlots, globalSlots)
          const sum = left.reduce((a, b) => a + b, 0)
          lengths.forEach((length, index) => {
            expect(left[index]).toBeGreaterThanOrEqual(Math.min(length, accountSlots))
          })
          const spared = left.every((length, index) => length <= accountSlots || length === lengths[index])
          expect(sum <= globalSlots || spared).toBe(true)
          // At most one round more than needed.
          const before = lengths.reduce((a, b) => a + b, 0)
          expect(sum).toBeGreaterThan(Math.min(before, globalSlots) - Math.max(1, lengths.length))
        },
      ),
    )
  })
})
