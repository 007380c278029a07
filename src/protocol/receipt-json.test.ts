import { describe, expect, test } from 'vitest'
import type { Receipt } from './receipt.ts'
import { type ReceiptSubject, receiptFromJson, receiptToJson } from './receipt-json.ts'
import { type BlobTransaction, createDeposit } from './transaction.ts'

const deposit = createDeposit({
  sourceHash: `0x${'01'.repeat(32)}`,
  from: `0x${'02'.repeat(20)}`,
  to: undefined,
  mint: 0n,
  value: 0n,
  gasLimit: 5n,
  isSystemTx: false,
  data: new Uint8Array(0),
})
const log = { address: `0x${'03'.repeat(20)}`, topics: [`0x${'04'.repeat(32)}`], data: Uint8Array.of(5) } as const
const receipt: Receipt = {
  type: 0x7e,
  status: 1,
  cumulativeGasUsed: 100n,
  logsBloom: new Uint8Array(256),
  logs: [log, log],
  depositNonce: 0n,
  depositReceiptVersion: 1n,
}
const subject: ReceiptSubject = {
  transaction: deposit,
  receipt,
  index: 3,
  firstLogIndex: 7,
  gasUsed: 60n,
  effectiveGasPrice: 0n,
  contractAddress: `0x${'06'.repeat(20)}`,
}
const block = { hash: `0x${'0b'.repeat(32)}`, number: 16n, timestamp: 17n } as const

describe('a receipt', () => {
  test('goes out and its consensus part comes in', () => {
    const json = JSON.parse(JSON.stringify(receiptToJson(subject, block))) as unknown
    expect(receiptFromJson(json)).toEqual({
      receipt,
      transactionHash: deposit.hash,
      transactionIndex: 3,
      blockHash: block.hash,
      blockNumber: 16n,
      gasUsed: 60n,
      contractAddress: subject.contractAddress,
    })
  })

  test('counts its logs over the block', () => {
    const logs = receiptToJson(subject, block).logs as { logIndex: string }[]
    expect(logs.map(({ logIndex }) => logIndex)).toEqual(['0x7', '0x8'])
  })

  test('of a block in the making has no block hash, nor have its logs', () => {
    const json = receiptToJson(subject, { number: 16n })
    expect(json).not.toHaveProperty('blockHash')
    expect((json.logs as object[])[0]).not.toHaveProperty('blockHash')
    expect((json.logs as object[])[0]).not.toHaveProperty('blockTimestamp')
  })

  test('of a deposit before Canyon has no version, before Regolith no nonce', () => {
    const { depositReceiptVersion: _, ...regolith } = receipt
    const { depositNonce: __, ...bedrock } = regolith
    expect(receiptToJson({ ...subject, receipt: regolith }, block)).not.toHaveProperty('depositReceiptVersion')
    expect(receiptToJson({ ...subject, receipt: bedrock }, block)).not.toHaveProperty('depositNonce')
  })

  test('shows the L1 fee, with the footprint as blob gas', () => {
    const l1Fee = { l1GasPrice: 1n, l1GasUsed: 2n, l1Fee: 3n, daFootprintGasScalar: 400n, daFootprint: 40_000n }
    expect(receiptToJson({ ...subject, l1Fee }, block)).toMatchObject({
      l1GasPrice: '0x1',
      l1GasUsed: '0x2',
      l1Fee: '0x3',
      daFootprintGasScalar: '0x190',
      blobGasUsed: '0x9c40',
    })
  })

  test('of blobs shows their gas and its price', () => {
    const blob = { ...deposit, type: 3, blobVersionedHashes: ['0x01', '0x02'] } as unknown as BlobTransaction
    const json = receiptToJson({ ...subject, transaction: blob }, { ...block, blobBaseFee: 9n })
    expect(json).toMatchObject({ blobGasUsed: '0x40000', blobGasPrice: '0x9' })
  })

  test('with a root instead of a status is refused', () => {
    const { status: _, ...json } = receiptToJson(subject, block)
    expect(() => receiptFromJson(json)).toThrow(expect.objectContaining({ code: 'JSON_VALUE_INVALID' }) as Error)
  })
})
