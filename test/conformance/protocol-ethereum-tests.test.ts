import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isAppError } from '../../src/primitives/errors.ts'
import { bytesToHex, type Hash, hexToBytes } from '../../src/primitives/hex.ts'
import { decodeRlp, encodeRlp, type RlpInput, rlpList } from '../../src/primitives/rlp.ts'
import { encodeBlock, transactionsRoot, withdrawalsRoot } from '../../src/protocol/block.ts'
import { hashHeader, headerFromRlp } from '../../src/protocol/header.ts'
import { decodeTransaction, type SignedTransaction, type Transaction } from '../../src/protocol/transaction.ts'
import { hasVectors, vector } from '../support/vectors.ts'

const ARCHIVE = ['evm', 'ethereum-tests', 'ethereum-tests-subset.tar.gz'] as const

let folder = ''

/** Every case in the JSON files under a folder of the suite. */
function* cases<T>(path: string): Generator<readonly [string, T]> {
  for (const file of readdirSync(join(folder, path), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.json')) continue
    const content = JSON.parse(readFileSync(join(folder, path, file), 'utf8')) as Record<string, T>
    for (const [name, value] of Object.entries(content)) if (name !== '_info') yield [`${file} ${name}`, value] as const
  }
}

function report(suite: string, count: number): void {
  console.info(`ethereum/tests ${suite}: ${count} cases`)
}

/** What the suite expects and the decoder leaves to execution: how the transaction breaks the rule. */
const EXECUTION_RULES: Readonly<Record<string, (transaction: SignedTransaction, intrinsicGas: bigint) => boolean>> = {
  INTRINSIC_GAS_TOO_LOW: (transaction, intrinsicGas) => transaction.gasLimit < intrinsicGas,
  INITCODE_SIZE_EXCEEDED: ({ to, data }) => to === undefined && data.length > 49_152,
  GASLIMIT_PRICE_PRODUCT_OVERFLOW: ({ gasLimit, maxFeePerGas }) => gasLimit * maxFeePerGas >= 1n << 256n,
  PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS_2: ({ maxPriorityFeePerGas, maxFeePerGas }) =>
    maxPriorityFeePerGas > maxFeePerGas,
  NONCE_TOO_BIG: ({ nonce }) => nonce === (1n << 64n) - 1n,
  INVALID_CHAINID: ({ chainId }) => chainId !== 1n,
}

interface TransactionCase {
  txbytes: Hash
  result: Record<string, { exception?: string; hash?: Hash; sender?: Hash; intrinsicGas: Hash }>
}

interface BlockCase {
  genesisRLP: Hash
  genesisBlockHeader: { hash: Hash }
  blocks: {
    rlp: Hash
    expectException?: string
    blockHeader?: { hash: Hash; transactionsTrie: Hash; withdrawalsRoot?: Hash }
    transactions?: { sender: Hash }[]
    withdrawals?: { index: Hash; validatorIndex: Hash; address: Hash; amount: Hash }[]
  }[]
}

function rlpOf(value: unknown): RlpInput {
  if (Array.isArray(value)) return value.map(rlpOf)
  if (typeof value === 'number') return BigInt(value)
  const text = String(value)
  return text.startsWith('#') ? BigInt(text.slice(1)) : new TextEncoder().encode(text)
}

describe.skipIf(!hasVectors(...ARCHIVE))('ethereum/tests', () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'op-sequencer-ethereum-tests-'))
    execFileSync('tar', ['-xzf', vector(...ARCHIVE), '-C', folder])
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('RLPTests', () => {
    let count = 0
    for (const [name, test] of cases<{ in: unknown; out: Hash }>('RLPTests')) {
      count++
      const bytes = hexToBytes(test.out)
      if (test.in === 'INVALID') {
        let thrown: unknown
        try {
          decodeRlp(bytes)
        } catch (error) {
          thrown = error
        }
        expect(isAppError(thrown, 'RLP_INVALID'), name).toBe(true)
        continue
      }
      expect(bytesToHex(encodeRlp(decodeRlp(bytes) as RlpInput)), name).toBe(test.out.toLowerCase())
      if (test.in !== 'VALID') expect(bytesToHex(encodeRlp(rlpOf(test.in))), name).toBe(test.out.toLowerCase())
    }
    report('RLPTests', count)
    expect(count).toBeGreaterThan(50)
  })

  it('TransactionTests', () => {
    let count = 0
    for (const [name, test] of cases<TransactionCase>('TransactionTests')) {
      count++
      const fork = ['Cancun', 'Shanghai', 'Paris', 'London'].find((candidate) => candidate in test.result)
      const expected = test.result[fork ?? '']
      if (expected === undefined) throw new Error(`${name} has no fork that is known here`)
      let transaction: Transaction | undefined
      let thrown: unknown
      try {
        transaction = decodeTransaction(hexToBytes(test.txbytes))
      } catch (error) {
        thrown = error
      }
      if (transaction === undefined) {
        expect(isAppError(thrown), `${name}: ${String(thrown)}`).toBe(true)
        expect(expected.exception, name).toBeDefined()
        continue
      }
      if (expected.exception === undefined) {
        expect(transaction.hash, name).toBe(expected.hash)
        expect(transaction.sender, name).toBe(expected.sender)
        continue
      }
      const rule = EXECUTION_RULES[expected.exception.replace('TransactionException.', '')]
      const broken = rule?.(transaction as SignedTransaction, BigInt(expected.intrinsicGas))
      expect(broken, `${name}: ${expected.exception}`).toBe(true)
    }
    report('TransactionTests', count)
    expect(count).toBeGreaterThan(200)
  })

  it('BlockchainTests: headers, transactions, roots', () => {
    let count = 0
    for (const [name, test] of cases<BlockCase>('BlockchainTests')) {
      const [genesis] = rlpList(decodeRlp(hexToBytes(test.genesisRLP)))
      if (genesis === undefined) throw new Error(`${name} has no genesis`)
      expect(hashHeader(headerFromRlp(genesis)), name).toBe(test.genesisBlockHeader.hash)
      for (const [index, block] of test.blocks.entries()) {
        if (block.expectException !== undefined || block.blockHeader === undefined) continue
        count++
        const at = `${name} block ${index}`
        const [head, list] = rlpList(decodeRlp(hexToBytes(block.rlp)))
        if (head === undefined) throw new Error(`${at} has no header`)
        const header = headerFromRlp(head)
        expect(hashHeader(header), at).toBe(block.blockHeader.hash)
        const raw = rlpList(list).map((item) => (item instanceof Uint8Array ? item : encodeRlp(item as RlpInput)))
        expect(transactionsRoot(raw), at).toBe(block.blockHeader.transactionsTrie)
        const transactions = raw.map((item) => decodeTransaction(item))
        expect(
          transactions.map(({ sender }) => sender),
          at,
        ).toEqual((block.transactions ?? []).map(({ sender }) => sender))
        const withdrawals = block.withdrawals?.map((withdrawal) => ({
          index: BigInt(withdrawal.index),
          validatorIndex: BigInt(withdrawal.validatorIndex),
          address: withdrawal.address,
          amount: BigInt(withdrawal.amount),
        }))
        if (withdrawals !== undefined) {
          expect(withdrawalsRoot(withdrawals), at).toBe(block.blockHeader.withdrawalsRoot)
        }
        const encoded = encodeBlock({ header, transactions, ...(withdrawals !== undefined && { withdrawals }) })
        expect(bytesToHex(encoded), at).toBe(block.rlp)
      }
    }
    report('BlockchainTests', count)
    expect(count).toBeGreaterThan(200)
  })
})
