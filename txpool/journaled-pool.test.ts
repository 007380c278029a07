import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { systemClock } from '../src/primitives/clock.ts'
import { AppError } from '../src/primitives/errors.ts'
import { bytesToHex, hexToBytes } from '../src/primitives/hex.ts'
import { devAccounts } from '../test/peers/support/dev-accounts.ts'
import { fixedPoolHead } from '../test/support/fixed-pool-head.ts'
import { Journal, parseJournal } from './journal.ts'
import { JournaledPool } from './journaled-pool.ts'
import { TxPool } from './pool.ts'

const RULES = { chainId: 901n, shanghai: true, prague: true, gasLimit: 30_000_000n }
let path: string

beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'journal-')), 'transactions.rlp')
})

afterEach(() => rm(join(path, '..'), { recursive: true }))

async function sign(nonce: number): Promise<Uint8Array> {
  const [{ account }] = devAccounts as [(typeof devAccounts)[0]]
  return hexToBytes(
    await account.signTransaction({ chainId: 901, nonce, gas: 60_000n, maxFeePerGas: 9n, maxPriorityFeePerGas: 1n }),
  )
}

async function open(nonce: bigint, refuse?: () => Promise<never>) {
  const { journal, transactions } = await Journal.open(path)
  const inner = new TxPool(fixedPoolHead(RULES, { nonce, balance: 10n ** 18n }))
  const onRestored = vi.fn()
  const onFailure = vi.fn()
  const pool = {
    add: (raw: Uint8Array, io: object) => refuse?.() ?? inner.add(raw, io),
    addAll: (raws: readonly Uint8Array[], io: object) => refuse?.() ?? inner.addAll(raws, io),
    all: () => inner.all(),
  }
  const clock = { now: () => 0, sleep: vi.fn(systemClock.sleep) }
  const journaled = new JournaledPool({ pool, journal, journaled: transactions, clock, onFailure, onRestored })
  return { journaled, inner, onRestored, onFailure, clock }
}

async function written(): Promise<string[]> {
  return parseJournal(await readFile(path)).transactions.map(bytesToHex)
}

it('has after a restart what can still be included, and writes down only that', async () => {
  const raws = await Promise.all([0, 1, 2, 4].map(sign))
  const before = await open(0n)
  for (const raw of raws) await before.journaled.add(raw, {})
  await before.journaled.close()
  expect(await written()).toEqual(raws.map(bytesToHex))
  const after = await open(2n)
  const stop = new AbortController()
  const running = after.journaled.run(stop.signal)
  await vi.waitFor(() => expect(after.onRestored).toHaveBeenCalledWith({ restored: 2, dropped: 2 }))
  expect(await after.inner.status({})).toEqual({ pending: 1, queued: 1 })
  await after.journaled.close()
  stop.abort()
  await expect(running).rejects.toThrow()
  expect(await written()).toEqual(raws.slice(2).map(bytesToHex))
  expect([before.onFailure, after.onFailure].flatMap(({ mock }) => mock.calls)).toEqual([])
})

it('forgets nothing while the node does not answer', async () => {
  const raw = await sign(0)
  const before = await open(0n)
  await before.journaled.add(raw, {})
  await before.journaled.close()
  const after = await open(0n, () => Promise.reject(new AppError('RPC_UNAVAILABLE', { severity: 'temporary' })))
  const stop = new AbortController()
  const running = after.journaled.run(stop.signal)
  await vi.waitFor(() => expect(after.clock.sleep).toHaveBeenCalled())
  await after.journaled.close()
  stop.abort()
  await expect(running).rejects.toThrow()
  expect(await written()).toEqual([bytesToHex(raw)])
})

it('writes down what came back with a reorg: it may have left the journal when it was mined', async () => {
  const raw = await sign(0)
  const { journaled, inner } = await open(0n)
  await journaled.add(raw, {})
  const [transaction] = inner.all()
  if (transaction === undefined) throw new TypeError('it was taken')
  journaled.keep([transaction])
  await vi.waitFor(async () => expect(await written()).toEqual([raw, raw].map(bytesToHex)))
  await journaled.close()
  journaled.keep([transaction])
  expect(await written()).toEqual([raw, raw].map(bytesToHex))
})
