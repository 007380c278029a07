import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesToHex, concatBytes } from '../primitives/hex.ts'
import { encodeRlp } from '../primitives/rlp.ts'
import { decodeBatch, encodeSingularBatch, type SingularBatch } from './batch.ts'

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytesToHex)
const u64 = fc.bigInt(0n, (1n << 64n) - 1n)
const batch: fc.Arbitrary<SingularBatch> = fc.record({
  type: fc.constant('singular' as const),
  parentHash: hash,
  epochNumber: u64,
  epochHash: hash,
  timestamp: u64,
  transactions: fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 40 }),
})

const refused = expect.toSatisfy((error: { code?: string }) =>
  ['BATCH_INVALID', 'RLP_INVALID'].includes(error.code ?? ''),
)

describe('singular batches', () => {
  it('are read as they were written, also when something follows', () => {
    fc.assert(
      fc.property(batch, fc.uint8Array({ maxLength: 4 }), (given, rest) => {
        const { transactions, ...fields } = decodeBatch(concatBytes(encodeSingularBatch(given), rest)) as SingularBatch
        const list = Array.from({ length: transactions.length }, (_, index) => transactions.at(index))
        expect({ ...fields, transactions: list }).toEqual(given)
        expect(transactions.at(transactions.length)).toBeUndefined()
      }),
    )
  })

  it('are refused when they are cut short', () => {
    fc.assert(
      fc.property(batch, fc.nat(), (given, place) => {
        const encoded = encodeSingularBatch(given)
        expect(() => decodeBatch(encoded.subarray(0, place % encoded.length))).toThrow()
      }),
    )
  })

  const word = new Uint8Array(32)
  it.each([
    ['nothing', new Uint8Array()],
    ['another type', Uint8Array.of(2)],
    ['a byte string', concatBytes(Uint8Array.of(0), encodeRlp(word))],
    ['too few fields', concatBytes(Uint8Array.of(0), encodeRlp([word, 1n, word, 2n]))],
    ['too many fields', concatBytes(Uint8Array.of(0), encodeRlp([word, 1n, word, 2n, [], []]))],
    ['a short hash', concatBytes(Uint8Array.of(0), encodeRlp([word.subarray(1), 1n, word, 2n, []]))],
    ['a time of more than 64 bits', concatBytes(Uint8Array.of(0), encodeRlp([word, 1n, word, 1n << 64n, []]))],
    ['a number with a leading zero', concatBytes(Uint8Array.of(0), encodeRlp([word, Uint8Array.of(0), word, 2n, []]))],
    ['a list for a transaction', concatBytes(Uint8Array.of(0), encodeRlp([word, 1n, word, 2n, [[]]]))],
  ])('are not made of %s', (_, encoded) => {
    expect(() => decodeBatch(encoded)).toThrow(refused as never)
  })
})
