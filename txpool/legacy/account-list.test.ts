import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SignedTransaction } from '../../src/protocol/transaction.ts'
import { pooledTransaction } from '../../test/support/pooled-transaction.ts'
import type { PoolEntry } from '../sub-pool.ts'
import { AccountList } from './account-list.ts'

const nonce = fc.bigInt({ min: 0n, max: 9n })
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      nonce,
      cap: fc.bigInt({ min: 90n, max: 130n }),
      tip: fc.bigInt({ min: 80n, max: 90n }),
      gas: fc.constantFrom(21_000n, 30_000n),
    }),
  },
  fc.record({ kind: fc.constant('forward' as const), nonce }),
  fc.record({ kind: fc.constant('remove' as const), nonce }),
  fc.record({ kind: fc.constant('ready' as const), nonce }),
  fc.record({ kind: fc.constant('cap' as const), most: fc.nat({ max: 9 }) }),
  fc.record({
    kind: fc.constant('filter' as const),
    balance: fc.bigInt({ min: 1_900_000n, max: 4_000_000n }),
    gasLimit: fc.constantFrom(21_000n, 30_000n),
  }),
)

const costOf = ({ gasLimit, maxFeePerGas }: SignedTransaction): bigint => gasLimit * maxFeePerGas
const nonces = (entries: readonly PoolEntry[]): bigint[] => entries.map(({ transaction }) => transaction.nonce)

describe('one account’s transactions', () => {
  it.each([true, false])(
    'are those of a map by nonce (without gaps: %s), and cost what they cost together',
    (gapless) => {
      fc.assert(
        fc.property(fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }), (steps) => {
          const list = new AccountList(gapless)
          let model = new Map<bigint, PoolEntry>()
          const keep = (stays: (nonce: bigint, entry: PoolEntry) => boolean): bigint[] => {
            const gone = [...model].filter(([at, entry]) => !stays(at, entry)).map(([at]) => at)
            model = new Map([...model].filter(([at, entry]) => stays(at, entry)))
            return gone
          }
          for (const action of steps) {
            model = new Map([...model].sort(([a], [b]) => Number(a - b)))
            if (action.kind === 'add') {
              const entry: PoolEntry = { transaction: pooledTransaction({ from: 0, ...action }), arrival: 0 }
              const there = model.get(action.nonce)?.transaction
              const enough = ['maxFeePerGas', 'maxPriorityFeePerGas'] as const
              const outbids =
                there === undefined ||
                enough.every(
                  (name) =>
                    entry.transaction[name] >= (there[name] * 110n) / 100n && entry.transaction[name] > there[name],
                )
              expect(list.add(entry, costOf(entry.transaction), 10n)?.replaced?.transaction).toBe(
                outbids ? there : undefined,
              )
              if (outbids) model.set(action.nonce, entry)
            } else if (action.kind === 'forward') {
              expect(nonces(list.forward(action.nonce))).toEqual(keep((at) => at >= action.nonce))
            } else if (action.kind === 'remove') {
              const had = model.delete(action.nonce)
              const after = had && gapless ? keep((at) => at < action.nonce) : []
              expect(list.remove(action.nonce)?.map(({ transaction }) => transaction.nonce)).toEqual(
                had ? after : undefined,
              )
            } else if (action.kind === 'ready') {
              const first = [...model.keys()][0] ?? 100n
              let end = first
              while (model.has(end)) end++
              expect(nonces(list.ready(action.nonce))).toEqual(first > action.nonce ? [] : keep((at) => at >= end))
            } else if (action.kind === 'cap') {
              const highest = [...model.keys()].slice(action.most)
              expect(nonces(list.cap(action.most))).toEqual(highest.toReversed())
              keep((at) => !highest.includes(at))
            } else {
              const isMisfit = ({ transaction }: PoolEntry): boolean =>
                costOf(transaction) > action.balance || transaction.gasLimit > action.gasLimit
              const removed = keep((_, entry) => !isMisfit(entry))
              const lowest = removed[0]
              const invalid = gapless && lowest !== undefined ? keep((at) => at < lowest) : []
              const filtered = list.filter(action.balance, action.gasLimit, costOf)
              expect([nonces(filtered.removed), nonces(filtered.invalid)]).toEqual([removed, invalid])
            }
            const left = [...model.values()].sort((a, b) => Number(a.transaction.nonce - b.transaction.nonce))
            expect(list.entries).toEqual(left)
            expect(list.clone().entries).toEqual(left)
            expect(list.total).toBe(left.reduce((sum, { transaction }) => sum + costOf(transaction), 0n))
          }
        }),
        { numRuns: 150 },
      )
    },
  )

  it('are not reckoned anew as long as the balance covers what they cost when they came', () => {
    const list = new AccountList(true)
    const transaction = pooledTransaction({ from: 0, nonce: 0n, cap: 100n, tip: 1n })
    list.add({ transaction, arrival: 0 }, 1_000n, 10n)
    const dearer = (): bigint => 2_000n
    expect(list.filter(1_000n, 21_000n, dearer)).toEqual({ removed: [], invalid: [] })
    expect(list.filter(999n, 21_000n, dearer).removed).toHaveLength(1)
  })
})
