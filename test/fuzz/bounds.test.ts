import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const run = promisify(execFile)

/** As much as a request may hold. */
const SIZE = 7_000_000
/** MB of heap that decoding the worst of it gets by with. */
const HEAP = 160

/** Runs an attack in a process with a small heap. @returns what it prints; nothing where the heap was too small */
async function inSmallHeap(attack: string): Promise<string> {
  const program = fileURLToPath(new URL('./bounded-process.ts', import.meta.url))
  const args = [`--max-old-space-size=${HEAP}`, program, attack, String(SIZE)]
  const { stdout } = await run(process.execPath, args).catch(() => ({ stdout: '' }))
  return stdout
}

it.each([
  ['a list of millions of bytes, as a typed transaction', 'typed', 'TX_REJECTED'],
  ['a list of millions of lists', 'lists', 'TX_REJECTED'],
  ['a list of millions of bytes, as a legacy transaction', 'legacy', 'TX_REJECTED'],
  ['a list of millions of bytes, as blobs', 'blobs', 'RLP_INVALID'],
  ['lists in lists', 'nested', 'TX_REJECTED'],
  ['a length of terabytes', 'length', 'TX_REJECTED'],
  ['a journal of single bytes', 'journal', 'nothing'],
  ['a journal of empty lists', 'journalLists', 'nothing'],
  ['a span batch of millions of empty blocks', 'spanBlocks', 'nothing'],
  ['a span batch of millions of blocks that are not there', 'spanMissing', 'BATCH_INVALID'],
  ['a span batch of millions of transactions that are not there', 'spanTransactions', 'BATCH_INVALID'],
  ['a batch of millions of transactions', 'singular', 'nothing'],
  ['a channel that inflates to more than it may', 'bomb', 'nothing'],
])('%s: dealt with in little memory', { timeout: 120_000 }, async (_, attack, expected) => {
  expect(await inSmallHeap(attack)).toBe(expected)
})
