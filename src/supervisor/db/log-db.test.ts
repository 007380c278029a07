import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CrashDisk, PowerLoss, seededRandom } from '../../../test/support/crash-disk.ts'
import { type LogBlockCase, nextLogBlock } from '../../../test/support/log-blocks.ts'
import { toWord } from '../../primitives/hex.ts'
import { messageChecksum } from '../../protocol/message-checksum.ts'
import { LogDb, type MessageQuery } from './log-db.ts'

const CHAIN = 901n
const FILES = ['blocks.db', 'logs.db', 'executing.db'] as const

function opened(disk: CrashDisk, chainId = CHAIN): LogDb {
  return LogDb.open({ folder: '.', chainId, openFile: disk.openFile })
}

function query({ block, logs }: LogBlockCase, logIndex: number): MessageQuery {
  const place = { chainId: CHAIN, blockNumber: block.number, timestamp: block.timestamp, logIndex }
  const hash = logs[logIndex]?.hash ?? new Uint8Array(32)
  return { ...place, checksum: messageChecksum(hash, place) }
}

function filled(counts: readonly number[]) {
  const disk = new CrashDisk(seededRandom(1))
  const db = opened(disk)
  const blocks: LogBlockCase[] = []
  for (const count of counts) blocks.push(nextLogBlock(blocks.at(-1), 0, count))
  for (const { block, logs } of blocks) db.append(block, logs)
  return { disk, db, blocks }
}

/** Every answer, from a list of blocks. */
function behavesAs(db: LogDb, blocks: readonly LogBlockCase[]): void {
  expect(db.blocks).toBe(blocks.length)
  expect(db.tip?.hash).toBe(blocks.at(-1)?.block.hash)
  expect(db.first?.hash).toBe(blocks[0]?.block.hash)
  expect(db.logs).toBe(blocks.reduce((sum, { logs }) => sum + logs.length, 0))
  for (const each of blocks) {
    const { number, hash, timestamp } = each.block
    expect(db.block(number)).toMatchObject({ number, hash, timestamp })
    expect(db.blockAtTime(timestamp)?.number).toBe(number)
    expect(db.blockAtTime(timestamp + 1n)?.number).toBe(number)
    expect(db.logCount(number)).toBe(each.logs.length)
    expect(db.executing(number)).toEqual(
      each.logs.flatMap(({ executing }, at) => (executing === undefined ? [] : [{ ...executing, at }])),
    )
    each.logs.forEach((_, index) => {
      expect(db.find(query(each, index))).toMatchObject({ tag: 'found', block: { hash } })
    })
    expect(db.find(query(each, each.logs.length))).toMatchObject({ tag: 'conflict' })
  }
  const before = blocks[0]?.block
  if (before !== undefined) expect(db.blockAtTime(before.timestamp - 1n)).toBeUndefined()
  expect(db.block((blocks.at(-1)?.block.number ?? 0n) + 1n)).toBeUndefined()
}

const command = fc.oneof(
  { weight: 6, arbitrary: fc.record({ tag: fc.constant('append' as const), logs: fc.nat(7) }) },
  { weight: 1, arbitrary: fc.record({ tag: fc.constant('rewind' as const), back: fc.nat(6) }) },
  { weight: 1, arbitrary: fc.record({ tag: fc.constant('sync' as const) }) },
  { weight: 1, arbitrary: fc.record({ tag: fc.constant('reopen' as const) }) },
)
const commands = fc.array(command, { maxLength: 30 })

describe('the log database', () => {
  it('answers as a list of blocks does, whatever is appended and rewound', () => {
    fc.assert(
      fc.property(commands, (all) => {
        const disk = new CrashDisk(seededRandom(1))
        let db = opened(disk)
        let blocks: LogBlockCase[] = []
        all.forEach((each, branch) => {
          if (each.tag === 'append') {
            const next = nextLogBlock(blocks.at(-1), branch, each.logs)
            expect(db.append(next.block, next.logs)).toBe(true)
            expect(db.append(next.block, next.logs)).toBe(false)
            blocks.push(next)
          } else if (each.tag === 'rewind') {
            const to = (blocks.at(-1)?.block.number ?? 0n) - BigInt(each.back)
            db.rewind(to)
            blocks = blocks.filter(({ block }) => block.number <= to)
          } else if (each.tag === 'sync') db.sync()
          else db = opened(disk)
        })
        expect(db.verify()).toEqual([])
        behavesAs(db, blocks)
      }),
      { numRuns: 100 },
    )
  })

  it('has whole blocks after the power ended anywhere, and those that were synced', () => {
    fc.assert(
      fc.property(commands, fc.nat(120), fc.nat(), (all, crashAt, seed) => {
        const disk = new CrashDisk(seededRandom(seed))
        // What may be there: the newest synced blocks, and what was appended behind them.
        let blocks: LogBlockCase[] = []
        let synced = 0
        let branches: (readonly LogBlockCase[])[] = []
        disk.crashAt(crashAt)
        try {
          const db = opened(disk)
          all.forEach((each, branch) => {
            if (each.tag === 'append') {
              const next = nextLogBlock(blocks.at(-1), branch, each.logs)
              branches = [...branches, [...blocks, next]]
              db.append(next.block, next.logs)
              blocks = [...blocks, next]
              if (blocks.length === 1) synced = 1
            } else if (each.tag === 'rewind') {
              const to = (blocks.at(-1)?.block.number ?? 0n) - BigInt(each.back)
              const kept = blocks.filter(({ block }) => block.number <= to)
              synced = Math.min(synced, kept.length)
              branches = [...branches, blocks]
              db.rewind(to)
              blocks = kept
            } else {
              db.sync()
              synced = blocks.length
            }
          })
        } catch (error) {
          if (!(error instanceof PowerLoss)) throw error
        }
        const found = opened(disk.restarted())
        expect(found.blocks).toBeGreaterThanOrEqual(synced)
        const tip = found.tip?.hash
        const branch = [...branches, blocks].find((each) => each.at(found.blocks - 1)?.block.hash === tip) ?? []
        behavesAs(found, branch.slice(0, found.blocks))
        expect(found.verify()).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  it('tells what cannot be from what is not known', () => {
    const { db, blocks } = filled([2, 0, 3])
    const last = blocks[2] as LogBlockCase
    const good = query(last, 1)
    expect(db.find(good)).toMatchObject({ tag: 'found' })
    const other = (change: Partial<MessageQuery>) => db.find({ ...good, ...change }).tag
    expect(other({ checksum: toWord(1n) })).toBe('conflict')
    expect(other({ checksum: `0x04${good.checksum.slice(4)}` })).toBe('conflict')
    expect(other({ timestamp: good.timestamp + 1n })).toBe('conflict')
    expect(other({ logIndex: 3 })).toBe('conflict')
    expect(other({ logIndex: 0xffff_ffff })).toBe('conflict')
    expect(other({ blockNumber: 0n })).toBe('conflict')
    expect(other({ blockNumber: 4n })).toBe('skipped')
    expect(other({ blockNumber: 8n, timestamp: good.timestamp + 2n })).toBe('future')
    expect(other({ blockNumber: 8n, timestamp: good.timestamp - 1n })).toBe('conflict')
    expect(opened(new CrashDisk(seededRandom(1))).find(good).tag).toBe('future')
    db.rewind(6n)
    expect(db.find(good).tag).toBe('future')
  })

  it('refuses blocks that do not follow, and is as it was', () => {
    const { db, blocks } = filled([2, 1])
    const next = nextLogBlock(blocks[1], 0, 1).block
    const append = (change: object) => () => db.append({ ...next, ...change }, [])
    expect(append({ number: 8n })).toThrow(expect.objectContaining({ code: 'SUPERVISOR_DB_OUT_OF_ORDER' }))
    expect(append({ number: 6n })).toThrow(expect.objectContaining({ code: 'SUPERVISOR_DB_CONFLICT' }))
    expect(append({ parentHash: toWord(5n) })).toThrow(expect.objectContaining({ code: 'SUPERVISOR_DB_CONFLICT' }))
    expect(append({ timestamp: 1012n })).toThrow(expect.objectContaining({ code: 'SUPERVISOR_DB_CONFLICT' }))
    behavesAs(db, blocks)
  })

  it('notices every byte that is flipped', () => {
    const { disk } = filled([3, 0, 4, 2])
    const verified = (): readonly string[] =>
      LogDb.openToRead({ folder: '.', chainId: CHAIN, openFile: disk.openFile }).verify()
    expect(verified()).toEqual([])
    for (const path of FILES) {
      const good = disk.bytes(path)
      for (let at = 0; at < good.length; at++) {
        const bad = good.slice()
        bad[at] = (bad[at] as number) ^ (1 << (at % 8))
        disk.put(path, bad)
        expect(verified(), `${path} ${at}`).not.toEqual([])
      }
      disk.put(path, good)
    }
  })

  it("does not take another chain's blocks for its own", () => {
    const { disk } = filled([3, 1])
    expect(() => opened(disk, 902n)).toThrow(/another chain/)
    expect(opened(disk).blocks).toBe(2)
  })
})
