import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createDispatcher, type Dispatcher } from '../../rpc/dispatch.ts'
import { methodTable } from '../../rpc/method.ts'
import { bytesToHex } from '../../src/primitives/hex.ts'
import type { Logger } from '../../src/telemetry/logger.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'
import { embeddedHost } from '../support/embedded-host.ts'
import { transfer } from '../support/embedded-world.ts'
import { FUZZ_TIMEOUT, fuzzing, mutated } from './fuzz.ts'
import { TRANSACTIONS } from './samples.ts'

/** They wait, make blocks for as long as they are told to, or make them by themselves from then on. */
const NOT_CALLED = /^(eth_sendRawTransactionSync|test_auto|\w+_[mM]ine\w*|\w+_set(IntervalMining|Automine|AutoMine))$/

/** What went wrong without being anybody's error: the log has it. */
const faults: unknown[] = []
const logger = {
  error: (fields: unknown) => faults.push(fields),
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  trace: () => undefined,
} as unknown as Logger

let host: Awaited<ReturnType<typeof embeddedHost>>
let dispatcher: Dispatcher
let names: readonly string[]
/** Texts that mean something to some method. */
let words: readonly string[]
beforeAll(async () => {
  host = await embeddedHost()
  const methods = methodTable([...host.route.methods, ...(host.route.engine?.methods ?? [])])
  names = [...methods.keys()].filter((name) => !NOT_CALLED.test(name))
  dispatcher = createDispatcher({ methods, limits: { batchItems: 100, responseBytes: 10_000_000 }, logger })
  const waiting = (await host.call('eth_sendRawTransaction', bytesToHex(await transfer(0)))) as string
  const job = (await host.call('test_open')) as string
  const { hash } = (await host.call('eth_getBlockByNumber', 'latest', false)) as { hash: string }
  words = [waiting, job, hash, ...devAccounts.slice(0, 2).map(({ address }) => address)]
})
afterAll(() => host[Symbol.asyncDispose]())

const quantity = fc.oneof(
  fc.constantFrom(
    '0x0',
    '0x1',
    '0x5208',
    '0xffffffffffffffff',
    '0x10000000000000000',
    `0x${'f'.repeat(64)}`,
    '0x',
    '0x00',
  ),
  fc.bigInt({ min: 0n, max: 1n << 70n }).map((value) => `0x${value.toString(16)}`),
)
const leaf = (): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.nat(words.length - 1).map((index) => words[index]) },
    { weight: 3, arbitrary: quantity },
    {
      weight: 2,
      arbitrary: fc.constantFrom('latest', 'pending', 'safe', 'finalized', 'earliest', 'next', 'same', 'all'),
    },
    { weight: 1, arbitrary: fc.constantFrom(...TRANSACTIONS).map(bytesToHex) },
    { weight: 1, arbitrary: mutated(TRANSACTIONS).map(bytesToHex) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 70 }).map(bytesToHex) },
    { weight: 2, arbitrary: fc.constantFrom(null, true, false, 0, 1, -1, 0.5, 1e300, 2 ** 53, [], {}) },
    { weight: 1, arbitrary: fc.string({ maxLength: 20 }) },
  )
const KEYS = [
  'from',
  'to',
  'data',
  'input',
  'gas',
  'value',
  'nonce',
  'gasPrice',
  'maxFeePerGas',
  'chainId',
  'type',
  'accessList',
]
const MORE_KEYS = [
  'fromBlock',
  'toBlock',
  'address',
  'topics',
  'blockHash',
  'l2Parent',
  'l1Origin',
  'timestamp',
  'gasLimit',
]
const POOL_KEYS = [
  'hash',
  'sender',
  'selector',
  'knownAccounts',
  'blockNumberMin',
  'timestampMax',
  'tracer',
  'transactions',
]
const ODD_KEYS = ['__proto__', 'constructor', 'toString', '', '0']

function param(): fc.Arbitrary<unknown> {
  const value = leaf()
  const key = fc.constantFrom(...KEYS, ...MORE_KEYS, ...POOL_KEYS, ...ODD_KEYS)
  const entry = fc.tuple(key, fc.oneof(value, fc.array(value, { maxLength: 3 })))
  const object = fc.array(entry, { maxLength: 5 }).map((entries) => Object.fromEntries(entries))
  return fc.oneof(
    { weight: 5, arbitrary: value },
    { weight: 3, arbitrary: object },
    { weight: 1, arbitrary: fc.array(fc.oneof(value, object), { maxLength: 3 }) },
  )
}

const call = (): fc.Arbitrary<object> =>
  fc.record({
    jsonrpc: fc.constantFrom('2.0', '2.0', '2.0', '2.0', '2.0', '1.0', 2),
    id: fc.oneof({ weight: 5, arbitrary: fc.nat(9) }, fc.constantFrom(null, 'x', 1.5, 2 ** 60, [], {})),
    method: fc.oneof({ weight: 20, arbitrary: fc.constantFrom(...names) }, fc.string({ maxLength: 9 })),
    params: fc.oneof({ weight: 20, arbitrary: fc.array(param(), { maxLength: 4 }) }, fc.constantFrom({}, null, 'x', 7)),
  })

/** Calls that are answered, each of a different shape; of some the parameters are made when there is a chain. */
function goodCalls(): readonly (readonly [method: string, ...params: readonly unknown[]])[] {
  const [waiting, job, hash, alice, bob] = words as readonly [string, string, string, string, string]
  const message = { from: alice, to: bob, data: '0x11223344', gas: '0x10000', value: '0x1', maxFeePerGas: '0x3b9aca00' }
  const list = [{ address: bob, storageKeys: [hash] }]
  const target = { selector: '0x11223344', to: bob }
  const conditions = {
    knownAccounts: { [bob]: { [hash]: hash }, [alice]: hash },
    blockNumberMin: 1,
    timestampMax: '0x9',
  }
  const attributes = {
    l2Parent: 'latest',
    timestamp: '0x7d0',
    gasLimit: '0x1000000',
    prevRandao: hash,
    transactions: [],
  }
  return [
    ['eth_call', message, 'latest', { [alice]: { balance: '0xff', stateDiff: { [hash]: hash } } }, { number: '0x5' }],
    ['eth_estimateGas', { ...message, accessList: list }, 'pending'],
    ['eth_createAccessList', message, { blockHash: hash }],
    [
      'eth_simulateV1',
      { blockStateCalls: [{ blockOverrides: { time: '0x7d0' }, calls: [message] }], validation: true },
      'latest',
    ],
    ['eth_getProof', alice, [hash, '0x1'], 'latest'],
    ['eth_getLogs', { fromBlock: '0x0', toBlock: 'latest', address: [alice, bob], topics: [null, [hash], hash] }],
    ['eth_newFilter', { blockHash: hash, topics: [] }],
    ['eth_feeHistory', '0x5', 'latest', [10, 50.5, 90]],
    ['eth_getStorageAt', alice, '0x0', 'latest'],
    ['eth_getBlockByNumber', '0x0', true],
    ['eth_getTransactionByHash', waiting],
    ['eth_sendRawTransaction', bytesToHex(TRANSACTIONS[2] as Uint8Array)],
    ['eth_sendRawTransactionConditional', bytesToHex(TRANSACTIONS[0] as Uint8Array), conditions],
    ['debug_traceCall', message, 'latest', { tracer: 'callTracer', tracerConfig: { withLog: true } }],
    ['debug_traceBlockByNumber', '0x0', { tracer: 'prestateTracer', tracerConfig: { diffMode: true } }],
    ['txpool_contentFrom', alice],
    ['test_open', attributes],
    ['test_includeByHash', job, waiting],
    ['test_includeRaw', job, bytesToHex(TRANSACTIONS[1] as Uint8Array)],
    ['test_includeBest', job],
    ['test_undo', job, 1],
    ['test_inspect', job],
    ['test_setForkchoice', { safe: hash, finalized: hash }],
    ['test_poolHold', target],
    ['test_poolRelease', target],
    ['test_poolOrder', [waiting, hash]],
    ['test_poolDrop', { hash }],
    ['test_poolRestore', '0x1'],
    ['engine_forkchoiceUpdatedV3', { headBlockHash: hash, safeBlockHash: hash, finalizedBlockHash: hash }, null],
    ['engine_getPayloadV4', '0x0102030405060708'],
    ['engine_getPayloadBodiesByRangeV1', '0x1', '0x10'],
    ['test_setBalance', alice, '0xffffffffffff'],
    ['test_setStorageAt', bob, hash, hash],
    ['miner_setMaxDASize', '0x0', '0x0'],
  ]
}

/** The same value with something else at a place somewhere in it; `path` says where. */
function withElse(value: unknown, path: readonly number[], other: unknown): unknown {
  const [first, ...rest] = path
  if (typeof value !== 'object' || value === null || first === undefined) return other
  const entries = Object.entries(value)
  if (entries.length === 0) return other
  const [key] = entries[first % entries.length] as [string, unknown]
  const changed = entries.map(([each, held]) => [each, each === key ? withElse(held, rest, other) : held] as const)
  return Array.isArray(value) ? changed.map(([, held]) => held) : Object.fromEntries(changed)
}

/** A call that would be answered, with something else in one or two places. */
const nearlyGood = (): fc.Arbitrary<object> =>
  fc
    .record({
      good: fc.constantFrom(...goodCalls()),
      changes: fc.array(fc.tuple(fc.array(fc.nat(9), { minLength: 1, maxLength: 5 }), param()), { maxLength: 2 }),
    })
    .map(({ good: [method, ...params], changes }) => {
      const changed = changes.reduce<unknown>((value, [path, other]) => withElse(value, path, other), params)
      return { jsonrpc: '2.0', id: 1, method, params: changed }
    })

/** Whether a text is what JSON-RPC answers. */
function check(text: string | undefined, request: string): void {
  if (text === undefined) return
  for (const answer of [JSON.parse(text)].flat() as Record<string, unknown>[]) {
    expect(answer.jsonrpc, request).toBe('2.0')
    if (answer.error === undefined) continue
    const { code, message } = answer.error as { code: unknown; message: unknown }
    expect(Number.isSafeInteger(code), request).toBe(true)
    expect(typeof message, request).toBe('string')
  }
  expect(faults.splice(0), request).toEqual([])
}

it('the calls to begin with are good', async () => {
  for (const [method, ...params] of goodCalls()) {
    const answer = JSON.parse(
      (await dispatcher.handle(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }), {})) ?? '',
    )
    expect([-32601, -32602], JSON.stringify({ method, answer })).not.toContain(answer.error?.code)
  }
})

it('every method answers every call, and nothing breaks on the way', { timeout: FUZZ_TIMEOUT }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(call(), nearlyGood(), fc.array(fc.oneof(call(), nearlyGood()), { maxLength: 4 })),
      async (request) => {
        const text = JSON.stringify(request)
        check(await dispatcher.handle(text, {}), text)
      },
    ),
    fuzzing(1500),
  )
})

it('every text is answered', { timeout: FUZZ_TIMEOUT }, async () => {
  const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
  const good = { jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] }
  const samples = [
    good,
    [good, good],
    { ...good, method: 'eth_call', params: [{ to: devAccounts[0]?.address }, 'latest'] },
  ]
  await fc.assert(
    fc.asyncProperty(fc.oneof(mutated(samples.map(bytes)), fc.uint8Array({ maxLength: 200 })), async (raw) => {
      const text = new TextDecoder().decode(raw)
      check(await dispatcher.handle(text, {}), text)
    }),
    fuzzing(1500),
  )
})

const MILLION = 1_000_000
it.each([
  ['lists in lists', `${'['.repeat(MILLION)}${']'.repeat(MILLION)}`, -32600],
  ['lists that never end', '['.repeat(MILLION), -32600],
  ['objects in objects', `${'{"a":'.repeat(MILLION)}1${'}'.repeat(MILLION)}`, -32600],
  [
    'deep parameters',
    `{"jsonrpc":"2.0","id":1,"method":"eth_call","params":${'['.repeat(100)}${']'.repeat(100)}}`,
    -32600,
  ],
  ['a batch of a million', `[${'{},'.repeat(MILLION)}{}]`, -32600],
  ['a batch of a million lists', `[${'[],'.repeat(MILLION)}[]]`, -32600],
  ['a number of a million digits', `{"jsonrpc":"2.0","id":${'9'.repeat(MILLION)},"method":"eth_chainId"}`, -32600],
  ['an exponent', '{"jsonrpc":"2.0","id":1,"method":"test_undo","params":["x",1e999999999]}', -32602],
  [
    'a quantity of a million digits',
    `{"jsonrpc":"2.0","id":1,"method":"eth_getBlockByNumber","params":["0x${'1'.repeat(MILLION)}",false]}`,
    -32602,
  ],
  [
    'decimal text of a million digits',
    `{"jsonrpc":"2.0","id":1,"method":"evm_revert","params":["${'1'.repeat(MILLION)}"]}`,
    -32602,
  ],
  ['a string of backslashes', `{"jsonrpc":"2.0","id":1,"method":"${'\\\\'.repeat(MILLION)}"}`, -32601],
  ['a string of quotes', `{"jsonrpc":"2.0","id":1,"method":"${'\\"'.repeat(MILLION)}"}`, -32601],
  ['half a character', '{"jsonrpc":"2.0","id":1,"method":"\\ud800"}', -32601],
])('%s: refused', { timeout: FUZZ_TIMEOUT }, async (_, text, code) => {
  const answer = JSON.parse((await dispatcher.handle(text, {})) ?? 'null') as { error: { code: number } }
  expect(answer.error.code).toBe(code)
  expect(faults).toEqual([])
})
