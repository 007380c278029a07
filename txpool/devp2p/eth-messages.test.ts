import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesToHex, hexToBytes } from '../../src/primitives/hex.ts'
import { encodeRlp } from '../../src/primitives/rlp.ts'
import { decodeDisconnect, decodeHello, encodeDisconnect, encodeHello } from './base-protocol.ts'
import {
  decodeAnnouncements,
  decodeBlockRange,
  decodePooled,
  decodeRequest,
  decodeStatus,
  decodeTransactions,
  encodeAnnouncements,
  encodeBlockRange,
  encodePooled,
  encodeRequest,
  encodeStatus,
  encodeTransactions,
} from './eth-messages.ts'

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytesToHex)
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const breach = expect.objectContaining({ code: 'PEER_BREACH' })
const typed = fc
  .tuple(fc.integer({ min: 1, max: 0x7f }), fc.uint8Array({ minLength: 1, maxLength: 80 }))
  .map(([type, rest]) => Uint8Array.of(type, ...rest))
const legacy = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 }).map((fields) => encodeRlp(fields))
const raws = fc.array(fc.oneof(typed, legacy), { maxLength: 20 })
const hex = (list: readonly { readonly raw: Uint8Array }[]): string[] => list.map(({ raw }) => bytesToHex(raw))

describe('messages of the eth protocol', () => {
  it('come out as they went in', () => {
    const range = fc.record({ latest: uint64, latestHash: hash.filter((each) => !/^0x0+$/.test(each)) })
    const forkId = fc.record({ hash: fc.integer({ min: 0, max: 2 ** 32 - 1 }), next: uint64 })
    const status = fc.record({ networkId: uint64, genesisHash: hash, forkId, range })
    fc.assert(
      fc.property(
        status,
        raws,
        fc.array(hash, { maxLength: 9 }),
        uint64,
        ({ range: to, ...rest }, list, hashes, id) => {
          const blocks = { earliest: to.latest / 2n, ...to }
          const told = { ...rest, range: blocks }
          expect(decodeStatus(69, encodeStatus(69, told))).toEqual({ version: 69, ...told })
          expect(decodeStatus(68, encodeStatus(68, told))).toEqual({
            version: 68,
            ...told,
            range: { earliest: 0n, latest: 0n, latestHash: to.latestHash },
          })
          expect(decodeBlockRange(encodeBlockRange(blocks))).toEqual(blocks)
          const announced = hashes.map((each, index) => ({ hash: each, type: index, size: index * 1000 }))
          expect(decodeAnnouncements(encodeAnnouncements(announced))).toEqual(announced)
          expect(decodeRequest(encodeRequest(id, hashes))).toEqual({ id, hashes })
          expect(hex(decodeTransactions(encodeTransactions(list)))).toEqual(list.map(bytesToHex))
          const pooled = decodePooled(encodePooled(id, list))
          expect(pooled.id).toBe(id)
          expect(hex(pooled.transactions)).toEqual(list.map(bytesToHex))
        },
      ),
    )
  })

  it('stand on the wire as geth writes them', () => {
    expect(bytesToHex(encodeRequest(1111n, [`0x${'00'.repeat(30)}dead` as const]))).toBe(
      `0xe5820457e1a0${'00'.repeat(30)}dead`,
    )
    expect(bytesToHex(encodeAnnouncements([{ hash: `0x${'11'.repeat(32)}`, type: 2, size: 300 }]))).toBe(
      `0xe702c382012ce1a0${'11'.repeat(32)}`,
    )
    expect(decodeTransactions(hexToBytes('0xc3820102'))).toEqual([{ raw: Uint8Array.of(1, 2), type: 1 }])
  })

  it.each([
    [
      'lists of different lengths',
      () => decodeAnnouncements(encodeRlp([Uint8Array.of(1, 2), [1], [new Uint8Array(32)]])),
    ],
    ['a short hash', () => decodeAnnouncements(encodeRlp([Uint8Array.of(1), [1], [new Uint8Array(31)]]))],
    ['trailing bytes', () => decodeTransactions(hexToBytes('0xc000'))],
    ['an empty transaction', () => decodeTransactions(hexToBytes('0xc180'))],
    ['a transaction of one byte', () => decodeTransactions(hexToBytes('0xc101'))],
    ['a string of a list', () => decodeTransactions(encodeRlp([hexToBytes('0xc180')]))],
    ['a list with millions of items', () => decodeTransactions(encodeRlp([...new Array<never[]>(20_000).fill([])]))],
    ['a range that ends before it begins', () => decodeBlockRange(encodeRlp([5, 4, new Uint8Array(32).fill(1)]))],
    ['a range without a hash', () => decodeBlockRange(encodeRlp([1, 4, new Uint8Array(32)]))],
    ['a status of another version', () => decodeStatus(69, encodeRlp([68, 1, 0, new Uint8Array(32)]))],
    ['a number of nine bytes', () => decodeRequest(encodeRlp([new Uint8Array(9).fill(1), []]))],
    ['a list that says it is longer than all', () => decodeRequest(hexToBytes('0xfbffffffff'))],
  ])('are refused with %s', (_name, decode) => {
    expect(decode).toThrowError(breach)
  })
})

describe('messages of the base protocol', () => {
  it('come out as they went in', () => {
    const hello = {
      client: 'Geth/v1.16.8',
      capabilities: [{ name: 'eth', version: 69 }],
      listenPort: 30303,
      id: new Uint8Array(64).fill(7),
    }
    expect(decodeHello(encodeHello(hello))).toEqual(hello)
    expect(decodeDisconnect(encodeDisconnect(4))).toBe(4)
    expect(decodeDisconnect(Uint8Array.of(4))).toBe(4)
    expect(decodeDisconnect(Uint8Array.of(0xc0))).toBe(0xff)
    expect(decodeDisconnect(Uint8Array.of(0xf9, 1))).toBe(0xff)
  })

  it('refuse a hello without a key, of old nodes, or too large', () => {
    const hello = { client: 'x', capabilities: [], listenPort: 0, id: new Uint8Array(64) }
    expect(() => decodeHello(encodeHello(hello))).toThrowError(breach)
    expect(() => decodeHello(encodeRlp([4, 'x'.length, [], 0, new Uint8Array(64).fill(1)]))).toThrowError(breach)
    expect(() => decodeHello(encodeHello({ ...hello, client: 'x'.repeat(3000) }))).toThrowError(breach)
  })
})
