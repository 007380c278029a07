import { afterAll, describe, expect, it } from 'vitest'
import { remoteStates } from '../../src/builder/remote-pinned-state.ts'
import { bytesToHex, hexToBytes } from '../../src/primitives/hex.ts'
import { encodeBlock } from '../../src/protocol/block.ts'
import { hashHeader } from '../../src/protocol/header.ts'
import type { Transaction } from '../../src/protocol/transaction.ts'
import { type ReExecution, reExecute } from '../../src/replay/re-execute.ts'
import { differencesOf } from '../../src/replay/replay-block.ts'
import {
  type BlockFixture,
  type BlockFixtures,
  chainOfFixtures,
  decodeFixture,
  fixtureForks,
  readBlockFixtures,
} from '../support/block-fixture.ts'
import { witnessState } from '../support/witness-state.ts'

const FORKS = ['bedrock', 'regolith', 'canyon', 'ecotone', 'fjord', 'granite', 'holocene', 'isthmus', 'jovian'] as const

interface Receipt {
  readonly type: string
  readonly status: string
  readonly contractAddress: string | null
  readonly logs: readonly unknown[]
  readonly operatorFeeScalar?: string
  readonly blobGasUsed?: string
}

/** Executes a block over what the recording holds: whatever else it asks for is an error. */
function execute(
  fixtures: BlockFixtures,
  fixture: BlockFixture,
  transactions?: readonly Transaction[],
): Promise<ReExecution> {
  const { parent, block } = decodeFixture(fixture)
  const { store, source } = witnessState(parent.stateRoot, fixtures.state.map(hexToBytes))
  const tip = { hash: hashHeader(parent), header: parent }
  const state = remoteStates(store, source)({ hash: tip.hash, stateRoot: parent.stateRoot })
  const input = {
    parent: tip,
    header: block.header,
    transactions: transactions ?? block.transactions,
    ancestorHash: async (number: bigint) => fixture.ancestors[number.toString()],
  }
  return reExecute(chainOfFixtures(fixtures), input, state)
}

const seen: Receipt[] = []
let blocks = 0

describe('blocks of op-geth, by every header field and receipt', () => {
  it('has blocks of every fork', () => {
    expect(new Set(fixtureForks())).toEqual(new Set(FORKS))
  })

  describe.each(FORKS)('%s', (fork) => {
    const fixtures = readBlockFixtures(fork)
    const chain = chainOfFixtures(fixtures)

    it.each(fixtures.blocks.map((fixture) => [fixture.name, fixture] as const))('%s', async (name, fixture) => {
      const { block } = decodeFixture(fixture)
      expect(chain.forks.latest(block.header.timestamp)).toBe(fork)
      const execution = await execute(fixtures, fixture)
      expect(differencesOf(block, execution), name).toEqual([])
      expect(execution).toMatchObject({ tag: 'executed', hash: fixture.header.hash })
      expect(bytesToHex(encodeBlock({ ...block, ...(block.header.withdrawalsRoot && { withdrawals: [] }) }))).toBe(
        fixture.block,
      )
      seen.push(...(fixture.receipts as readonly Receipt[]))
      blocks++
    })
  })

  describe('told otherwise', () => {
    const fixtures = readBlockFixtures('jovian')
    const fixture = fixtures.blocks.find(({ name }) => name.endsWith('transfers')) as BlockFixture
    const { block } = decodeFixture(fixture)
    const number = block.header.number

    it('names the header field', async () => {
      const json = { ...block.json, gasUsed: '0x1' }
      expect(differencesOf({ ...block, json }, await execute(fixtures, fixture))).toEqual([
        { block: number, where: 'header', field: 'gasUsed', expected: '0x1', actual: block.json.gasUsed },
      ])
    })

    it('names the receipt field and its transaction', async () => {
      const { hash } = block.transactions[2] as Transaction
      const receipts = block.receipts.map((receipt, at) =>
        at === 2 ? { ...(receipt as object), status: '0x0' } : receipt,
      )
      expect(differencesOf({ ...block, receipts }, await execute(fixtures, fixture))).toEqual([
        {
          block: number,
          where: 'receipt',
          index: 2,
          transaction: hash,
          field: 'status',
          expected: '0x0',
          actual: '0x1',
        },
      ])
      const fewer = differencesOf({ ...block, receipts: block.receipts.slice(0, -1) }, await execute(fixtures, fixture))
      expect(fewer).toMatchObject([{ index: block.receipts.length - 1, field: 'receipt', expected: undefined }])
    })

    it('names the transaction that cannot stand in the block', async () => {
      const [first, ...rest] = block.transactions as [Transaction, ...Transaction[]]
      const { hash } = rest[1] as Transaction
      expect(differencesOf(block, await execute(fixtures, fixture, [first, ...rest.slice(1)]))).toEqual([
        {
          ...{ block: number, where: 'receipt', index: 1, transaction: hash, field: 'execution', expected: 'included' },
          actual: expect.stringMatching(/^refused: nonce too high/),
        },
      ])
    })
  })

  it('has all that a block can hold', () => {
    const count = (wanted: (receipt: Receipt) => boolean): number => seen.filter(wanted).length
    for (const type of ['0x0', '0x1', '0x2', '0x4', '0x7e']) {
      expect(
        count((receipt) => receipt.type === type),
        type,
      ).toBeGreaterThan(3)
    }
    expect(count(({ type, status }) => type === '0x7e' && status === '0x0')).toBeGreaterThan(9)
    expect(count(({ type, status }) => type !== '0x7e' && status === '0x0')).toBeGreaterThan(9)
    expect(count(({ contractAddress }) => contractAddress !== null)).toBeGreaterThan(9)
    expect(count(({ logs }) => logs.length > 1)).toBeGreaterThan(9)
    expect(count(({ operatorFeeScalar }) => operatorFeeScalar !== undefined)).toBeGreaterThan(9)
    expect(count(({ blobGasUsed }) => blobGasUsed !== undefined && blobGasUsed !== '0x0')).toBeGreaterThan(9)
  })

  afterAll(() => console.info(`${blocks} recorded blocks, ${seen.length} receipts`))
})
