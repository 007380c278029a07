import { describe, expect, it } from 'vitest'
import { type Hash, toWord, ZERO_HASH } from '../src/primitives/hex.ts'
import type { SignedTransaction } from '../src/protocol/transaction.ts'
import { VirtualClock } from '../test/support/virtual-clock.ts'
import { type ExecutingDescriptor, InteropFilter } from './interop-filter.ts'

const INBOX = '0x4200000000000000000000000000000000000022'
const HEAD_TIME = 1_000_000n

function transaction(index: number, ...entries: readonly Hash[]): SignedTransaction {
  const accessList = [
    { address: `0x${'11'.repeat(20)}`, storageKeys: [ZERO_HASH] },
    ...entries.map((entry) => ({ address: INBOX, storageKeys: [entry] })),
  ]
  return { type: 2, hash: toWord(BigInt(index)), accessList } as unknown as SignedTransaction
}

function world() {
  const clock = new VirtualClock(Number(HEAD_TIME) * 1000)
  const asked: { entries: readonly Hash[]; executing: ExecutingDescriptor }[] = []
  const supervisor = {
    bad: new Set<Hash>(),
    failsafe: false as boolean | undefined,
    due: HEAD_TIME as bigint | undefined,
  }
  const told: unknown[] = []
  const filter = new InteropFilter({
    chainId: 901n,
    clock,
    nextBlockTime: async () => supervisor.due,
    onFailsafe: (enabled) => told.push({ failsafe: enabled }),
    onDropped: (count) => told.push({ dropped: count }),
    checks: {
      async checkAccessList(entries, executing) {
        asked.push({ entries, executing })
        if (entries.some((entry) => supervisor.bad.has(entry))) throw new Error('conflicting data')
      },
      async failsafeEnabled() {
        if (supervisor.failsafe === undefined) throw new Error('down')
        return supervisor.failsafe
      },
    },
  })
  return { clock, asked, supervisor, told, filter }
}

function poolOf(...transactions: readonly SignedTransaction[]) {
  const held = new Map(transactions.map((each) => [each.hash, each]))
  return { held, all: () => held.values(), remove: (hash: Hash) => held.delete(hash) }
}

const refusal = { code: 'TX_REJECTED', message: 'transaction filtered out' }

describe('InteropFilter', () => {
  it('asks about all entries of the inbox, and about nothing else', async () => {
    const { filter, asked } = world()
    await filter.admit(transaction(1), {})
    expect(asked).toEqual([])
    await filter.admit(transaction(2, toWord(5n), toWord(6n)), {})
    const executing = { chainId: 901n, timestamp: HEAD_TIME, timeout: 86_400n }
    expect(asked).toEqual([{ entries: [toWord(5n), toWord(6n)], executing }])
  })

  it('refuses what the supervisor refuses, and everything while the time of the next block is unknown', async () => {
    const { filter, supervisor } = world()
    supervisor.bad.add(toWord(5n))
    await expect(filter.admit(transaction(1, toWord(5n)), {})).rejects.toMatchObject(refusal)
    await expect(filter.admit(transaction(2, toWord(6n)), {})).resolves.toBeUndefined()
    supervisor.due = undefined
    await expect(filter.admit(transaction(2, toWord(6n)), {})).rejects.toMatchObject(refusal)
    await expect(filter.admit(transaction(3), {})).resolves.toBeUndefined()
  })

  it('refuses what is a day older than the next block', async () => {
    const { filter, supervisor } = world()
    const old = transaction(1, toWord(6n))
    await filter.admit(old, {})
    supervisor.due = HEAD_TIME + 86_400n
    await expect(filter.admit(old, {})).resolves.toBeUndefined()
    supervisor.due++
    await expect(filter.admit(old, {})).rejects.toMatchObject(refusal)
  })

  it('looks through the pool each 12 seconds', async () => {
    const { filter, supervisor, clock, told } = world()
    const pool = poolOf(transaction(1), transaction(2, toWord(5n)), transaction(3, toWord(6n)))
    const ended = new AbortController()
    const run = filter.run(pool, ended.signal)
    supervisor.bad.add(toWord(5n))
    await clock.advance(11_999)
    expect(pool.held.size).toBe(3)
    await clock.advance(1)
    expect([...pool.held.keys()]).toEqual([toWord(1n), toWord(3n)])
    expect(told).toEqual([{ dropped: 1 }])
    ended.abort()
    await run
  })

  it('follows the failsafe, which a good answer ends, too', async () => {
    const { filter, supervisor, clock, told } = world()
    const ended = new AbortController()
    const run = filter.run(poolOf(), ended.signal)
    const executing = transaction(2, toWord(5n))
    supervisor.failsafe = true
    await clock.advance(999)
    expect(filter.bars(executing)).toBe(false)
    await clock.advance(1)
    expect([filter.bars(executing), filter.bars(transaction(1))]).toEqual([true, false])
    supervisor.failsafe = undefined
    expect(filter.holds(executing)).toBe(false)
    await clock.advance(5_000)
    expect(filter.bars(executing)).toBe(true)
    expect([filter.holds(executing), filter.holds(transaction(1))]).toEqual([true, false])
    supervisor.failsafe = true
    await clock.advance(1_000)
    expect(filter.holds(executing)).toBe(false)
    await filter.admit(executing, {})
    expect(filter.bars(executing)).toBe(false)
    expect(told).toEqual([{ failsafe: true }, { failsafe: false }])
    ended.abort()
    await run
  })

  it('drops nothing because it is being ended', async () => {
    const { filter, clock } = world()
    const pool = poolOf(transaction(2, toWord(5n)))
    const ended = new AbortController()
    const run = filter.run(
      {
        ...pool,
        all() {
          ended.abort()
          return pool.all()
        },
      },
      ended.signal,
    )
    await clock.advance(12_000)
    await run
    expect(pool.held.size).toBe(1)
  })
})
