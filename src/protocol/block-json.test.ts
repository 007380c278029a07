import { privateKeyToAccount } from 'viem/accounts'
import { describe, expect, test } from 'vitest'
import { hexToBytes } from '../primitives/hex.ts'
import { decodeRlp, rlpList } from '../primitives/rlp.ts'
import { type Block, encodeBlock, transactionsRoot, withdrawalsRoot } from './block.ts'
import { blockFromJson, blockToJson, hashedHeaderFromJson, headerToJson } from './block-json.ts'
import { EMPTY_HEADER, EMPTY_REQUESTS_HASH, type Header, hashHeader } from './header.ts'
import { decodeTransaction } from './transaction.ts'

const account = privateKeyToAccount(`0x${'11'.repeat(32)}`)
const to = `0x${'c0'.repeat(20)}` as const
const transactions = await Promise.all(
  [
    { chainId: 1, nonce: 0, gas: 21_000n, gasPrice: 9n, to },
    { chainId: 1, nonce: 1, gas: 21_000n, maxFeePerGas: 9n, maxPriorityFeePerGas: 1n, to },
  ].map(async (fields) => decodeTransaction(hexToBytes(await account.signTransaction(fields)))),
)
const withdrawals = [{ index: 1n, validatorIndex: 2n, address: to, amount: 3n }]

function block(fields: Partial<Header> = {}): Block {
  const header: Header = {
    ...EMPTY_HEADER,
    number: 5n,
    baseFeePerGas: 7n,
    transactionsRoot: transactionsRoot(transactions.map(({ raw }) => raw)),
    withdrawalsRoot: withdrawalsRoot(withdrawals),
    blobGasUsed: 0n,
    excessBlobGas: 0n,
    parentBeaconBlockRoot: `0x${'be'.repeat(32)}`,
    requestsHash: EMPTY_REQUESTS_HASH,
    ...fields,
  }
  return { hash: hashHeader(header), header, transactions, withdrawals }
}

describe('a block', () => {
  test('goes out and comes in', () => {
    const json = JSON.parse(JSON.stringify(blockToJson(block(), { full: true }))) as unknown
    expect(blockFromJson(json)).toEqual(block())
  })

  test('shows hashes where they are enough, and its size', () => {
    const json = blockToJson(block(), { full: false })
    expect(json.transactions).toEqual(transactions.map(({ hash }) => hash))
    expect(json.size).toBe(`0x${encodeBlock(block()).length.toString(16)}`)
    expect(json.uncles).toEqual([])
  })

  test('is encoded with legacy transactions as lists and typed ones as strings', () => {
    const [, list, ommers, paid] = rlpList(decodeRlp(encodeBlock(block())))
    expect(rlpList(list).map((item) => item instanceof Uint8Array)).toEqual([false, true])
    expect(ommers).toEqual([])
    expect(paid).toHaveLength(1)
    const { withdrawals: _, ...before } = block()
    expect(rlpList(decodeRlp(encodeBlock(before)))).toHaveLength(3)
  })

  test.each([
    ['header', { gasUsed: '0x1' }],
    ['hash', { hash: `0x${'00'.repeat(32)}` }],
    ['transactions', { transactions: [] }],
  ])('whose %s does not fit is refused', (_, change) => {
    const json = { ...blockToJson(block(), { full: true }), ...change }
    expect(() => blockFromJson(json)).toThrow(expect.objectContaining({ code: 'JSON_VALUE_INVALID' }) as Error)
  })
})

describe('a header', () => {
  test('of any age goes out and comes in', () => {
    const full = block().header
    const { requestsHash: _, ...cancun } = full
    const { parentBeaconBlockRoot: _1, excessBlobGas: _2, blobGasUsed: _3, ...shanghai } = cancun
    const { withdrawalsRoot: _4, ...london } = shanghai
    const { baseFeePerGas: _5, ...berlin } = london
    for (const header of [full, cancun, shanghai, london, berlin]) {
      const hash = hashHeader(header)
      expect(hashedHeaderFromJson(headerToJson(header, hash))).toEqual({ hash, header })
    }
  })
})
