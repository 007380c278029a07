import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Hash, toWord } from '../primitives/hex.ts'
import { messageEntries } from '../protocol/inbox-entries.ts'
import { accessedMessages } from './access-list.ts'

const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })
const message = fc.record({
  chainId: fc.oneof(u64, fc.bigInt({ min: 0n, max: (1n << 256n) - 1n })),
  blockNumber: u64,
  timestamp: u64,
  logIndex: fc.nat(0xffff_ffff),
  checksum: fc.bigInt({ min: 0n, max: (1n << 248n) - 1n }).map((n): Hash => toWord((3n << 248n) | n)),
})
const LOOKUP: Hash = `0x01${'00'.repeat(31)}`
const WIDE: Hash = `0x02${'00'.repeat(31)}`
const CHECKSUM: Hash = `0x03${'ab'.repeat(31)}`

function read(entries: readonly Hash[]) {
  return [...accessedMessages(entries)]
}

describe('the messages of an access list', () => {
  it('are what was put into it, chain ids of 256 bits among them', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), (messages) => {
        expect(read(messages.flatMap(messageEntries))).toEqual(messages)
      }),
    )
  })

  it('are the reference vector', () => {
    const checksum = '0x0307d89c993b125400cb5868be4cbbafa6a6b1d9b8a6d530d49e8c4a30fb2aa1'
    expect(read(['0x0100000000000000000dbc68000000000000119d000000006724d56300000000', checksum])).toEqual([
      { chainId: 900_200n, blockNumber: 4509n, timestamp: 1_730_467_171n, logIndex: 0, checksum },
    ])
  })

  it.each<[string, readonly Hash[], string]>([
    ['no checksum', [LOOKUP], 'expected entry'],
    ['no checksum behind a chain id', [LOOKUP, WIDE], 'expected entry'],
    ['no lookup', [CHECKSUM], 'expected lookup, got entry type 3'],
    ['two checksums', [LOOKUP, CHECKSUM, CHECKSUM], 'expected lookup, got entry type 3'],
    ['two lookups', [LOOKUP, LOOKUP, CHECKSUM], 'expected checksum, got entry type 1'],
    ['two chain ids', [LOOKUP, WIDE, WIDE, CHECKSUM], 'expected checksum, got entry type 2'],
    ['a chain id first', [WIDE, LOOKUP, CHECKSUM], 'expected lookup, got entry type 2'],
    ['another type', [LOOKUP, `0x04${'00'.repeat(31)}`], 'got entry type 4'],
    ['a lookup with padding', [`0x010001${'00'.repeat(29)}`, CHECKSUM], 'expected zero bytes'],
    ['a chain id with padding', [LOOKUP, `0x0200000000000001${'00'.repeat(24)}`, CHECKSUM], 'expected zero bytes'],
  ])('are none at all with %s', (_, entries, reason) => {
    expect(() => read(entries)).toThrow(reason)
    expect(() => read(entries)).toThrow(expect.objectContaining({ code: 'SUPERVISOR_ACCESS_LIST_INVALID' }))
  })

  it('are read of anything, or refused', () => {
    const entry = fc
      .tuple(
        fc.constantFrom('01', '02', '03', '04'),
        fc.constantFrom('00', 'ff'),
        fc.bigInt({ min: 0n, max: (1n << 240n) - 1n }),
      )
      .map(([type, pad, rest]): Hash => `0x${type}${pad}${rest.toString(16).padStart(60, '0')}`)
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 6 }), (entries) => {
        try {
          expect(read(entries).flatMap(messageEntries).length).toBeLessThanOrEqual(entries.length)
        } catch (error) {
          expect(error).toMatchObject({ code: 'SUPERVISOR_ACCESS_LIST_INVALID' })
        }
      }),
    )
  })
})
