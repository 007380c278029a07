import { describe, expect, it } from 'vitest'
import type {
  BlockBuilderService,
  CommonOpenOptions,
  IncludedTransaction,
  L1OpenOptions,
  OpenOptions,
  PartialBlock,
  SealedBlock,
  SealOptions,
} from '../../src/builder/service.ts'
import { AppError } from '../../src/primitives/errors.ts'
import { bytesToHex, type Hash, ZERO_HASH } from '../../src/primitives/hex.ts'
import { EMPTY_HEADER, hashHeader } from '../../src/protocol/header.ts'
import { createDeposit } from '../../src/protocol/transaction.ts'
import { silentLogger } from '../../src/telemetry/logger.ts'
import { createDispatcher } from '../dispatch.ts'
import { type Method, methodTable } from '../method.ts'
import { l1TestMethods, testMethods } from './test.ts'

const H1: Hash = `0x${'11'.repeat(32)}`
const H2: Hash = `0x${'22'.repeat(32)}`
const A = `0x${'aa'.repeat(20)}` as const

const deposit = createDeposit({
  sourceHash: H1,
  from: A,
  to: A,
  mint: 5n,
  value: 6n,
  gasLimit: 21_000n,
  isSystemTx: false,
  data: new Uint8Array(0),
})

const included: IncludedTransaction = {
  transaction: deposit,
  receipt: {
    type: 0x7e,
    status: 0,
    cumulativeGasUsed: 21_000n,
    logsBloom: new Uint8Array(256),
    logs: [{ address: A, topics: [H2], data: Uint8Array.of(1) }],
    depositNonce: 4n,
    depositReceiptVersion: 1n,
  },
  index: 1,
  firstLogIndex: 3,
  gasUsed: 21_000n,
  effectiveGasPrice: 0n,
  revertData: Uint8Array.of(0xde, 0xad),
  block: { number: 7n, timestamp: 1000n },
}

const header = {
  ...EMPTY_HEADER,
  number: 7n,
  timestamp: 1000n,
  gasLimit: 30_000_000n,
  baseFeePerGas: 1n,
  withdrawalsRoot: H2,
}
const isthmus = { ...header, blobGasUsed: 0n, excessBlobGas: 0n, parentBeaconBlockRoot: ZERO_HASH, requestsHash: H1 }
const sealed: SealedBlock = {
  hash: hashHeader(isthmus),
  header: isthmus,
  transactions: [included],
  withdrawals: [],
  executionRequests: [],
  committed: true,
  published: false,
}
const partial: PartialBlock = {
  jobId: 'job-1',
  state: 'open',
  header,
  transactions: [included],
  gasLeft: 29_979_000n,
  stateRoot: H1,
}

/** Notes every call; answers with the samples above. */
function fake<Options extends CommonOpenOptions>(overrides: Partial<BlockBuilderService<Options>> = {}) {
  const calls: unknown[][] = []
  const note = <T>(answer: T, ...call: unknown[]): Promise<T> => {
    calls.push(call)
    return Promise.resolve(answer)
  }
  const service: BlockBuilderService<Options> = {
    open: (options) => note('job-1', 'open', options),
    includeBest: (job) => note(undefined, 'includeBest', job),
    includeFirst: (job, sender) => note(undefined, 'includeFirst', job, sender),
    includeByHash: (job, hash) => note(included, 'includeByHash', job, hash),
    includeRaw: (job, raw) => note(included, 'includeRaw', job, raw),
    prepare: (items) => note(undefined, 'prepare', items.length),
    undo: (job, count) => note(2, 'undo', job, count),
    inspect: (job) => note(partial, 'inspect', job),
    seal: (job, options) => note(sealed, 'seal', job, options),
    cancel: (job) => note(undefined, 'cancel', job),
    commit: (hash) => note(undefined, 'commit', hash),
    publish: (hash) => note(undefined, 'publish', hash),
    jobs: () => [{ jobId: 'job-1', state: 'open', number: 7n, parentHash: H1, transactions: 1 }],
    auto: (active, options) => note(false, 'auto', active, options),
    setForkchoice: (update) => note({ head: H1, safe: H2, finalized: ZERO_HASH }, 'setForkchoice', update),
    ...overrides,
  }
  return { service, calls }
}

function asker(methods: readonly Method[]) {
  const dispatcher = createDispatcher({
    methods: methodTable(methods),
    limits: { batchItems: 100, responseBytes: 1e6 },
    logger: silentLogger(),
  })
  return async (method: string, ...params: unknown[]): Promise<unknown> => {
    const text = await dispatcher.handle(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }), {})
    const answer = JSON.parse(text ?? 'null') as { result?: unknown; error?: { code: number; message: string } }
    return answer.error ?? answer.result
  }
}

function l2() {
  const { service, calls } = fake<OpenOptions>()
  return { ask: asker(testMethods(service)), calls }
}

describe('test_open', () => {
  it('types every option of an L2 chain', async () => {
    const { ask, calls } = l2()
    expect(
      await ask('test_open', {
        l2Parent: '0x7',
        l1Origin: 'next',
        timestamp: '0x3e8',
        gasLimit: '0x1c9c380',
        prevRandao: H1.toUpperCase().replace('0X', '0x'),
        feeRecipient: A,
        extraData: '0x01',
        transactions: ['0x7e', '0x'],
        deposits: false,
        force: true,
      }),
    ).toBe('job-1')
    expect(calls).toEqual([
      [
        'open',
        {
          l2Parent: 7n,
          l1Origin: 'next',
          timestamp: 1000n,
          gasLimit: 30_000_000n,
          prevRandao: H1,
          feeRecipient: A,
          extraData: Uint8Array.of(1),
          transactions: [Uint8Array.of(0x7e), new Uint8Array(0)],
          deposits: false,
          force: true,
        },
      ],
    ])
  })

  it('leaves out what the caller leaves out', async () => {
    const { ask, calls } = l2()
    await ask('test_open')
    await ask('test_open', null)
    await ask('test_open', {})
    await ask('test_open', { l2Parent: null, timestamp: null })
    await ask('test_open', { l2Parent: 'latest', l1Origin: H1 })
    await ask('test_open', { parent: H1 })
    for (const call of calls.slice(0, 4)) expect(Object.keys(call[1] as object)).toEqual([])
    expect(calls[4]).toEqual(['open', { l2Parent: 'latest', l1Origin: H1 }])
    expect(calls[5]).toEqual(['open', { l2Parent: H1 }])
  })

  it('refuses unknown and malformed options', async () => {
    const { ask, calls } = l2()
    const bad = [
      { parent: H1, l2Parent: H1 },
      { l2parent: H1 },
      JSON.parse('{"__proto__":{"force":true}}'),
      { l2Parent: 'pending' },
      { l2Parent: 7 },
      { l1Origin: 'latest' },
      { timestamp: '0x03e8' },
      { timestamp: `0x1${'0'.repeat(16)}` },
      { transactions: '0x7e' },
      { deposits: 'no' },
      [],
      'latest',
    ]
    for (const options of bad)
      expect(await ask('test_open', options), JSON.stringify(options)).toMatchObject({ code: -32602 })
    expect(calls).toEqual([])
  })

  it('takes the options of an L1 chain on its route', async () => {
    const { service, calls } = fake<L1OpenOptions>()
    const ask = asker(l1TestMethods(service))
    const withdrawal = { index: '0x1', validatorIndex: '0x2', address: A, amount: '0x3' }
    await ask('test_open', { l1Parent: H1, parentBeaconBlockRoot: H2, withdrawals: [withdrawal] })
    await ask('test_open', { parent: '0x0' })
    expect(calls).toEqual([
      [
        'open',
        {
          parent: H1,
          parentBeaconBlockRoot: H2,
          withdrawals: [{ index: 1n, validatorIndex: 2n, address: A, amount: 3n }],
        },
      ],
      ['open', { parent: 0n }],
    ])
    for (const options of [{ parent: H1, l1Parent: H1 }, { l2Parent: H1 }, { deposits: true }, { withdrawals: [{}] }]) {
      expect(await ask('test_open', options)).toMatchObject({ code: -32602 })
    }
  })
})

describe('inclusion', () => {
  const txResult = {
    blockNumber: '0x7',
    transactionHash: deposit.hash,
    transactionIndex: '0x1',
    status: '0x0',
    depositNonce: '0x4',
    revertData: '0xdead',
    logs: [{ logIndex: '0x3', blockNumber: '0x7', blockTimestamp: '0x3e8' }],
  }

  it('answers with the receipt of a block that has no hash yet', async () => {
    const { ask, calls } = l2()
    const raw = bytesToHex(deposit.raw)
    const byRaw = await ask('test_includeRaw', 'job-1', raw)
    expect(byRaw).toMatchObject(txResult)
    expect(byRaw).not.toHaveProperty('blockHash')
    expect(await ask('test_includeByHash', 'job-1', H1)).toEqual(byRaw)
    expect(calls).toEqual([
      ['includeRaw', 'job-1', deposit.raw],
      ['includeByHash', 'job-1', H1],
    ])
  })

  it('answers null when the pool has nothing', async () => {
    const { ask, calls } = l2()
    expect(await ask('test_includeBest', 'job-1')).toBeNull()
    expect(await ask('test_includeFirst', 'job-1', A.toUpperCase().replace('0X', '0x'))).toBeNull()
    expect(calls).toEqual([
      ['includeBest', 'job-1'],
      ['includeFirst', 'job-1', A],
    ])
  })

  it('passes refusals on with reason and detail', async () => {
    const refused = new AppError('TX_REFUSED', {
      message: 'nonce too low: next nonce 2, tx nonce 1',
      data: { reason: 'nonceTooLow', detail: 'next nonce 2' },
    })
    const { service } = fake<OpenOptions>({ includeRaw: () => Promise.reject(refused) })
    expect(await asker(testMethods(service))('test_includeRaw', 'job-1', '0x01')).toEqual({
      code: -38512,
      message: refused.message,
      data: refused.data,
    })
  })

  it('undoes one transaction unless told otherwise', async () => {
    const { ask, calls } = l2()
    expect(await ask('test_undo', 'job-1')).toBe(2)
    await ask('test_undo', 'job-1', 3)
    expect(calls).toEqual([
      ['undo', 'job-1', 1],
      ['undo', 'job-1', 3],
    ])
    for (const count of [-1, 1.5, '1', true])
      expect(await ask('test_undo', 'job-1', count)).toMatchObject({ code: -32602 })
  })
})

describe('inspection and sealing', () => {
  it('shows a job', async () => {
    const { ask } = l2()
    expect(await ask('test_inspect', 'job-1')).toMatchObject({
      jobId: 'job-1',
      state: 'open',
      header: { number: '0x7', parentHash: ZERO_HASH, timestamp: '0x3e8', gasLimit: '0x1c9c380', baseFeePerGas: '0x1' },
      transactions: [
        { hash: deposit.hash, blockHash: null, blockNumber: '0x7', transactionIndex: '0x1', nonce: '0x4' },
      ],
      receipts: [{ revertData: '0xdead' }],
      gasLeft: '0x1c97178',
      stateRoot: H1,
    })
  })

  it('commits and publishes by default, and types header overrides', async () => {
    const { ask, calls } = l2()
    await ask('test_seal', 'job-1')
    await ask('test_seal', 'job-1', { commit: false, header: {} })
    await ask('test_seal', 'job-1', {
      publish: false,
      header: { stateRoot: H2, miner: A, gasUsed: '0x5', nonce: `0x${'00'.repeat(8)}` },
    })
    expect(calls.map(([, , options]) => options as SealOptions)).toEqual([
      { commit: true, publish: true },
      { commit: false, publish: true },
      {
        commit: true,
        publish: false,
        header: { stateRoot: H2, beneficiary: A, gasUsed: 5n, nonce: new Uint8Array(8) },
      },
    ])
    for (const options of [{ header: { hash: H1 } }, { header: { logsBloom: '0x' } }, { commit: 1 }, { dry: true }]) {
      expect(await ask('test_seal', 'job-1', options)).toMatchObject({ code: -32602 })
    }
  })

  it('answers with block, receipts and payload', async () => {
    const { ask } = l2()
    const answer = await ask('test_seal', 'job-1')
    expect(answer).toMatchObject({
      hash: sealed.hash,
      number: '0x7',
      block: {
        hash: sealed.hash,
        transactions: [{ hash: deposit.hash, blockHash: sealed.hash, nonce: '0x4' }],
        withdrawals: [],
      },
      receipts: [{ blockHash: sealed.hash, transactionHash: deposit.hash }],
      payload: {
        executionPayload: { blockHash: sealed.hash, transactions: [bytesToHex(deposit.raw)], withdrawalsRoot: H2 },
        parentBeaconBlockRoot: ZERO_HASH,
        executionRequests: [],
      },
      committed: true,
      published: false,
    })
    const { service } = fake<L1OpenOptions>()
    const onL1 = await asker(l1TestMethods(service))('test_seal', 'job-1')
    expect((onL1 as { payload: { executionPayload: object } }).payload.executionPayload).not.toHaveProperty(
      'withdrawalsRoot',
    )
  })
})

describe('the rest', () => {
  it('answers true when it is done', async () => {
    const { ask, calls } = l2()
    expect(await ask('test_cancel', 'job-1')).toBe(true)
    expect(await ask('test_commit', H1)).toBe(true)
    expect(await ask('test_publish', H1)).toBe(true)
    expect(calls).toEqual([
      ['cancel', 'job-1'],
      ['commit', H1],
      ['publish', H1],
    ])
  })

  it('lists jobs, switches sequencing and moves the forkchoice', async () => {
    const { ask, calls } = l2()
    expect(await ask('test_jobs')).toEqual([
      { jobId: 'job-1', state: 'open', number: '0x7', parentHash: H1, transactions: 1 },
    ])
    expect(await ask('test_auto', true)).toBe(false)
    await ask('test_auto', false, { interval: 500 })
    expect(await ask('test_setForkchoice', { safe: H2 })).toEqual({ head: H1, safe: H2, finalized: ZERO_HASH })
    expect(calls).toEqual([
      ['auto', true, undefined],
      ['auto', false, { intervalMs: 500 }],
      ['setForkchoice', { safe: H2 }],
    ])
    for (const active of ['true', 1, null]) expect(await ask('test_auto', active)).toMatchObject({ code: -32602 })
  })
})
