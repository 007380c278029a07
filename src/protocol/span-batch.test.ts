import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesToHex, concatBytes, type Hex, hexToBytes } from '../primitives/hex.ts'
import { encodeRlp } from '../primitives/rlp.ts'
import { encodeUvarint } from './byte-reader.ts'
import { encodeSpanBatch, matchesCheck, RawSpanBatch, type SpanBatchContext, type SpanBlock } from './span-batch.ts'
import { encodeSigned, type TransactionFields } from './transaction-encoding.ts'

const CHAIN_ID = 901n
const context: SpanBatchContext = { genesis: { l2Time: 1000n }, blockTime: 2n, l2ChainId: CHAIN_ID }

const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size }).map(bytesToHex)
const uint = (bits: number) => fc.bigInt(0n, (1n << BigInt(bits)) - 1n)
const accessList = fc.array(fc.record({ address: bytes(20), storageKeys: fc.array(bytes(32), { maxLength: 3 }) }), {
  maxLength: 3,
})
const authorizationList = fc.array(
  fc.record({
    ...{ chainId: uint(256), address: bytes(20), nonce: uint(64) },
    ...{ yParity: uint(8), r: uint(256), s: uint(256) },
  }),
  { maxLength: 3 },
)
const common = {
  chainId: fc.constant(CHAIN_ID),
  nonce: uint(64),
  gasLimit: uint(64),
  to: fc.option(bytes(20), { nil: undefined }),
  value: uint(256),
  data: fc.uint8Array({ maxLength: 80 }),
}
const market = { maxFeePerGas: uint(256), maxPriorityFeePerGas: uint(256), accessList }

const fields: fc.Arbitrary<TransactionFields> = fc.oneof(
  fc.record({ ...common, type: fc.constant(0 as const), gasPrice: uint(256) }),
  fc.record({ ...common, type: fc.constant(1 as const), gasPrice: uint(256), accessList }),
  fc.record({ ...common, ...market, type: fc.constant(2 as const) }),
  fc.record({ ...common, ...market, to: bytes(20), type: fc.constant(4 as const), authorizationList }),
)
const signature = fc.record({ yParity: fc.constantFrom(0 as const, 1 as const), r: uint(256), s: uint(256) })

/** Without replay protection: signed with 27 and 28. */
const unprotected = fc
  .tuple(uint(64), uint(128), uint(64), common.to, uint(128), common.data, signature)
  .map(([nonce, price, gas, to, value, data, { yParity, r, s }]) =>
    encodeRlp([nonce, price, gas, hexToBytes(to ?? '0x'), value, data, 27n + BigInt(yParity), r, s]),
  )
const transaction = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(fields, signature).map(([tx, signed]) => encodeSigned(tx, signed)) },
  { weight: 1, arbitrary: unprotected },
)

interface Span {
  readonly blocks: readonly SpanBlock[]
  readonly parentHash: Hex
  readonly advancesOrigin: boolean
}

const span: fc.Arbitrary<Span> = fc
  .tuple(
    fc.array(fc.tuple(fc.boolean(), fc.array(transaction, { maxLength: 4 })), { minLength: 1, maxLength: 20 }),
    fc.nat(100_000),
    uint(40),
    bytes(32),
    bytes(32),
  )
  .map(([blocks, offset, number, hash, parentHash]) => {
    let origin = number + 20n
    return {
      parentHash,
      advancesOrigin: blocks[0]?.[0] ?? false,
      blocks: blocks.map(([advances, transactions], index) => {
        if (advances && index > 0) origin++
        const timestamp = 1000n + BigInt(2 * (offset + index))
        return { timestamp, l1Origin: { number: origin, hash }, transactions }
      }),
    }
  })

const refused = expect.objectContaining({ code: 'BATCH_INVALID' }) as Error

describe('span batches', () => {
  it('stand for the blocks that they were made of', () => {
    fc.assert(
      fc.property(span, ({ blocks, parentHash, advancesOrigin }) => {
        const encoded = encodeSpanBatch(blocks, { parentHash, advancesOrigin }, context)
        const raw = new RawSpanBatch(encoded)
        expect(raw.encode()).toEqual(encoded)
        const batch = raw.derive(context)
        expect(batch.blockCount).toBe(blocks.length)
        blocks.forEach(({ timestamp, l1Origin, transactions }, index) => {
          expect(batch.timestamp(index)).toBe(timestamp)
          expect(batch.epochNumber(index)).toBe(l1Origin.number)
          const batched = batch.transactions(index)
          expect(Array.from({ length: batched.length }, (_, at) => batched.at(at))).toEqual(transactions)
          expect(batched.at(batched.length)).toBeUndefined()
        })
        expect(matchesCheck(batch.parentCheck, parentHash)).toBe(true)
        expect(matchesCheck(batch.l1OriginCheck, blocks[0]?.l1Origin.hash as Hex)).toBe(true)
      }),
    )
  })

  it('are refused when they are cut short, and read when something follows', () => {
    fc.assert(
      fc.property(span, fc.nat(), ({ blocks, parentHash, advancesOrigin }, at) => {
        const encoded = encodeSpanBatch(blocks, { parentHash, advancesOrigin }, context)
        expect(() => new RawSpanBatch(encoded.subarray(0, at % encoded.length))).toThrow()
        expect(new RawSpanBatch(concatBytes(encoded, Uint8Array.of(1, 2))).encode()).toEqual(encoded)
      }),
    )
  })

  it('cannot hold deposits, blob transactions, or those of another chain', () => {
    const encode = (raw: Uint8Array) => {
      const block = {
        timestamp: 1000n,
        l1Origin: { number: 1n, hash: `0x${'11'.repeat(32)}` as Hex },
        transactions: [raw],
      }
      return encodeSpanBatch([block], { parentHash: `0x${'22'.repeat(32)}`, advancesOrigin: false }, context)
    }
    const legacy: TransactionFields = {
      ...{ type: 0, chainId: 5n, nonce: 0n, gasPrice: 1n, gasLimit: 1n },
      ...{ to: undefined, value: 0n, data: new Uint8Array() },
    }
    for (const raw of [
      encodeSigned(legacy, { yParity: 0, r: 1n, s: 1n }),
      encodeSigned({ ...legacy, type: 1, accessList: [] }, { yParity: 0, r: 1n, s: 1n }),
      Uint8Array.of(3, 0xc0),
      Uint8Array.of(0x7e, 0xc0),
      new Uint8Array(),
    ]) {
      expect(() => encode(raw)).toThrow(refused)
    }
  })

  const head = concatBytes(encodeUvarint(10n), encodeUvarint(7n), new Uint8Array(40))
  it.each([
    ['no blocks', [encodeUvarint(0n)]],
    ['more blocks than there may be', [encodeUvarint(10_000_001n)]],
    ['millions of blocks that are not there', [encodeUvarint(10_000_000n), new Uint8Array(1_250_000)]],
    ['more transactions than there may be', [encodeUvarint(1n), Uint8Array.of(0), encodeUvarint(10_000_001n)]],
    [
      'more transactions in all than there may be',
      [encodeUvarint(2n), Uint8Array.of(0), encodeUvarint(9_000_000n), encodeUvarint(9_000_000n)],
    ],
    ['millions of transactions that are not there', [encodeUvarint(1n), Uint8Array.of(0), encodeUvarint(10_000_000n)]],
    ['bits beyond its blocks', [encodeUvarint(1n), Uint8Array.of(2), encodeUvarint(0n)]],
    ['a number that does not end', [new Uint8Array(11).fill(0xff)]],
    ['a number of more than 64 bits', [Uint8Array.of(...new Array(9).fill(0xff), 2)]],
  ])('with %s are refused', (_, parts) => {
    expect(() => new RawSpanBatch(concatBytes(head, ...parts))).toThrow(refused)
  })

  it('may begin with a block of an origin that nobody counts: the first bit says nothing', () => {
    const block = { timestamp: 1000n, l1Origin: { number: 0n, hash: `0x${'11'.repeat(32)}` as Hex }, transactions: [] }
    const start = { parentHash: `0x${'22'.repeat(32)}` as Hex, advancesOrigin: true }
    const batch = new RawSpanBatch(encodeSpanBatch([block], start, context)).derive(context)
    expect(batch.epochNumber(0)).toBe(0n)
  })

  it('count L1 origins back past zero as 64 bits do', () => {
    const bits = concatBytes(head.subarray(0, 1), encodeUvarint(0n), new Uint8Array(40), encodeUvarint(2n))
    const batch = new RawSpanBatch(concatBytes(bits, Uint8Array.of(2, 0, 0))).derive(context)
    expect([batch.epochNumber(0), batch.epochNumber(1)]).toEqual([(1n << 64n) - 1n, 0n])
  })

  it('with a transaction that cannot be put together are read, and not derived', () => {
    // One legacy transaction, whose value has a leading zero.
    const data = Uint8Array.of(0xc4, 0x82, 0x00, 0x01, 0x80)
    const column = [Uint8Array.of(0), Uint8Array.of(0), new Uint8Array(64), new Uint8Array(20), data]
    const tail = [encodeUvarint(0n), encodeUvarint(0n), Uint8Array.of(0)]
    const raw = new RawSpanBatch(concatBytes(head, encodeUvarint(1n), Uint8Array.of(0, 1), ...column, ...tail))
    expect(() => raw.derive(context)).toThrow(refused)
  })
})
