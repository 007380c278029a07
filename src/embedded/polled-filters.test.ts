import { beforeEach, describe, expect, it } from 'vitest'
import type { Hash } from '../primitives/hex.ts'
import { toWord } from '../primitives/hex.ts'
import type { Block } from '../protocol/block.ts'
import type { SignedTransaction } from '../protocol/transaction.ts'
import type { ChainEvents } from './chain-events.ts'
import { PolledFilters } from './polled-filters.ts'

const MINUTE = 60_000

let now: number
let heads: Set<(head: Block) => void>
let filters: PolledFilters

beforeEach(() => {
  now = 0
  heads = new Set()
  const events: Pick<ChainEvents, 'onHead' | 'onLogs'> = {
    onHead(listener) {
      heads.add(listener)
      return () => heads.delete(listener)
    },
    onLogs: () => () => undefined,
  }
  filters = new PolledFilters(events as ChainEvents, { now: () => now })
})

function head(number: number): Hash {
  const hash = toWord(BigInt(number))
  for (const listener of [...heads]) listener({ hash } as Block)
  return hash
}

describe('polled filters', () => {
  it('give each change once', () => {
    const id = filters.followBlocks()
    const hashes = [head(1), head(2)]
    expect(filters.changes(id)).toEqual({ tag: 'blocks', hashes })
    expect(filters.changes(id)).toEqual({ tag: 'blocks', hashes: [] })
    expect(filters.changes(id)).not.toBe(filters.changes(id))
  })

  it('live as long as somebody asks', () => {
    const [asked, silent] = [filters.followBlocks(), filters.followBlocks()]
    now = 5 * MINUTE - 1
    filters.changes(asked)
    now = 5 * MINUTE
    // An event alone tells that nobody asks for the other one any more.
    head(1)
    expect(heads.size).toBe(1)
    expect(() => filters.changes(silent)).toThrow('filter not found')
    expect(filters.changes(asked)).toMatchObject({ hashes: [toWord(1n)] })
  })

  it('are bounded in number, until one is ended or forgotten', () => {
    const ids = Array.from({ length: 1000 }, () => filters.followBlocks())
    expect(new Set(ids).size).toBe(1000)
    expect(() => filters.followBlocks()).toThrow('too many filters, at most 1000')
    expect(heads.size).toBe(1000)
    expect(filters.uninstall(ids[0] as string)).toBe(true)
    filters.followBlocks()
    now = 5 * MINUTE
    filters.followBlocks()
    expect(filters.size).toBe(1)
    expect(heads.size).toBe(1)
  })

  it('do not keep more than a caller could want', () => {
    let push: (transaction: SignedTransaction) => void = () => undefined
    let ended = 0
    const id = filters.followTransactions((listener) => {
      push = listener
      return () => ended++
    }, false)
    for (let i = 0; i < 100_000; i++) push({} as SignedTransaction)
    expect(ended).toBe(0)
    push({} as SignedTransaction)
    expect(ended).toBe(1)
    expect(() => filters.changes(id)).toThrow('filter not found')
  })

  it('of logs alone have a query', () => {
    const query = { addresses: [], topics: [] }
    expect(filters.logQuery(filters.followLogs(query))).toBe(query)
    const blocks = filters.followBlocks()
    expect(() => filters.logQuery(blocks)).toThrow('filter not found')
  })
})
