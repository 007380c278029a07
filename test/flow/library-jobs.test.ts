import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  createPublicClient,
  createTestClient,
  createWalletClient,
  custom,
  type Hex,
  http,
  type Transport,
  webSocket,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createDevnet, type Devnet } from '../../src/client/devnet.ts'
import {
  CommitRefusedError,
  IncludeError,
  JobStateError,
  JobUnknownError,
  ParentUnusableError,
  testSequencerActions,
} from '../../src/client/viem.ts'

let devnet: Devnet
let clean: string

beforeAll(async () => {
  devnet = await createDevnet({ chains: [901, 902], manual: true, genesisTime: 1_700_000_000 })
})

beforeEach(async () => {
  if (clean !== undefined) await devnet.revert(clean)
  clean = await devnet.snapshot()
})

afterAll(() => devnet.close())

const TO = `0x${'77'.repeat(20)}` as const
const fees = { maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 1n }
/** Init code that reverts with one byte, ab. */
const REVERTS: Hex = '0x60ab60005360016000fd'

function accountOf(index: number) {
  return privateKeyToAccount(devnet.accounts[index]?.privateKey ?? '0x')
}

/** Signs on one chain, with nonces of its own. */
function signer(chainId: number, index = 0, first = 0) {
  const account = accountOf(index)
  let nonce = first
  return (fields: { to?: Hex; data?: Hex; gas?: bigint; value?: bigint } = { to: TO, value: 1n }): Promise<Hex> =>
    account.signTransaction({ chainId, nonce: nonce++, gas: 21_000n, type: 'eip1559', ...fees, ...fields })
}

function clientOf(chain = devnet.chains[0]) {
  return createTestClient({ transport: http(chain.url), mode: 'anvil' }).extend(testSequencerActions())
}

describe('a job', () => {
  it('is what the contract says', async () => {
    const op = clientOf()
    const reads = createPublicClient({ transport: http(devnet.chains[0].url) })
    const signed = await signer(901)()
    const job = await op.openJob({ parent: 'latest' })
    const result = await job.includeRaw(signed)
    expect(result).toMatchObject({
      status: 'success',
      type: 'eip1559',
      blockNumber: 1n,
      transactionIndex: 1,
      gasUsed: 21_000n,
      to: TO,
      logs: [],
    })
    expect(result).not.toHaveProperty('blockHash')
    const refusal = await job.includeRaw(signed).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(IncludeError)
    expect(refusal).toMatchObject({ reason: 'nonceTooLow', detail: expect.stringMatching(/^nonce too low: address/) })
    const sealed = await job.seal()
    expect(await reads.getBlock({ includeTransactions: true })).toEqual(sealed.block)
    expect(await reads.getTransactionReceipt({ hash: result.transactionHash })).toEqual(sealed.receipts[1])
    expect(sealed).toMatchObject({ number: 1n, committed: true, published: false, hash: sealed.block.hash })
    expect(sealed.payload.executionPayload).toMatchObject({ blockHash: sealed.hash })
  })

  it('tells what a revert returned, and takes transactions back', async () => {
    const op = clientOf()
    const sign = signer(901)
    const job = await op.openJob()
    const reverted = await job.includeRaw(await sign({ data: REVERTS, gas: 100_000n }))
    expect(reverted).toMatchObject({ status: 'reverted', revertData: '0xab', type: 'eip1559', to: null })
    const included = await job.includeRaw(await sign())
    const view = await job.inspect()
    expect(view).toMatchObject({ jobId: job.id, state: 'open', header: { number: 1n, timestamp: 1_700_000_002n } })
    expect(view.transactions.map(({ hash }) => hash).slice(1)).toEqual([
      reverted.transactionHash,
      included.transactionHash,
    ])
    expect(view.transactions[2]).toMatchObject({ value: 1n, gas: 21_000n, nonce: 1, blockHash: null })
    expect(view.receipts[2]).toEqual(included)
    expect(view.gasLeft).toBe(view.header.gasLimit - view.header.gasUsed)
    expect(await job.undo()).toBe(2)
    expect(await job.undo(1)).toBe(1)
    expect((await job.inspect()).stateRoot).not.toBe(view.stateRoot)
    expect(await op.jobs()).toContainEqual({
      jobId: job.id,
      state: 'open',
      number: 1n,
      parentHash: view.header.parentHash,
      transactions: 1,
    })
    await op.getJob(job.id).cancel()
    await expect(job.seal()).rejects.toBeInstanceOf(JobStateError)
    await expect(job.seal()).rejects.toMatchObject({ state: 'cancelled' })
    await expect(op.getJob('none').inspect()).rejects.toBeInstanceOf(JobUnknownError)
  })

  it('includes what waits in the pool', async () => {
    const chain = devnet.chains[1]
    const wallet = createWalletClient({ transport: http(chain?.url) })
    const op = clientOf(chain)
    const alice = signer(902)
    const bob = signer(902, 1)
    const hashes: Hex[] = []
    for (const serializedTransaction of [await alice(), await alice(), await bob()]) {
      hashes.push(await wallet.sendRawTransaction({ serializedTransaction }))
    }
    const job = await op.openJob()
    expect((await job.includeByHash(hashes[0] as Hex)).transactionHash).toBe(hashes[0])
    expect((await job.includeFirst(accountOf(1).address))?.transactionHash).toBe(hashes[2])
    expect((await job.includeBest())?.transactionHash).toBe(hashes[1])
    expect(await job.includeBest()).toBeNull()
    expect(await job.includeFirst(accountOf(1).address)).toBeNull()
    await expect(job.includeByHash(`0x${'00'.repeat(32)}`)).rejects.toMatchObject({ reason: 'notInPool' })
    expect((await job.seal()).receipts).toHaveLength(4)
  })

  it('stands where the caller wants it: a reorg, a side block, an invalid one', async () => {
    const op = clientOf()
    const reads = createPublicClient({ transport: http(devnet.chains[0].url) })
    const first = await (await op.openJob({ timestamp: 1_700_000_004, gasLimit: 50_000_000n, force: true })).seal()
    expect(first.block).toMatchObject({ timestamp: 1_700_000_004n, gasLimit: 50_000_000n })
    const forced = await signer(901)()
    for (const parent of [first.block.parentHash, 0, 0n]) {
      const job = await op.openJob({ l2Parent: parent, l1Origin: 'same', transactions: [forced], deposits: false })
      const side = await job.seal({ commit: false })
      expect(side).toMatchObject({ number: 1n, committed: false, block: { parentHash: first.block.parentHash } })
      expect(side.receipts).toHaveLength(2)
      expect((await reads.getBlock()).hash).toBe(first.hash)
      await op.commitBlock(side.hash)
      expect((await reads.getBlock()).hash).toBe(side.hash)
      expect(await op.setForkchoice({ head: first.hash })).toMatchObject({ head: first.hash })
      expect((await reads.getBlock()).hash).toBe(first.hash)
    }
    const broken = await op.openJob()
    const wrong = broken.seal({ header: { stateRoot: `0x${'11'.repeat(32)}`, gasUsed: 5n } })
    await expect(wrong).rejects.toBeInstanceOf(CommitRefusedError)
    await expect(wrong).rejects.toMatchObject({ status: 'INVALID', validationError: expect.stringMatching(/./) })
    expect((await reads.getBlock()).hash).toBe(first.hash)
    const unknown = op.openJob({ parent: `0x${'22'.repeat(32)}` })
    await expect(unknown).rejects.toBeInstanceOf(ParentUnusableError)
    await expect(unknown).rejects.toMatchObject({ rule: expect.stringMatching(/./), code: -38513 })
    await expect(op.openJob({ timestamp: 1n })).rejects.toBeInstanceOf(ParentUnusableError)
  })

  it('is there on L1, too', async () => {
    const l1 = createPublicClient({ transport: http(devnet.l1.url) }).extend(testSequencerActions())
    const withdrawals = [{ index: 0, validatorIndex: 1, address: TO, amount: 7n }]
    const job = await l1.openJob({ parent: 'latest', withdrawals, extraData: '0x01', feeRecipient: TO })
    const included = await job.includeRaw(await signer(900)())
    expect(included).toMatchObject({ status: 'success', transactionIndex: 0 })
    const sealed = await job.seal()
    expect(sealed.block).toMatchObject({ number: 1n, extraData: '0x01', miner: TO })
    expect(await l1.getBalance({ address: TO })).toBe(1n + 7n * 10n ** 9n + 21_000n)
    expect(await l1.getBlockNumber()).toBe(1n)
  })
})

describe('many transactions at once', () => {
  const clients: Readonly<Record<string, () => Transport>> = {
    'in one batch over HTTP': () => http(devnet.chains[0].url),
    'one after the other over WebSocket': () => webSocket(devnet.chains[0].ws),
    'one after the other without a connection': () => custom(devnet.chains[0]),
  }

  for (const [how, transport] of Object.entries(clients)) {
    it(`are included ${how}`, async () => {
      const op = createPublicClient({ transport: transport() }).extend(testSequencerActions())
      const sign = signer(901)
      const [a, b, c] = [await sign(), await sign(), await sign()]
      const fetched = vi.spyOn(globalThis, 'fetch')
      const job = await op.openJob()
      const requests = fetched.mock.calls.length
      const outcomes = await job.includeRawMany([a, a, b, '0x02', c], { allowFailure: true })
      if (how.includes('batch')) expect(fetched.mock.calls.length - requests).toBe(1)
      fetched.mockRestore()
      expect(outcomes.map(({ status, error }) => error?.reason ?? status)).toEqual([
        'success',
        'nonceTooLow',
        'success',
        'invalid',
        'success',
      ])
      expect(outcomes[4]?.result).toMatchObject({ transactionIndex: 3, status: 'success' })
      await expect(job.includeRawMany([await sign(), c])).rejects.toBeInstanceOf(IncludeError)
      // What was included before the refusal stays.
      expect((await job.inspect()).transactions).toHaveLength(5)
      const receipts = await job.includeRawMany([await sign()])
      expect(receipts[0]?.gasUsed).toBe(21_000n)
      expect(await job.includeRawMany([])).toEqual([])
      await expect(op.getJob('none').includeRawMany([a])).rejects.toBeInstanceOf(JobUnknownError)
      const { getRpcClient } = op.transport as { getRpcClient?: () => Promise<{ close(): void }> }
      ;(await getRpcClient?.())?.close()
    })
  }

  it('can be more than a batch holds', async () => {
    const job = await clientOf().openJob()
    const sign = signer(901)
    const raws = await Promise.all(Array.from({ length: 1003 }, () => sign()))
    const receipts = await job.includeRawMany(raws)
    expect(receipts.map(({ transactionIndex }) => transactionIndex)).toEqual(raws.map((_, index) => index + 1))
  })
})

describe('a client', () => {
  it('switches automatic sequencing, and funds accounts', async () => {
    const op = clientOf(devnet.chains[1])
    const reads = createPublicClient({ transport: http(devnet.chains[1]?.url) })
    await op.fund({ address: TO, value: 5n })
    await op.fund({ address: TO, value: 6 })
    expect(await reads.getBalance({ address: TO })).toBe(11n)
    expect(await op.auto(true, { interval: 10 })).toBe(false)
    await vi.waitFor(async () => expect((await reads.getBlock()).number).toBeGreaterThan(2n))
    expect(await op.auto(false)).toBe(true)
    expect(await op.auto(false)).toBe(false)
  })

  it('asks once for what changes something, and again for what only looks', async () => {
    const asked: string[] = []
    const server = createServer((request, response) => {
      request
        .setEncoding('utf8')
        .on('data', (text: string) => asked.push((JSON.parse(text) as { method: string }).method))
      request.on('end', () => response.writeHead(503).end('away'))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const op = createPublicClient({ transport: http(url, { retryCount: 2, retryDelay: 1 }) }).extend(
      testSequencerActions(),
    )
    await expect(op.openJob()).rejects.toMatchObject({ name: 'HttpRequestError' })
    await expect(op.getJob('x').seal()).rejects.toMatchObject({ name: 'HttpRequestError' })
    await expect(op.getJob('x').includeRaw('0x')).rejects.toMatchObject({ name: 'HttpRequestError' })
    expect(asked.splice(0)).toEqual(['test_open', 'test_seal', 'test_includeRaw'])
    await expect(op.jobs()).rejects.toMatchObject({ name: 'HttpRequestError' })
    expect(asked).toEqual(['test_jobs', 'test_jobs', 'test_jobs'])
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
})
