import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { embeddedReadMethods } from '../../rpc/methods/embedded-reads.ts'
import { createRoutes } from '../../rpc/routes.ts'
import { createRpcServer, type RpcServer } from '../../rpc/server.ts'
import { chainKind } from '../../src/embedded/chain-kind.ts'
import { readServices } from '../../src/embedded/read-services.ts'
import { systemClock } from '../../src/primitives/clock.ts'
import { type Hash, hexToBytes, toWord } from '../../src/primitives/hex.ts'
import { decodeTransaction, type SignedTransaction } from '../../src/protocol/transaction.ts'
import { MemoryStore } from '../../src/storage/memory-store.ts'
import { silentLogger } from '../../src/telemetry/logger.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'
import { embeddedWorld, transfer } from '../support/embedded-world.ts'
import { VirtualClock } from '../support/virtual-clock.ts'
import { WsClient } from '../support/ws-client.ts'

const [alice] = devAccounts as [(typeof devAccounts)[0]]
const TOPIC = toWord(7n)

type World = Awaited<ReturnType<typeof embeddedWorld>>
type LogJson = { blockHash: Hash; blockNumber: string; removed: boolean; topics: Hash[] }

let w: World
let clock: VirtualClock
let listeners: Set<(transaction: SignedTransaction) => void>
let server: RpcServer
let url: string

beforeEach(async () => {
  w = await embeddedWorld(new MemoryStore())
  clock = new VirtualClock(1_000_000)
  listeners = new Set()
  const pool = {
    get: () => undefined,
    networkForm: () => undefined,
    content: async () => ({ pending: new Map() }),
    onTransaction: (listener: (transaction: SignedTransaction) => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const identity = { chainId: 901n, clientVersion: 'op-sequencer/v0', accounts: [] }
  const services = readServices(w.engine, chainKind(w.genesis.config), clock)
  const methods = embeddedReadMethods({ identity, pool, ...services })
  const info = { title: 'test', version: '0' }
  server = await createRpcServer({
    host: '127.0.0.1',
    port: 0,
    routes: createRoutes([], [{ name: 'op', chainId: 901n, layer: 'l2', methods }], info),
    version: '0',
    logger: silentLogger(),
    clock: systemClock,
    readiness: () => ({ ready: true, waiting: [] }),
  })
  url = await server.listen()
})

afterEach(() => server.close())

/** Creates a contract whose init code emits a log with topic 7 and `second`. */
async function emitting(nonce: number, second: number): Promise<Uint8Array> {
  return hexToBytes(
    await alice.account.signTransaction({
      chainId: 901,
      nonce,
      gas: 100_000n,
      data: `0x60${second.toString(16).padStart(2, '0')}600760006000a200`,
      maxFeePerGas: 10n ** 10n,
      maxPriorityFeePerGas: 1n,
    }),
  )
}

/** Seconds of the topic, and whether the log was taken back. */
function brief(logs: readonly unknown[]): unknown[] {
  return (logs as LogJson[]).map(({ topics, removed }) => [Number(topics[1]), removed])
}

async function http(method: string, ...params: readonly unknown[]): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const response = await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
  const { result, error } = (await response.json()) as { result?: unknown; error?: unknown }
  return error ?? result
}

async function signed(nonce: number): Promise<SignedTransaction> {
  return decodeTransaction(await transfer(nonce)) as SignedTransaction
}

describe('subscriptions', () => {
  it('follow the chain over a reorg and back', async () => {
    await using client = await WsClient.connect(url)
    const heads = await client.call<string>('eth_subscribe', 'newHeads')
    const logs = await client.call<string>('eth_subscribe', 'logs', { topics: [TOPIC] })
    const none = await client.call<string>('eth_subscribe', 'logs', { topics: [TOPIC, [toWord(99n)]] })
    await client.call('eth_subscribe', 'syncing')
    const first = await w.block('latest', await emitting(0, 1))
    const second = await w.block('latest', await emitting(1, 2))
    const side = await w.block(first.hash, await emitting(1, 3), await emitting(2, 4))
    await w.engine.forkchoiceUpdated({ head: second.hash }, {})
    await client.until(() => client.results(heads).length === 4 && client.results(logs).length === 8)
    expect(client.results(heads)).toMatchObject(
      [first, second, side, second].map(({ hash, header }) => ({
        hash,
        parentHash: header.parentHash,
        slotNumber: null,
      })),
    )
    expect(brief(client.results(logs))).toEqual([
      [1, false],
      [2, false],
      [2, true],
      [3, false],
      [4, false],
      [3, true],
      [4, true],
      [2, false],
    ])
    expect(client.results(none)).toEqual([])
  })

  it('tell of transactions that come into the pool, by hash or whole, until they are ended', async () => {
    await using client = await WsClient.connect(url)
    const hashes = await client.call<string>('eth_subscribe', 'newPendingTransactions')
    const whole = await client.call<string>('eth_subscribe', 'newPendingTransactions', true)
    const [one, two] = [await signed(0), await signed(1)]
    for (const listener of listeners) listener(one)
    await client.until(() => client.notifications.length === 2)
    expect(client.results(hashes)).toEqual([one.hash])
    expect(client.results(whole)).toMatchObject([{ hash: one.hash, blockHash: null, blockNumber: null }])
    expect(await client.call('eth_unsubscribe', hashes)).toBe(true)
    expect((await client.answer('eth_unsubscribe', hashes)).error).toEqual({
      code: -32000,
      message: 'subscription not found',
    })
    for (const listener of listeners) listener(two)
    await client.until(() => client.notifications.length === 3)
    expect(client.results(whole)).toHaveLength(2)
  })

  it('end with their connection, and are nobody else’s', async () => {
    const client = await WsClient.connect(url)
    await using other = await WsClient.connect(url)
    const id = await client.call<string>('eth_subscribe', 'newPendingTransactions')
    expect((await other.answer('eth_unsubscribe', id)).error).toMatchObject({ code: -32000 })
    expect(listeners.size).toBe(1)
    await client[Symbol.asyncDispose]()
    // The server has heard of it when it answers the next call of another connection, or soon after.
    while (listeners.size > 0) await other.call('eth_blockNumber')
    expect(listeners.size).toBe(0)
  })

  it('send nothing before their id', async () => {
    await using client = await WsClient.connect(url)
    const [id, transaction] = [client.call<string>('eth_subscribe', 'newPendingTransactions'), await signed(0)]
    while (listeners.size === 0) await new Promise((resolve) => setImmediate(resolve))
    for (const listener of listeners) listener(transaction)
    await client.until(() => client.notifications.length === 1)
    expect(client.messages[0]).toMatchObject({ result: await id })
    expect(client.messages).toHaveLength(2)
  })

  it('are refused in geth’s words', async () => {
    expect(await http('eth_subscribe', 'newHeads')).toEqual({ code: -32601, message: 'notifications not supported' })
    expect(await http('eth_unsubscribe', '0x1')).toEqual({ code: -32000, message: 'subscription not found' })
    await using client = await WsClient.connect(url)
    const refused = async (...params: readonly unknown[]) => (await client.answer('eth_subscribe', ...params)).error
    expect(await refused('foo')).toEqual({ code: -32601, message: 'no "foo" subscription in eth namespace' })
    expect(await refused('logs', { fromBlock: 'pending' })).toEqual({
      code: -32602,
      message: 'pending logs are not supported',
    })
    expect(await refused('logs', { topics: [1] })).toMatchObject({ code: -32602 })
    expect(await refused('newPendingTransactions', 'yes')).toMatchObject({ code: -32602 })
    expect(await refused()).toMatchObject({ code: -32602 })
  })
})

describe('filters', () => {
  it('tell what happened since they were asked last, a reorg included', async () => {
    const [blocks, logs] = [await http('eth_newBlockFilter'), await http('eth_newFilter', { topics: [TOPIC] })]
    const first = await w.block('latest', await emitting(0, 1))
    const second = await w.block('latest', await emitting(1, 2))
    expect(await http('eth_getFilterChanges', blocks)).toEqual([first.hash, second.hash])
    expect(brief((await http('eth_getFilterChanges', logs)) as unknown[])).toEqual([
      [1, false],
      [2, false],
    ])
    expect(await http('eth_getFilterChanges', blocks)).toEqual([])
    const side = await w.block(first.hash, await emitting(1, 3))
    expect(await http('eth_getFilterChanges', blocks)).toEqual([side.hash])
    expect(brief((await http('eth_getFilterChanges', logs)) as unknown[])).toEqual([
      [2, true],
      [3, false],
    ])
    expect(brief((await http('eth_getFilterLogs', logs)) as unknown[])).toEqual([[3, false]])
    expect(await http('eth_uninstallFilter', logs)).toBe(true)
    expect(await http('eth_uninstallFilter', logs)).toBe(false)
  })

  it('tell the logs of the blocks that they name alone', async () => {
    const later = await http('eth_newFilter', { fromBlock: '0x2' })
    const early = await http('eth_newFilter', { fromBlock: '0x1', toBlock: '0x1' })
    for (const nonce of [0, 1, 2]) await w.block('latest', await emitting(nonce, nonce))
    expect(brief((await http('eth_getFilterChanges', later)) as unknown[])).toEqual([
      [1, false],
      [2, false],
    ])
    expect(brief((await http('eth_getFilterChanges', early)) as unknown[])).toEqual([[0, false]])
  })

  it('follow the pool', async () => {
    const [hashes, whole] = [
      await http('eth_newPendingTransactionFilter'),
      await http('eth_newPendingTransactionFilter', true),
    ]
    const one = await signed(0)
    for (const listener of listeners) listener(one)
    expect(await http('eth_getFilterChanges', hashes)).toEqual([one.hash])
    expect(await http('eth_getFilterChanges', whole)).toMatchObject([{ hash: one.hash, blockNumber: null }])
  })

  it('are forgotten when nobody asks for five minutes', async () => {
    const missing = { code: -32000, message: 'filter not found' }
    const [asked, silent] = [await http('eth_newBlockFilter'), await http('eth_newPendingTransactionFilter')]
    await clock.advance(4 * 60_000)
    expect(await http('eth_getFilterChanges', asked)).toEqual([])
    await clock.advance(60_000)
    expect(await http('eth_getFilterChanges', silent)).toEqual(missing)
    expect(listeners.size).toBe(0)
    expect(await http('eth_getFilterChanges', asked)).toEqual([])
    expect(await http('eth_getFilterLogs', asked)).toEqual(missing)
    expect(await http('eth_newFilter', { fromBlock: '0x5', toBlock: '0x2' })).toEqual({
      code: -32602,
      message: 'invalid block range params',
    })
  })
})
