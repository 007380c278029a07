import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/primitives/errors.ts'
import { type Hash, hexToBytes } from '../../src/primitives/hex.ts'
import { createDeposit, decodeTransaction, type SignedTransaction } from '../../src/protocol/transaction.ts'
import { transactionToJson } from '../../src/protocol/transaction-json.ts'
import { devAccounts } from '../../test/peers/support/dev-accounts.ts'
import { followedTransfer } from '../../test/support/tree-chain.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { ContentSource } from './content-source.ts'
import { OfferedTransactions } from './offered-transactions.ts'

/** A pool that takes everything, and what offers to it, at work until it is disposed. */
function working(refuse: (transaction: SignedTransaction) => AppError | undefined = () => undefined) {
  const clock = new VirtualClock()
  const held = new Map<Hash, SignedTransaction>()
  const failures: string[] = []
  let adds = 0
  const pool = {
    get: (hash: Hash) => held.get(hash),
    async add(transaction: SignedTransaction) {
      adds++
      const refusal = refuse(transaction)
      if (refusal !== undefined) throw refusal
      held.set(transaction.hash, transaction)
    },
  }
  const offered = new OfferedTransactions({ pool, clock, onFailure: (message) => failures.push(message) })
  const ended = new AbortController()
  const work = offered.run(ended.signal)
  return {
    clock,
    held,
    pool,
    offered,
    failures,
    adds: () => adds,
    async offer(...items: readonly unknown[]) {
      for (const item of items) offered.offer(item)
      await clock.advance(0)
    },
    async [Symbol.asyncDispose]() {
      ended.abort()
      await work
    },
  }
}

async function json(from = 0, nonce = 0): Promise<Record<string, unknown>> {
  return transactionToJson(await followedTransfer(from, nonce))
}

describe('transactions that a node tells of', () => {
  it('are taken as the bytes that they hash to', async () => {
    await using own = working()
    const transaction = await followedTransfer(0, 0)
    await own.offer(await json(), await json())
    expect(own.held.get(transaction.hash)?.raw).toEqual(transaction.raw)
    expect(own.offered.stats).toMatchObject({ taken: 1, known: 1 })
  })

  it.each<[string, (json: Record<string, unknown>) => unknown]>([
    ['a hash of another', (good) => ({ ...good, hash: `0x${'ab'.repeat(32)}` })],
    ['a changed value', (good) => ({ ...good, value: '0x7' })],
    ['no hash', ({ hash: _hash, ...rest }) => rest],
    ['no signature', ({ r: _r, ...rest }) => rest],
    ['a type that there is not', (good) => ({ ...good, type: '0x55' })],
    ['a hash alone', ({ hash }) => hash],
    ['a list', () => []],
    ['null', () => null],
  ])('are nothing with %s', async (_what, spoil) => {
    await using own = working()
    await own.offer(spoil(await json()))
    expect(own.held.size).toBe(0)
    expect(own.offered.stats).toMatchObject({ invalid: 1, taken: 0 })
    await own.offer(await json(1))
    expect(own.held.size).toBe(1)
  })

  it('are not deposits, nor blob transactions, which come without their blobs', async () => {
    await using own = working()
    const deposit = createDeposit({
      sourceHash: `0x${'01'.repeat(32)}`,
      from: `0x${'02'.repeat(20)}`,
      to: undefined,
      mint: 0n,
      value: 0n,
      gasLimit: 1n,
      isSystemTx: false,
      data: new Uint8Array(),
    })
    const { account } = devAccounts[0] as (typeof devAccounts)[number]
    const raw = await account.signTransaction({
      chainId: 900,
      type: 'eip4844',
      to: `0x${'77'.repeat(20)}`,
      maxFeePerGas: 1n,
      maxFeePerBlobGas: 1n,
      blobVersionedHashes: [`0x01${'00'.repeat(31)}`],
      sidecars: false,
    })
    await own.offer(transactionToJson(deposit), transactionToJson(decodeTransaction(hexToBytes(raw))))
    expect(own.offered.stats).toMatchObject({ invalid: 1, blobs: 1, taken: 0 })
  })

  it('may be anything: nothing of it does harm', async () => {
    const good = await json()
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(fc.jsonValue(), spoilt(good))), async (items) => {
        await using own = working()
        await own.offer(...items)
        expect(own.failures).toEqual([])
        for (const { hash } of own.held.values()) expect(hash).toBe(good.hash)
      }),
      { numRuns: 200 },
    )
  })

  it('are not asked about again for a minute when the pool refuses them', async () => {
    await using own = working(() => new AppError('TX_REJECTED', { message: 'nonce too low' }))
    for (let i = 0; i < 3; i++) await own.offer(await json())
    expect(own.adds()).toBe(1)
    await own.clock.advance(60_000)
    await own.offer(await json())
    expect(own.adds()).toBe(2)
    expect(own.offered.stats).toMatchObject({ refused: 2 })
  })

  it('wait while the pool cannot read its chain', async () => {
    let down = true
    const unavailable = new AppError('RPC_UNAVAILABLE', { severity: 'temporary' })
    await using own = working(() => (down ? unavailable : undefined))
    await own.offer(await json(0), await json(1))
    await own.clock.advance(5_000)
    expect(own.held.size).toBe(0)
    expect(own.offered.queued).toBe(2)
    down = false
    await own.clock.advance(1_000)
    expect(own.held.size).toBe(2)
    expect(own.offered.queued).toBe(0)
  })

  it('wait in a queue with a bound', async () => {
    const own = working()
    const huge = await json()
    for (let i = 0; i < 9_000; i++) own.offered.offer({ ...huge, hash: `0x${i.toString(16).padStart(64, '0')}` })
    expect(own.offered.queued).toBe(8_192)
    expect(own.offered.stats.dropped).toBe(9_000 - 8_192)
    await own[Symbol.asyncDispose]()
    await using other = working()
    const input = '0x'.padEnd(8 * 1024 * 1024, '0')
    for (let i = 0; i < 9; i++) other.offered.offer({ hash: `0x${i.toString(16).padStart(64, '0')}`, input })
    expect(other.offered.queued).toBe(7)
  })
})

function spoilt(good: Record<string, unknown>): fc.Arbitrary<unknown> {
  return fc
    .record({ key: fc.constantFrom(...Object.keys(good)), value: fc.jsonValue() })
    .map(({ key, value }) => ({ ...good, [key]: value }))
}

describe("a node's pool that is read from time to time", () => {
  it('gives what is in it, in turn, and takes nothing back', async () => {
    await using own = working()
    const transfers = await Promise.all([0, 1, 2, 10].map((nonce) => json(0, nonce)))
    const [t0, t1, t2, t10] = transfers
    const contents: unknown[] = [
      { pending: { [String(t0?.from)]: { 10: t10, 2: t2, 1: t1, 0: t0 } }, queued: {} },
      { pending: {}, queued: { [String(t0?.from)]: { 1: t1 } } },
      'garbage',
      { pending: 7, queued: { a: 'b', c: [t0] } },
      new AppError('RPC_UNAVAILABLE', { message: 'down', severity: 'temporary' }),
      { pending: {} },
    ]
    const told: (string | undefined)[] = []
    const source = new ContentSource({
      read: async () => {
        const next = contents.shift()
        if (next instanceof AppError) throw next
        return next
      },
      offered: own.offered,
      pool: own.pool,
      clock: own.clock,
      intervalMs: 1_000,
      onTrouble: (trouble) => told.push(trouble),
    })
    const ended = new AbortController()
    const work = source.run(ended.signal)
    await own.clock.advance(0)
    expect([...own.held.values()].map(({ nonce }) => nonce)).toEqual([0n, 1n, 2n, 10n])
    await own.clock.advance(1_000)
    expect(source.stats).toMatchObject({ reads: 2, vanished: 3 })
    await own.clock.advance(4_000)
    expect(own.held.size).toBe(4)
    expect(told).toEqual(['down', undefined])
    ended.abort()
    await work
  })
})
