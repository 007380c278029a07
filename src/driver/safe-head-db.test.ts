import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isAppError } from '../primitives/errors.ts'
import { toWord } from '../primitives/hex.ts'
import type { BlockId } from '../protocol/refs.ts'
import type { KeyValueStore } from '../storage/key-value-store.ts'
import { MemoryStore } from '../storage/memory-store.ts'
import { NO_SAFE_HEADS, SafeHeadDb, type SafeHeadEntry } from './safe-head-db.ts'

/** @param branch tells blocks of one height apart */
const l1 = (number: number, branch = 0): BlockId => ({
  number: BigInt(number),
  hash: toWord(BigInt(branch * 1000 + number)),
})
const l2 = (number: number, branch = 0): BlockId => ({
  number: BigInt(number),
  hash: toWord((BigInt(number) << 64n) | BigInt(branch)),
})
const UNKNOWN = expect.objectContaining({ code: 'SAFE_HEAD_UNKNOWN', message: 'not found' })

async function recorded(...entries: readonly (readonly [safe: BlockId, derivedFrom: BlockId])[]): Promise<SafeHeadDb> {
  const db = await SafeHeadDb.open(new MemoryStore())
  for (const [safe, derivedFrom] of entries) await db.record(safe, derivedFrom, {})
  return db
}

// Those of op-node's node/safedb/safedb_test.go.
describe('the record of safe heads', () => {
  test('an entry is good until the next one', async () => {
    const db = await recorded([l2(20), l1(100)], [l2(25), l1(150)])
    expect(() => db.at(99n)).toThrow(UNKNOWN)
    expect(db.at(100n)).toEqual({ l1: l1(100), safe: l2(20) })
    expect(db.at(149n)).toEqual({ l1: l1(100), safe: l2(20) })
    expect(db.at(150n)).toEqual({ l1: l1(150), safe: l2(25) })
    expect(db.at(2n ** 64n)).toEqual({ l1: l1(150), safe: l2(25) })
    expect([...db.entries()].map(({ safe }) => safe.number)).toEqual([25n, 20n])
  })

  test('an empty one knows nothing', async () => {
    const db = await recorded()
    expect(() => db.at(100n)).toThrow(UNKNOWN)
    expect([...db.entries()]).toEqual([])
    await db.truncate(l2(1), {})
    expect([...db.entries()]).toEqual([])
  })

  test('an L1 block that makes several safe has the last', async () => {
    const db = await recorded([l2(20), l1(100)], [l2(21), l1(100)])
    expect([...db.entries()]).toEqual([{ l1: l1(100), safe: l2(21) }])
  })

  test('back to a block between two entries: it is safe with the later one', async () => {
    const db = await recorded([l2(20), l1(100)], [l2(25), l1(150)], [l2(30), l1(200)])
    await db.truncate(l2(22, 1), {})
    expect([...db.entries()]).toEqual([
      { l1: l1(150), safe: l2(22, 1) },
      { l1: l1(100), safe: l2(20) },
    ])
  })

  test('back to what an entry says', async () => {
    const db = await recorded([l2(20), l1(100)], [l2(25), l1(150)], [l2(30), l1(200)])
    await db.truncate(l2(25), {})
    expect(db.at(1_000n)).toEqual({ l1: l1(150), safe: l2(25) })
  })

  test('back to the first entry, which is known to be right', async () => {
    const db = await recorded([l2(20), l1(100)], [l2(25), l1(150)])
    await db.truncate(l2(20), {}, l1(100))
    expect([...db.entries()]).toEqual([{ l1: l1(100), safe: l2(20) }])
  })

  test('back to before all entries: nobody knows since when it was safe', async () => {
    const db = await recorded([l2(20), l1(100)], [l2(25), l1(150)])
    await db.truncate(l2(20), {})
    expect([...db.entries()]).toEqual([])
    expect(() => db.at(1_000n)).toThrow(UNKNOWN)
  })

  test('a head that is ahead of all entries leaves them', async () => {
    const db = await recorded([l2(20), l1(100)], [l2(25), l1(150)])
    await db.truncate(l2(26), {})
    expect([...db.entries()]).toHaveLength(2)
  })

  test('what is forgotten while entries are read is not among them', async () => {
    const db = await recorded([l2(20), l1(100)], [l2(25), l1(150)], [l2(30), l1(200)], [l2(35), l1(250)])
    const seen: bigint[] = []
    for (const { safe } of db.entries()) {
      seen.push(safe.number)
      if (seen.length === 1) await db.truncate(l2(20), {})
    }
    expect(seen).toEqual([35n])
  })
})

describe('beside a list', () => {
  type Step =
    | { readonly tag: 'record'; readonly l1Steps: number; readonly l2Steps: number }
    | { readonly tag: 'truncate'; readonly back: number }
    | { readonly tag: 'reopen' }
  const step = fc.oneof<fc.Arbitrary<Step>[]>(
    fc.record({ tag: fc.constant('record' as const), l1Steps: fc.nat(3), l2Steps: fc.nat(4) }),
    fc.record({ tag: fc.constant('truncate' as const), back: fc.integer({ min: -3, max: 40 }) }),
    fc.constant({ tag: 'reopen' as const }),
  )

  test('every block is safe since when the list says', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const store = new MemoryStore()
        let db = await SafeHeadDb.open(store)
        let list: SafeHeadEntry[] = []
        let head = { l1: 10, l2: 10 }
        for (const [branch, next] of steps.entries()) {
          if (next.tag === 'reopen') {
            db = await SafeHeadDb.open(store)
          } else if (next.tag === 'record') {
            head = { l1: head.l1 + next.l1Steps, l2: head.l2 + next.l2Steps }
            const entry = { l1: l1(head.l1, branch), safe: l2(head.l2, branch) }
            list = [...list.filter(({ l1: { number } }) => number !== entry.l1.number), entry]
            await db.record(entry.safe, entry.l1, {})
          } else {
            const safe = l2(Math.max(0, head.l2 - next.back), branch)
            const first = list.findIndex((entry) => entry.safe.number >= safe.number)
            if (first >= 0) {
              const { l1: since } = list[first] as SafeHeadEntry
              list = [...list.slice(0, first), ...(first > 0 ? [{ l1: since, safe }] : [])]
            }
            await db.truncate(safe, {})
            const last = list.at(-1)
            head = { l1: Number(last?.l1.number ?? head.l1), l2: Number(safe.number) }
          }
          expect([...db.entries()]).toEqual(list.toReversed())
          for (let number = 8n; number < head.l1 + 3; number++) {
            const known = list.findLast((entry) => entry.l1.number <= number)
            if (known === undefined) expect(() => db.at(number)).toThrow(UNKNOWN)
            else expect(db.at(number)).toEqual(known)
          }
        }
      }),
    )
  })
})

describe('a store that fails', () => {
  /** Fails once it is told to, before or after it has written. */
  function failing() {
    const inner = new MemoryStore()
    const faults: { next: 'before' | 'after' | undefined } = { next: undefined }
    const store: KeyValueStore = {
      get: (key) => inner.get(key),
      keys: (from, to) => inner.keys(from, to),
      close: () => inner.close(),
      async write(changes, io) {
        const fault = faults.next
        faults.next = undefined
        if (fault === 'before') throw new Error('no space left on device')
        await inner.write(changes, io)
        if (fault === 'after') throw new Error('input/output error')
      },
    }
    return { store, faults }
  }

  test.each(['before', 'after'] as const)('%s it has written: reset, and then the record is right', async (fault) => {
    const { store, faults } = failing()
    const db = await SafeHeadDb.open(store)
    await db.record(l2(20), l1(100), {})
    faults.next = fault
    const failed = await db.record(l2(25), l1(150), {}).catch((error: unknown) => error)
    expect(failed).toMatchObject({ code: 'SAFE_HEADS_UNWRITTEN', severity: 'reset' })
    expect(isAppError(failed)).toBe(true)
    expect([...db.entries()].length).toBe(fault === 'before' ? 1 : 2)
    await db.truncate(l2(22), {})
    expect(db.at(160n).safe).toEqual(fault === 'before' ? l2(20) : l2(22))
    await db.record(l2(24), l1(155), {})
    expect((await SafeHeadDb.open(store)).at(160n)).toEqual({ l1: l1(155), safe: l2(24) })
  })

  test.each(['before', 'after'] as const)('%s it has forgotten', async (fault) => {
    const { store, faults } = failing()
    const db = await SafeHeadDb.open(store)
    for (const at of [20, 25, 30]) await db.record(l2(at), l1(at * 5), {})
    faults.next = fault
    await expect(db.truncate(l2(22), {})).rejects.toMatchObject({ code: 'SAFE_HEADS_UNWRITTEN' })
    await db.truncate(l2(22), {})
    expect([...db.entries()]).toEqual([
      { l1: l1(125), safe: l2(22) },
      { l1: l1(100), safe: l2(20) },
    ])
  })

  test('a caller that goes away gets its own reason', async () => {
    const db = await SafeHeadDb.open(new MemoryStore())
    const reason = new Error('shutting down')
    await expect(db.record(l2(1), l1(1), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})

test('where none is kept', async () => {
  await NO_SAFE_HEADS.record(l2(1), l1(1), {})
  await NO_SAFE_HEADS.truncate(l2(1), {})
  expect(() => NO_SAFE_HEADS.at(1n)).toThrow(
    expect.objectContaining({ code: 'SAFE_HEADS_DISABLED', message: 'safe head database not enabled' }),
  )
  expect([...NO_SAFE_HEADS.entries()]).toEqual([])
})
