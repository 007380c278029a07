import { describe, expect, it } from 'vitest'
import { bytesToHex, type Hash, toWord } from '../primitives/hex.ts'
import { decodeBatch, type SingularBatch } from '../protocol/batch.ts'
import type { RawSpanBatch, SpanBatch } from '../protocol/span-batch.ts'
import { encodeSigned } from '../protocol/transaction-encoding.ts'
import { blockBatches } from './block-batches.ts'
import type { BatchBlock } from './ports.ts'

const CONTEXT = { genesis: { l2Time: 1000n }, blockTime: 2n, l2ChainId: 901n }
const DEPOSIT = Uint8Array.of(0x7e, 1)

function transaction(nonce: bigint): Uint8Array {
  const fields = { type: 0, chainId: 901n, nonce, gasLimit: 21_000n, to: undefined, value: 1n, gasPrice: 1n } as const
  return encodeSigned({ ...fields, data: Uint8Array.of(1) }, { yParity: 0, r: 5n, s: 6n })
}

/** Three blocks of each L1 origin. */
function block(number: bigint): BatchBlock {
  return {
    ref: {
      ...{ hash: toWord(number), number, parentHash: toWord(number - 1n), timestamp: 1000n + 2n * number },
      ...{ l1Origin: { number: number / 3n, hash: toWord(0x100n + number / 3n) }, sequenceNumber: number % 3n },
    },
    transactions: [DEPOSIT, transaction(number)],
  }
}

const blocks = [1n, 2n, 3n, 4n].map(block)

function singulars(encoded: readonly Uint8Array[]): SingularBatch[] {
  return encoded.map((bytes) => decodeBatch(bytes) as SingularBatch)
}

function spans(encoded: readonly Uint8Array[]): SpanBatch[] {
  return encoded.map((bytes) => (decodeBatch(bytes) as RawSpanBatch).derive(CONTEXT))
}

const check = (hash: Hash): Hash => hash.slice(0, 42) as Hash

describe('batches of blocks', () => {
  it('say of each block what it says, without its deposits', () => {
    const read = singulars(blockBatches({ blocks, type: 'singular' }, CONTEXT))
    read.forEach((batch, index) => {
      const { ref, transactions } = blocks[index] as BatchBlock
      const { parentHash, timestamp, l1Origin } = ref
      expect(batch).toMatchObject({ parentHash, timestamp, epochNumber: l1Origin.number, epochHash: l1Origin.hash })
      expect(batch.transactions.length).toBe(1)
      expect(batch.transactions.at(0)).toEqual(transactions[1])
    })
    expect(read.length).toBe(4)
  })

  it('of a span hold all blocks, or as many as are asked for', () => {
    const [whole, ...none] = spans(blockBatches({ blocks, type: 'span' }, CONTEXT))
    expect(none).toEqual([])
    expect(whole).toMatchObject({
      ...{ blockCount: 4, parentCheck: check(toWord(0n)), l1OriginCheck: check(toWord(0x101n)) },
    })
    expect([0, 1, 2, 3].map((at) => whole?.epochNumber(at))).toEqual([0n, 0n, 1n, 1n])
    expect([0, 1, 2, 3].map((at) => whole?.timestamp(at))).toEqual([1002n, 1004n, 1006n, 1008n])
    expect(whole?.transactions(2).at(0)).toEqual(transaction(3n))
    const some = spans(blockBatches({ blocks, type: 'span', spanBlocks: 3 }, CONTEXT))
    expect(some.map(({ blockCount }) => blockCount)).toEqual([3, 1])
    expect(some[1]?.parentCheck).toBe(check(toWord(3n)))
  })

  it('hold blocks as they were chosen: in another order, twice', () => {
    const chosen = [blocks[2], blocks[0], blocks[0]] as BatchBlock[]
    const read = singulars(blockBatches({ blocks: chosen, type: 'singular' }, CONTEXT))
    expect(read.map(({ timestamp }) => timestamp)).toEqual([1006n, 1002n, 1002n])
  })

  it('say what they are told to say instead', () => {
    const other = toWord(0xbadn)
    const said = { parentHash: other, epochNumber: 9n, epochHash: other, timestamp: 7n, transactions: [DEPOSIT] }
    const [, second] = singulars(blockBatches({ blocks, type: 'singular', overrides: new Map([[2n, said]]) }, CONTEXT))
    const { transactions, ...fields } = said
    expect(second).toMatchObject(fields)
    expect(bytesToHex(second?.transactions.at(0) as Uint8Array)).toBe(bytesToHex(transactions[0] as Uint8Array))
    const overrides = new Map([
      [1n, { parentHash: other, timestamp: 1010n, transactions: [], advancesOrigin: true }],
      [4n, { epochHash: other, epochNumber: 2n }],
    ])
    const [span] = spans(blockBatches({ blocks, type: 'span', overrides }, CONTEXT))
    expect(span).toMatchObject({ parentCheck: check(other), l1OriginCheck: check(other) })
    expect([0, 3].map((at) => span?.timestamp(at))).toEqual([1010n, 1016n])
    // The first block begins an origin of its own.
    expect([0, 1, 2, 3].map((at) => span?.epochNumber(at))).toEqual([0n, 0n, 1n, 2n])
    expect(span?.transactions(0).length).toBe(0)
  })

  it('may begin before genesis', () => {
    const overrides = new Map([[1n, { timestamp: 999n }]])
    const [span] = spans(blockBatches({ blocks, type: 'span', overrides }, CONTEXT))
    expect(span?.timestamp(0)).toBe(999n)
  })

  it('cannot be made of no blocks, nor a span of what is no transaction', () => {
    expect(() => blockBatches({ blocks: [], type: 'span' }, CONTEXT)).toThrow('no blocks to batch')
    const overrides = new Map([[1n, { transactions: [Uint8Array.of(0x55)] }]])
    expect(() => blockBatches({ blocks, type: 'span', overrides }, CONTEXT)).toThrow('type 85')
  })
})
