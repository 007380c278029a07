import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CrashDisk, seededRandom } from '../../../test/support/crash-disk.ts'
import { nextRow, storedBlock } from '../../../test/support/super-safe-rows.ts'
import { SuperSafeDb, type SuperSafeRow, sumsPath } from './super-safe-db.ts'
import { superSafeRows, verifySuperSafe } from './super-safe-file.ts'

const PATH = 'super-safe.db'
const CHAINS = 2

function opened(disk: CrashDisk, committed = 0): SuperSafeDb {
  return SuperSafeDb.open({ path: PATH, chains: CHAINS, committed, openFile: disk.openFile })
}

function filled(count: number): { readonly disk: CrashDisk; readonly db: SuperSafeDb; readonly rows: SuperSafeRow[] } {
  const disk = new CrashDisk(seededRandom(1))
  const db = opened(disk)
  const rows: SuperSafeRow[] = []
  for (let i = 0; i < count; i++)
    rows.push(
      nextRow(rows.at(-1), 0, [
        [3, i % 3],
        [i % 2, 0],
      ]),
    )
  for (const row of rows) db.append(row)
  return { disk, db, rows }
}

function verified(disk: CrashDisk): readonly string[] {
  return verifySuperSafe(disk.openFile(PATH), disk.openFile(sumsPath(PATH)))
}

/** Every answer, from a list of rows that is searched from one end to the other. */
function behavesAs(db: SuperSafeDb, rows: readonly SuperSafeRow[]): void {
  expect([...db.rows()]).toEqual(rows)
  expect(db.tip).toEqual(rows.at(-1))
  expect(db.first).toEqual(rows[0]?.l1)
  const [from, to] = [rows[0]?.l1.number ?? 0n, rows.at(-1)?.l1.number ?? 0n]
  for (let l1 = from - 1n; l1 <= to + 1n; l1++) {
    expect(db.row(l1)).toEqual(rows.find((row) => row.l1.number === l1))
    const at = rows.findLast((row) => row.l1.number <= l1)
    expect(db.safeAt(1, l1)).toEqual(at && { ...at.chains[1], l1: at.l1 })
  }
  for (let chain = 0; chain < CHAINS; chain++) {
    const highest = rows.at(-1)?.chains[chain]?.crossSafe.number ?? 0n
    for (let l2 = 0n; l2 <= highest + 1n; l2++) {
      const cross = (row: SuperSafeRow): bigint => row.chains[chain]?.crossSafe.number ?? 0n
      const source = rows.find((row) => cross(row) >= l2)
      expect(db.crossSafeSource(chain, l2)).toEqual(source && { ...source.chains[chain], l1: source.l1 })
      const last = rows.findLast((row) => cross(row) <= l2)
      expect(db.crossSafeUpTo(chain, l2)).toEqual(last && { ...last.chains[chain], l1: last.l1 })
    }
  }
}

const step = fc.tuple(fc.nat(4), fc.nat(3))
const command = fc.oneof(
  { weight: 6, arbitrary: fc.record({ tag: fc.constant('append' as const), steps: fc.tuple(step, step) }) },
  { weight: 1, arbitrary: fc.record({ tag: fc.constant('truncate' as const), back: fc.nat(8) }) },
  { weight: 1, arbitrary: fc.record({ tag: fc.constant('reopen' as const) }) },
)

describe('the super-safe-db', () => {
  it('answers as a list of rows does, whatever is appended and truncated', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
        const disk = new CrashDisk(seededRandom(1))
        let db = opened(disk)
        let rows: SuperSafeRow[] = []
        commands.forEach((each, branch) => {
          if (each.tag === 'append') {
            const row = nextRow(rows.at(-1), branch, each.steps)
            expect(db.append(row)).toBe(true)
            expect(db.append(row)).toBe(false)
            rows.push(row)
          } else if (each.tag === 'truncate') {
            const to = (rows.at(-1)?.l1.number ?? 0n) - BigInt(each.back)
            db.truncate(to)
            rows = rows.filter((row) => row.l1.number <= to)
          } else db = opened(disk, rows.length)
        })
        expect(verified(disk)).toEqual([])
        behavesAs(db, rows)
        expect([...superSafeRows(disk.openFile(PATH))].map(({ l1 }) => l1)).toEqual(rows.map(({ l1 }) => l1))
      }),
      { numRuns: 100 },
    )
  })

  it('refuses rows that do not follow, and is as it was', () => {
    const { db, rows } = filled(3)
    const tip = rows[2] as SuperSafeRow
    const next = nextRow(tip, 0, [
      [1, 0],
      [1, 0],
    ])
    const refusal = (row: SuperSafeRow): string => {
      try {
        db.append(row)
        return 'taken'
      } catch (error) {
        return (error as { readonly code: string }).code
      }
    }
    const chain = (index: number, change: object): SuperSafeRow => ({
      ...next,
      chains: next.chains.map((each, i) => (i === index ? { ...each, ...change } : each)),
    })
    expect(refusal({ ...next, l1: storedBlock(104n, 0) })).toBe('SUPERVISOR_DB_OUT_OF_ORDER')
    expect(refusal({ ...next, l1: storedBlock(99n, 0) })).toBe('SUPERVISOR_DB_OUT_OF_ORDER')
    expect(refusal({ ...tip, l1: storedBlock(102n, 9) })).toBe('SUPERVISOR_DB_CONFLICT')
    expect(refusal({ ...next, chains: next.chains.slice(1) })).toBe('SUPERVISOR_DB_CONFLICT')
    expect(refusal(chain(0, { crossSafe: storedBlock(99n, 0) }))).toBe('SUPERVISOR_DB_CONFLICT')
    expect(refusal(chain(0, { crossSafe: storedBlock(0n, 0) }))).toBe('SUPERVISOR_DB_CONFLICT')
    expect(refusal(chain(1, { crossSafe: storedBlock(2n, 9) }))).toBe('SUPERVISOR_DB_CONFLICT')
    behavesAs(db, rows)
    // A block with deposits only is another one than what became local-safe.
    expect(refusal(chain(1, { crossSafe: storedBlock(2n, 9), depositsOnly: true }))).toBe('taken')
    expect(db.tip?.chains[1]).toMatchObject({ depositsOnly: true, crossSafe: storedBlock(2n, 9) })
  })

  it('notices every byte that is flipped', () => {
    const { disk, rows } = filled(4)
    for (const path of [PATH, sumsPath(PATH)]) {
      const good = disk.bytes(path)
      for (let at = 0; at < good.length; at++) {
        const bad = good.slice()
        bad[at] = (bad[at] as number) ^ (1 << (at % 8))
        disk.put(path, bad)
        expect(verified(disk), `${path} ${at}`).not.toEqual([])
        expect(() => opened(disk, rows.length), `${path} ${at}`).toThrow(/./)
      }
      disk.put(path, good)
    }
    expect(verified(disk)).toEqual([])
    expect(() => opened(disk, rows.length + 1)).toThrow(/8 entries of 10 are left/)
  })

  it('does not hand out what was damaged since it was opened', () => {
    const { disk, db } = filled(4)
    const bytes = disk.bytes(PATH)
    bytes[40] = (bytes[40] as number) ^ 1
    expect(() => db.row(100n)).toThrow(/entry 0 does not match its checksum/)
  })

  it('keeps whole rows of what was cut off, wherever', () => {
    const { disk, rows } = filled(4)
    const [entries, sums] = [disk.bytes(PATH), disk.bytes(sumsPath(PATH))]
    for (let size = 0; size <= entries.length; size++) {
      for (const sumSize of [8, 8 + 4 * Math.floor(size / 90), sums.length]) {
        disk.put(PATH, entries.slice(0, size))
        disk.put(sumsPath(PATH), sums.slice(0, sumSize))
        const db = opened(disk)
        const kept = Math.min(Math.floor(size / 180), Math.floor((sumSize - 8) / 8))
        expect([...db.rows()]).toEqual(rows.slice(0, kept))
        expect(verified(disk)).toEqual([])
        expect(
          db.append(
            kept === 4
              ? nextRow(rows[3], 0, [
                  [1, 0],
                  [1, 0],
                ])
              : (rows[kept] as SuperSafeRow),
          ),
        ).toBe(true)
      }
    }
  })
})
