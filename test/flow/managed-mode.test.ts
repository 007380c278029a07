import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunningNode } from '../../src/cli/run.ts'
import { engineToken } from '../../src/clients/jwt.ts'
import { ManagedNodeClient } from '../../src/clients/managed-node.ts'
import { devnetSetup } from '../../src/devnet/devnet-setup.ts'
import { startNode } from '../../src/node.ts'
import { systemClock } from '../../src/primitives/clock.ts'
import { type Hash, toWord, ZERO_HASH } from '../../src/primitives/hex.ts'
import type { ManagedEvent } from '../../src/protocol/managed-mode.ts'
import { silentLogger } from '../../src/telemetry/logger.ts'
import { freePort } from '../peers/support/free-port.ts'

const SECRET = new Uint8Array(32).fill(7)
const GENESIS_TIME = 1_700_000_000

interface Ref {
  readonly hash: Hash
  readonly number: number
  readonly timestamp: number
}

interface Answer {
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
}

let node: RunningNode
let url: string
beforeAll(async () => {
  const { config } = devnetSetup({
    ...{ chainIds: [901], blockTime: 2, l1BlockTime: 6, fork: 'interop', l1Fork: 'prague', genesisTime: GENESIS_TIME },
    ...{ manual: true, automine: false, host: '127.0.0.1', port: 0 },
  })
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  const interop = {
    ...{ host: '127.0.0.1', port, jwtSecret: SECRET },
    dependencySet: { chainIds: [901n, 902n], messageExpiryWindow: 12n },
  }
  const chains = config.chains.map((chain) => ({ ...chain, driver: { engineSync: false }, interop }))
  node = await startNode({ ...config, chains }, { logger: silentLogger(), signal: new AbortController().signal })
})
afterAll(() => node.close())

async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const end = performance.now() + 60_000
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > end) throw new Error(`not in time: ${what}`)
    await delay(20)
  }
}

async function chain<T>(route: string, method: string, ...params: readonly unknown[]): Promise<T> {
  const text = await node.handle(`/${route}`, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))
  const { result, error } = JSON.parse(text as string) as Answer
  if (error !== undefined) throw new Error(`${method}: ${error.message}`)
  return result as T
}

async function post(path: string, body: unknown, authorization?: string): Promise<Response> {
  const headers = { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) }
  return fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
}

async function interop(method: string, ...params: readonly unknown[]): Promise<Answer> {
  const token = `Bearer ${engineToken(SECRET, Math.floor(Date.now() / 1000))}`
  const response = await post('/', { jsonrpc: '2.0', id: 1, method: `interop_${method}`, params }, token)
  return (await response.json()) as Answer
}

async function block(): Promise<Ref> {
  const job = await chain<string>('op-901', 'test_open')
  const { hash } = await chain<{ hash: Hash }>('op-901', 'test_seal', job)
  const { number, timestamp } = await chain<Record<'number' | 'timestamp', string>>(
    'op-901',
    'eth_getBlockByHash',
    hash,
    false,
  )
  return { hash, number: Number(number), timestamp: Number(timestamp) }
}

const genesis = (): Promise<Answer> => interop('blockRefByNumber', 0)

describe('who is let in', () => {
  const call = { jsonrpc: '2.0', id: 1, method: 'interop_chainID', params: [] }
  const now = (): number => Math.floor(Date.now() / 1000)
  it.each<[string, () => string | undefined, string]>([
    ['no token', () => undefined, 'missing token'],
    ['one of another secret', () => engineToken(new Uint8Array(32), now()), 'signature is invalid'],
    ['an old one', () => engineToken(SECRET, now() - 61), 'stale token'],
    ['one of tomorrow', () => engineToken(SECRET, now() + 61), 'future token'],
  ])('not who has %s', async (_, token, message) => {
    const response = await post('/', call, token() && `Bearer ${token()}`)
    expect([response.status, (await response.text()).trim()]).toEqual([401, message])
  })

  it('who has the secret, at both paths; and whoever asks for its health', async () => {
    for (const path of ['/', '/ws']) {
      const response = await post(path, call, `Bearer ${engineToken(SECRET, now())}`)
      expect(await response.json()).toMatchObject({ result: '901' })
    }
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
  })
})

describe('answers', () => {
  it("are op-node's", async () => {
    const { result: first } = await genesis()
    expect(first).toMatchObject({ number: 0, timestamp: GENESIS_TIME, parentHash: ZERO_HASH, sequenceNumber: 0 })
    expect((await interop('l2BlockRefByNumber', 0)).result).toEqual(first)
    expect((await interop('l2BlockRefByTimestamp', GENESIS_TIME + 1)).result).toEqual(first)
    const { hash } = first as Ref
    const { result: anchor } = await interop('anchorPoint')
    expect(anchor).toMatchObject({ source: { number: 0 }, derived: { hash, number: 0 } })
    const { result: output } = await interop('outputV0AtTimestamp', GENESIS_TIME)
    expect(output).toMatchObject({ blockHash: hash })
    expect((await interop('pendingOutputV0AtTimestamp', GENESIS_TIME)).result).toEqual(output)
    expect((await interop('fetchReceipts', hash)).result).toEqual([])
    expect(await chain('op-901', 'optimism_dependencySet')).toEqual({
      dependencies: { 901: {}, 902: {} },
      overrideMessageExpiryWindow: 12,
    })
  })

  it("are op-node's errors", async () => {
    const { hash } = (await genesis()).result as Ref
    const id = { hash, number: 0 }
    const nothing = { hash: toWord(9n), number: 99 }
    const other = { hash: toWord(9n), number: 0 }
    expect(await interop('blockRefByNumber', 99)).toMatchObject({
      error: { code: -32000, message: expect.stringContaining('block not found') },
    })
    expect(await interop('fetchReceipts', toWord(9n))).toMatchObject({ error: { code: -32000 } })
    expect(await interop('reset', nothing, id, id, id, id)).toMatchObject({
      error: { code: -39001, message: 'unsafe reset target not found' },
    })
    expect(await interop('reset', id, id, other, id, id)).toMatchObject({
      error: { code: -39002, message: 'conflicting block', data: (await genesis()).result },
    })
    expect(await interop('updateCrossUnsafe', nothing)).toMatchObject({ error: { code: -32000 } })
    expect(await interop('invalidateBlock', { ...nothing, timestamp: 1 })).toMatchObject({ error: { code: -32000 } })
    expect(await interop('updateCrossUnsafe', { hash, number: '0x0' })).toMatchObject({ error: { code: -32602 } })
    expect(await interop('subscribe', 'events')).toMatchObject({ error: { code: -32601 } })
  })
})

describe('a supervisor', () => {
  it('is told and obeyed over a WebSocket; whoever pulls takes its place', { timeout: 60_000 }, async () => {
    const dial = (at: string) =>
      new ManagedNodeClient({ name: 'a', url: at, jwtSecret: SECRET, clock: systemClock, pollMs: 20 })
    await using client = {
      node: dial(url.replace('http', 'ws')),
      async [Symbol.asyncDispose]() {
        await this.node.close()
      },
    }
    const { node: managed } = client
    const io = {}
    const events: ManagedEvent[] = []
    const heard = <Tag extends ManagedEvent['tag']>(tag: Tag, is: (event: never) => boolean = () => true) =>
      until(tag, () => events.find((event) => event.tag === tag && is(event as never)))
    const first = await managed.refByNumber(0n, io)
    if (first === undefined) throw new Error('there is no genesis block')
    // Events from before it is there are lost to it; that the node waits is told again.
    const followed = managed.follow((event) => void events.push(event), new AbortController().signal)
    const gone = expect(followed).rejects.toMatchObject({ code: 'MANAGED_NODE_GONE' })
    await heard('reset')
    const one = await block()
    await heard('unsafe-block', ({ block: { hash } }: { block: { hash: Hash } }) => hash === one.hash)
    const zero = { hash: ZERO_HASH, number: 0n }
    const unsafe = await managed.refByNumber(1n, io)
    if (unsafe === undefined) throw new Error('there is no block 1')
    await managed.reset(
      { localUnsafe: unsafe, crossUnsafe: first, localSafe: first, crossSafe: first, finalized: zero },
      io,
    )
    await heard('exhausted')
    await managed.updateCrossUnsafe(unsafe, io)
    const status = () => chain<Record<'cross_unsafe_l2' | 'safe_l2', Ref>>('op-901', 'optimism_syncStatus')
    await until('block 1 is cross-unsafe', async () =>
      (await status()).cross_unsafe_l2.hash === one.hash ? true : undefined,
    )
    // One that never was follows nothing.
    events.length = 0
    await managed.provideL1({ hash: toWord(5n), number: 1n, parentHash: toWord(4n), timestamp: 1n }, io)
    await heard('reset')
    expect((await status()).safe_l2.number).toBe(0)

    await using pulling = {
      node: dial(url),
      async [Symbol.asyncDispose]() {
        await this.node.close()
      },
    }
    const ended = new AbortController()
    const pulled: ManagedEvent[] = []
    const pull = pulling.node.follow((event) => void pulled.push(event), ended.signal)
    await gone
    await until('a reset is pulled', () => pulled.find(({ tag }) => tag === 'reset'))
    ended.abort(new Error('enough'))
    await expect(pull).rejects.toThrow('enough')
  })
})
