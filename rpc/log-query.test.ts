import { describe, expect, it } from 'vitest'
import { logQuery } from './log-query.ts'

const [A, B] = [`0x${'aa'.repeat(20)}`, `0x${'bb'.repeat(20)}`]
const [S, T] = [`0x${'01'.repeat(32)}`, `0x${'02'.repeat(32)}`]

function messages(value: unknown): string {
  return (logQuery.safeParse(value).error?.issues ?? []).map(({ message }) => message).join('; ')
}

describe('a log query', () => {
  it('takes one or many addresses, and any choice of topics', () => {
    expect(logQuery.parse({})).toEqual({ addresses: [], topics: [] })
    expect(logQuery.parse({ address: A.toUpperCase().replace('0X', '0x') })).toMatchObject({ addresses: [A] })
    expect(logQuery.parse({ address: [A, B], topics: null })).toMatchObject({ addresses: [A, B], topics: [] })
    expect(logQuery.parse({ topics: [S, null, [S, T], [S, null]] }).topics).toEqual([[S], [], [S, T], []])
  })

  it('names one block by hash, or a range', () => {
    expect(logQuery.parse({ blockHash: S })).toMatchObject({ blockHash: S, from: undefined, to: undefined })
    expect(logQuery.parse({ fromBlock: 'earliest', toBlock: '0x10', extra: 1 })).toMatchObject({
      from: { tag: 'label', label: 'earliest' },
      to: { tag: 'number', number: 16n },
    })
    expect(messages({ blockHash: S, toBlock: 'latest' })).toBe(
      'cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other',
    )
    expect(messages({ fromBlock: S })).toMatch(/^expected a 0x quantity/)
  })

  it('has at most four topics with a thousand choices each', () => {
    expect(messages({ topics: [S, S, S, S] })).toBe('')
    expect(messages({ topics: [S, S, S, S, S] })).toBe('exceed max topics')
    expect(messages({ topics: [Array.from({ length: 1000 }, () => S)] })).toBe('')
    expect(messages({ topics: [Array.from({ length: 1001 }, () => S)] })).toBe('exceed max topics')
  })
})
