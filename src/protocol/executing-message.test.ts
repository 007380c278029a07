import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { executingMessageLog } from '../../test/support/executing-log.ts'
import { bytesToHex, hexToBytes, toWord } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import { executingMessage, hashOfLog, payloadHash } from './executing-message.ts'

const ORIGIN = hexToBytes('5fbdb2315678afecb367f032d93f642f64180aa3')
const MESSAGE = '0xc3f57e1f0dd62a4f77787d834029bfeaab8894022c47edbe13b044fb658c9190'
const PLACE = { chainId: 900200n, blockNumber: 4509n, timestamp: 1730467171n, logIndex: 0 }

describe('an executed message', () => {
  it("has op-supervisor's checksum", () => {
    expect(executingMessage(executingMessageLog(ORIGIN, MESSAGE, PLACE))).toEqual({
      ...PLACE,
      checksum: '0x0307d89c993b125400cb5868be4cbbafa6a6b1d9b8a6d530d49e8c4a30fb2aa1',
    })
  })

  it('is read as it was written', () => {
    const place = fc.record({
      chainId: fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }),
      blockNumber: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
      timestamp: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
      logIndex: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    })
    fc.assert(
      fc.property(place, (each) => {
        expect(executingMessage(executingMessageLog(ORIGIN, MESSAGE, each))).toMatchObject(each)
      }),
    )
  })

  it('is not what another contract emits, or another event', () => {
    const log = executingMessageLog(ORIGIN, MESSAGE, PLACE)
    const [topic] = log.topics
    expect(executingMessage({ ...log, address: `0x${'11'.repeat(20)}` })).toBeUndefined()
    expect(executingMessage({ ...log, topics: [MESSAGE, MESSAGE] })).toBeUndefined()
    expect(executingMessage({ ...log, topics: [topic ?? '0x'] })).toBeUndefined()
    expect(executingMessage({ ...log, topics: [...log.topics, MESSAGE] })).toBeUndefined()
  })

  it.each([
    ['a byte before the address', 11],
    ['a block number of more than 64 bits', 32 + 23],
    ['a log index of more than 32 bits', 64 + 27],
    ['a time of more than 64 bits', 96 + 23],
  ])('refuses %s', (_name, at) => {
    const log = executingMessageLog(ORIGIN, MESSAGE, PLACE)
    const data = log.data.with(at, 1)
    expect(() => executingMessage({ ...log, data })).toThrow(
      expect.objectContaining({ code: 'EXECUTING_MESSAGE_MALFORMED' }),
    )
  })

  it('refuses any other length', () => {
    const log = executingMessageLog(ORIGIN, MESSAGE, PLACE)
    for (const data of [log.data.subarray(1), new Uint8Array(192)])
      expect(() => executingMessage({ ...log, data })).toThrow(
        expect.objectContaining({ code: 'EXECUTING_MESSAGE_MALFORMED' }),
      )
  })
})

it('hashes topics and data of a log, and who emitted it', () => {
  const log = { address: bytesToHex(ORIGIN), topics: [toWord(1n), toWord(2n)], data: Uint8Array.of(3) }
  const bytes = `${toWord(1n).slice(2)}${toWord(2n).slice(2)}03`
  expect(payloadHash(log)).toEqual(keccak256(hexToBytes(bytes)))
  expect(hashOfLog(log)).not.toEqual(hashOfLog({ ...log, address: `0x${'11'.repeat(20)}` }))
})
