import { expect, it } from 'vitest'
import { messageEntries as reference } from '../../test/peers/support/interop-message.ts'
import { toWord } from '../primitives/hex.ts'
import { inboxEntries, messageEntries } from './inbox-entries.ts'
import type { SignedTransaction } from './transaction.ts'

it('names a message by its place and its checksum', () => {
  const place = { chainId: 900_200n, blockNumber: 4509n, timestamp: 1_730_467_171n }
  const checksum = '0x0307d89c993b125400cb5868be4cbbafa6a6b1d9b8a6d530d49e8c4a30fb2aa1'
  const entries = messageEntries({ ...place, logIndex: 0, checksum })
  expect(entries).toEqual(['0x0100000000000000000dbc68000000000000119d000000006724d56300000000', checksum])
  const origin = `0x${'5f'.repeat(20)}` as const
  const [lookup] = reference({ ...place, logIndex: 7n, origin, payload: new Uint8Array() })
  expect(messageEntries({ ...place, logIndex: 7, checksum })[0]).toBe(lookup)
})

it('has an entry more for a chain id of more than 64 bits', () => {
  const message = { chainId: (5n << 64n) + 6n, blockNumber: 1n, timestamp: 2n, logIndex: 3, checksum: toWord(4n) }
  expect(messageEntries(message)).toEqual([
    '0x0100000000000000000000060000000000000001000000000000000200000003',
    `0x02${'00'.repeat(30)}05`,
    toWord(4n),
  ])
})

it('finds what names messages in an access list', () => {
  const inbox = '0x4200000000000000000000000000000000000022'
  const accessList = [
    { address: inbox, storageKeys: [toWord(1n), toWord(2n)] },
    { address: `0x${'11'.repeat(20)}`, storageKeys: [toWord(3n)] },
    { address: inbox, storageKeys: [toWord(4n)] },
  ]
  expect(inboxEntries({ type: 2, accessList } as unknown as SignedTransaction)).toEqual([1n, 2n, 4n].map(toWord))
  expect(inboxEntries({ type: 0 } as SignedTransaction)).toEqual([])
})
