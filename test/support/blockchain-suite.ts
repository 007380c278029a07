import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { errorMessage, isAppError } from '../../src/primitives/errors.ts'
import { hexToBytes } from '../../src/primitives/hex.ts'
import { allocOf, type BlockchainTestJson, genesisOf, NETWORKS, sortedDiff } from './blockchain-test.ts'
import { L1Import } from './l1-import.ts'
import { hasVectors, vector } from './vectors.ts'

const ARCHIVE = ['evm', 'ethereum-tests', 'ethereum-tests-subset.tar.gz']
/** Blocks whose transactions are also undone and run again. */
const UNDO_GAS = 1_000_000n

/** What may make us refuse a block that the suite says has this fault: codes, reasons of refusals, header fields. */
const FAULTS: Readonly<Record<string, readonly string[]>> = {
  'TransactionException.INSUFFICIENT_ACCOUNT_FUNDS': ['insufficientFunds'],
  'TransactionException.INSUFFICIENT_MAX_FEE_PER_GAS': ['feeCapTooLow'],
  'TransactionException.INSUFFICIENT_MAX_FEE_PER_BLOB_GAS': ['blobFeeCapTooLow'],
  'TransactionException.INITCODE_SIZE_EXCEEDED': ['initCodeTooLarge'],
  'TransactionException.TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED': ['blobLimitReached'],
  'TransactionException.TYPE_3_TX_BLOB_COUNT_EXCEEDED': ['blobLimitReached'],
  'TransactionException.TYPE_3_TX_INVALID_BLOB_VERSIONED_HASH': ['blobHashInvalid'],
  'TransactionException.TYPE_3_TX_ZERO_BLOBS': ['blobHashesMissing'],
  'TransactionException.TYPE_3_TX_PRE_FORK': ['typeNotSupported'],
  'TransactionException.TYPE_3_TX_CONTRACT_CREATION': ['TX_INVALID'],
  'TransactionException.TYPE_3_TX_WITH_FULL_BLOBS': ['TX_INVALID'],
  'BlockException.RLP_STRUCTURES_ENCODING': ['TX_INVALID', 'RLP_INVALID'],
  'BlockException.INCORRECT_EXCESS_BLOB_GAS': ['excessBlobGas'],
  'BlockException.INCORRECT_BLOB_GAS_USED': ['blobGasUsed'],
  'BlockException.BLOB_GAS_USED_ABOVE_LIMIT': ['blobGasUsed', 'blobLimitReached'],
  'BlockException.INCORRECT_BLOCK_FORMAT': [
    'blobGasUsed',
    'excessBlobGas',
    'HEADER_RULE',
    'HEADER_INVALID',
    'RLP_INVALID',
  ],
}

function faultsOf(error: unknown): readonly unknown[] {
  if (!isAppError(error)) throw error
  return [error.code, error.data?.reason, ...((error.data?.fields as readonly string[] | undefined) ?? [])]
}

const counts = { cases: 0, blocks: 0, rejected: 0, undone: 0, leftOut: new Map<string, number>() }

async function runCase(test: BlockchainTestJson): Promise<void> {
  const config = NETWORKS[test.network]
  if (config === undefined) {
    const reason = `network ${test.network}`
    counts.leftOut.set(reason, (counts.leftOut.get(reason) ?? 0) + 1)
    return
  }
  counts.cases++
  const chain = new L1Import(config)
  const genesis = genesisOf(test)
  expect(chain.importState(allocOf(test.pre)), 'genesis state').toBe(genesis.stateRoot)
  let head = chain.addHeader(genesis)
  let stateRoot = genesis.stateRoot
  chain.onRefused = async (execution, fresh, ran) => {
    for (const transaction of ran) await fresh.run(transaction)
    expect(sortedDiff(execution.diff()), 'state after a refusal').toEqual(sortedDiff(fresh.diff()))
  }
  chain.onExecuted = async (execution, transactions) => {
    const gasUsed = execution.transactions.at(-1)?.receipt.cumulativeGasUsed
    if (gasUsed === undefined || gasUsed > UNDO_GAS) return
    const before = sortedDiff(execution.diff())
    execution.undo(transactions.length)
    for (const transaction of transactions) await execution.run(transaction)
    await execution.finish()
    expect(sortedDiff(execution.diff()), 'state after undoing and running again').toEqual(before)
    counts.undone++
  }
  for (const [index, block] of test.blocks.entries()) {
    const at = `block ${index}`
    let error: unknown
    try {
      head = await chain.importBlock(hexToBytes(block.rlp))
      stateRoot = chain.header(head).stateRoot
    } catch (caught) {
      error = caught
    }
    if (block.expectException === undefined) {
      if (error !== undefined) throw new Error(`${at}: ${errorMessage(error)}`, { cause: error })
      counts.blocks++
    } else {
      expect(error, `${at} must be rejected: ${block.expectException}`).toBeDefined()
      const allowed = block.expectException.split('|').flatMap((fault) => FAULTS[fault] ?? [])
      const found = faultsOf(error)
      expect(
        found.some((fault) => allowed.includes(fault as string)),
        `${at}: ${block.expectException}: ${errorMessage(error)}`,
      ).toBe(true)
      counts.rejected++
    }
  }
  expect(head).toBe(test.lastblockhash)
  const post = test.postState === undefined ? test.postStateHash : chain.importState(allocOf(test.postState))
  expect(stateRoot, 'post state').toBe(post)
}

/** Names in the archive are longer than plain ustar can hold: the system's tar knows the extensions. */
function extract(): string {
  const folder = mkdtempSync(join(tmpdir(), 'op-sequencer-blockchain-tests-'))
  execFileSync('tar', ['-xzf', vector(...ARCHIVE), '-C', folder, '--wildcards', '*BlockchainTests/*'])
  return folder
}

function jsonFiles(folder: string): string[] {
  const all = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return all.filter((name) => name.endsWith('.json')).sort()
}

/**
 * Declares a test for every file of the suite's blockchain tests that is wanted, each running all of its cases.
 * @param expected how many files there must be
 */
export function describeBlockchainTests(title: string, wanted: (file: string) => boolean, expected: number): void {
  describe.skipIf(!hasVectors(...ARCHIVE))(title, () => {
    const folder = hasVectors(...ARCHIVE) ? extract() : undefined
    const files = folder === undefined ? [] : jsonFiles(folder).filter(wanted)

    afterAll(() => {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
      const { cases, blocks, rejected, undone } = counts
      const leftOut = [...counts.leftOut].map(([reason, count]) => `${count} left out: ${reason}`)
      const ran = `${cases} cases, ${blocks} blocks by hash, ${rejected} rejected as they must, ${undone} undone and run again`
      console.info(`${title}: ${[ran, ...leftOut].join('; ')}`)
    })

    it('is all here', () => {
      expect(files.length).toBe(expected)
    })

    it.each(files)('%s', { timeout: 900_000 }, async (file) => {
      const cases = JSON.parse(readFileSync(join(folder ?? '', file), 'utf8')) as Record<string, BlockchainTestJson>
      const failures: string[] = []
      for (const [name, test] of Object.entries(cases)) {
        if (name === '_info') continue
        try {
          await runCase(test)
        } catch (error) {
          failures.push(`${name}: ${errorMessage(error)}`)
        }
      }
      expect(failures).toEqual([])
    })
  })
}
