import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createAuthenticator } from '../../rpc/auth.ts'
import { ManagedNodeClient } from '../../src/clients/managed-node.ts'
import { toWord } from '../../src/primitives/hex.ts'
import type { ManagedEvent } from '../../src/protocol/managed-mode.ts'
import { VirtualClock } from '../support/virtual-clock.ts'
import { startWsNode, type WsNode } from '../support/ws-node.ts'

const SECRET = new Uint8Array(32).fill(7)
const ref = (number: number) => ({
  hash: toWord(BigInt(1000 + number)),
  number,
  parentHash: toWord(BigInt(999 + number)),
  timestamp: 2 * number,
})
const typed = (number: number) => ({
  ...ref(number),
  number: BigInt(number),
  timestamp: BigInt(2 * number),
})
const pair = { source: ref(5), derived: ref(9) }
const typedPair = { source: typed(5), derived: typed(9) }

/** A client that is closed when it is disposed, and what it was told. */
function client(url: string) {
  const clock = new VirtualClock(1_700_000_000_000)
  const node = new ManagedNodeClient({ name: 'a', url, jwtSecret: SECRET, clock })
  const heard: ManagedEvent[] = []
  const ended = new AbortController()
  return {
    clock,
    node,
    heard,
    ended,
    follow: (onEvent: (event: ManagedEvent) => Promise<void> | void = (event) => void heard.push(event)) =>
      node.follow(onEvent, ended.signal),
    [Symbol.asyncDispose]: () => node.close(),
  }
}

const subscribed = (node: WsNode) => (): boolean => node.requests.some(({ method }) => method === 'interop_subscribe')

describe('a managed node over a WebSocket', () => {
  it('is asked with a fresh token, and tells its events one after another', async () => {
    await using server = await startWsNode()
    await using own = client(server.url)
    const busy: Promise<void>[] = []
    let running = 0
    const followed = own.follow(async (event) => {
      expect(++running).toBe(1)
      own.heard.push(event)
      const { promise, resolve } = Promise.withResolvers<void>()
      busy.push(promise)
      setImmediate(resolve)
      await promise
      running--
    })
    await server.until(subscribed(server))
    expect(server.requests[0]).toMatchObject({ method: 'interop_subscribe', params: ['events'] })
    expect(await createAuthenticator(SECRET, own.clock)(server.authorizations[0])).toBeUndefined()
    const tell = (data: unknown): void => server.notify('events', { data })
    tell({ reset: 'for a test' })
    tell({ unsafeBlock: ref(9) })
    tell({ derivationUpdate: pair, derivationOriginUpdate: ref(5) })
    tell({ derivationUpdate: pair })
    tell({ exhaustL1: pair })
    tell({ replaceBlock: { replacement: ref(9), invalidated: toWord(3n) } })
    // All at once: in the order in which they are applied. What is not known is passed over.
    tell({ exhaustL1: pair, unsafeBlock: ref(8), somethingNew: 1 })
    tell({})
    const expected: ManagedEvent[] = [
      { tag: 'reset', reason: 'for a test' },
      { tag: 'unsafe-block', block: typed(9) },
      { tag: 'derivation-update', pair: typedPair, origin: typed(5) },
      { tag: 'derivation-update', pair: typedPair },
      { tag: 'exhausted', pair: typedPair },
      { tag: 'replaced', replaced: { replacement: typed(9), invalidated: toWord(3n) } },
      { tag: 'unsafe-block', block: typed(8) },
      { tag: 'exhausted', pair: typedPair },
    ]
    await expect.poll(() => own.heard.length, { timeout: 10_000 }).toBe(expected.length)
    expect(own.heard).toEqual(expected)
    own.ended.abort(new Error('enough'))
    await expect(followed).rejects.toThrow('enough')
  })

  it('is asked over the same connection, in its own words', async () => {
    await using server = await startWsNode()
    await using own = client(server.url)
    const l2 = { ...ref(9), l1origin: { hash: toWord(5n), number: 5 }, sequenceNumber: 3 }
    const typedL2 = { ...typed(9), l1Origin: { hash: toWord(5n), number: 5n }, sequenceNumber: 3n }
    const output = { stateRoot: toWord(1n), messagePasserStorageRoot: toWord(2n), blockHash: toWord(3n) }
    const results: Record<string, unknown> = {
      interop_chainID: '901',
      interop_l2BlockRefByNumber: l2,
      interop_l2BlockRefByTimestamp: l2,
      interop_outputV0AtTimestamp: output,
      interop_pendingOutputV0AtTimestamp: output,
      interop_anchorPoint: pair,
      interop_fetchReceipts: [],
    }
    server.answer = ({ method }) => ({ result: results[method] ?? null })
    const { node } = own
    const id = (number: number) => ({ hash: ref(number).hash, number })
    expect(await node.chainId({})).toBe(901n)
    expect(await node.refByNumber(9n, {})).toEqual(typedL2)
    expect(await node.refByTimestamp(18n, {})).toEqual(typedL2)
    expect(await node.outputAt(18n, {})).toEqual(output)
    expect(await node.pendingOutputAt(18n, {})).toEqual(output)
    expect(await node.anchorPoint({})).toEqual(typedPair)
    expect(await node.receipts(toWord(1n), {})).toEqual([])
    await node.updateCrossUnsafe(typed(4), {})
    await node.updateCrossSafe(typed(3), typed(2), {})
    await node.updateFinalized(typed(1), {})
    await node.invalidateBlock(typed(6), {})
    await node.provideL1(typed(7), {})
    const [localUnsafe, crossUnsafe, localSafe, crossSafe, finalized] = [9, 8, 7, 6, 5].map(typed) as [
      ReturnType<typeof typed>,
      ReturnType<typeof typed>,
      ReturnType<typeof typed>,
      ReturnType<typeof typed>,
      ReturnType<typeof typed>,
    ]
    await node.reset({ localUnsafe, crossUnsafe, localSafe, crossSafe, finalized }, {})
    await node.resetPreInterop({})
    expect(server.connections).toBe(1)
    expect(server.requests.slice(1).map(({ method, params }) => [method, ...params])).toEqual([
      ['interop_l2BlockRefByNumber', 9],
      ['interop_l2BlockRefByTimestamp', 18],
      ['interop_outputV0AtTimestamp', 18],
      ['interop_pendingOutputV0AtTimestamp', 18],
      ['interop_anchorPoint'],
      ['interop_fetchReceipts', toWord(1n)],
      ['interop_updateCrossUnsafe', id(4)],
      ['interop_updateCrossSafe', id(3), id(2)],
      ['interop_updateFinalized', id(1)],
      ['interop_invalidateBlock', { ...id(6), timestamp: 12 }],
      ['interop_provideL1', ref(7)],
      ['interop_reset', id(9), id(8), id(7), id(6), id(5)],
      ['interop_resetPreInterop'],
    ])
  })

  it('says what is wrong with a code', async () => {
    await using server = await startWsNode()
    await using own = client(server.url)
    const failing = (code: number, message: string, data?: unknown) => {
      server.answer = () => ({ error: { code, message, data } })
    }
    const reset = () => {
      const block = typed(1)
      const target = { localUnsafe: block, crossUnsafe: block, localSafe: block, crossSafe: block, finalized: block }
      return own.node.reset(target, {})
    }
    failing(-39001, 'unsafe reset target not found')
    await expect(reset()).rejects.toMatchObject({ code: 'MANAGED_TARGET_UNKNOWN' })
    failing(-39002, 'conflicting block', ref(1))
    await expect(reset()).rejects.toMatchObject({ code: 'MANAGED_TARGET_CONFLICTS', data: { data: ref(1) } })
    failing(-39003, 'interop disabled')
    await expect(own.node.anchorPoint({})).rejects.toMatchObject({ code: 'MANAGED_NO_ANCHOR' })
    failing(-32000, 'failed to determine L2BlockRef of 0x9, could not get payload: not found')
    expect(await own.node.refByNumber(9n, {})).toBeUndefined()
    expect(await own.node.receipts(toWord(1n), {})).toBeUndefined()
    failing(-32603, 'failed to find block reference')
    await expect(reset()).rejects.toMatchObject({ code: 'RPC_ERROR' })
    server.answer = () => ({ result: 901 })
    await expect(own.node.chainId({})).rejects.toMatchObject({ code: 'MANAGED_NODE_GONE' })
    await expect(own.node.refByNumber(9n, {})).rejects.toMatchObject({ code: 'MANAGED_NODE_GONE' })
    await expect(own.node.receipts(toWord(1n), {})).rejects.toMatchObject({ code: 'MANAGED_NODE_GONE' })
    server.answer = () => undefined
    const late = own.node.chainId({})
    await server.until(() => server.requests.length === 10)
    await Promise.all([expect(late).rejects.toMatchObject({ code: 'MANAGED_NODE_GONE' }), own.clock.advance(20_000)])
    const cancelled = own.node.chainId({ signal: AbortSignal.abort(new Error('no more')) })
    await expect(cancelled).rejects.toThrow('no more')
  })

  it.each<[string, (server: WsNode) => void]>([
    ['hangs up', (server) => server.sockets.forEach((socket) => void socket.terminate())],
    ['ends the subscription', (server) => server.notify('events', { data: null, close: true })],
    ['sends no JSON', (server) => server.say('{')],
    ['sends no JSON-RPC', (server) => server.say('[1]')],
    ['answers what was not asked', (server) => server.say('{"jsonrpc":"2.0","id":99,"result":1}')],
    ['sends notifications of nothing', (server) => server.say('{"method":"interop_subscription","params":null}')],
    ['sends an event that is none', (server) => server.notify('events', { data: { unsafeBlock: { number: -1 } } })],
    ['sends an event that is no object', (server) => server.notify('events', { data: 'x' })],
    [
      'sends more events than anybody takes',
      (server) => {
        for (let i = 0; i < 5000; i++) server.notify('events', { data: { reset: 'again' } })
      },
    ],
  ])('that %s is gone, and is found again', async (_, does) => {
    await using server = await startWsNode()
    await using own = client(server.url)
    const never = new Promise<void>(() => undefined)
    const followed = own.follow(() => never)
    followed.catch(() => undefined)
    await server.until(subscribed(server))
    does(server)
    if (_ === 'sends more events than anybody takes') {
      // Whoever does not take them is told when it has dealt with the one that it has.
      await server.until(() => server.sockets.size === 0)
      return
    }
    await expect(followed).rejects.toMatchObject({ code: 'MANAGED_NODE_GONE' })
    server.answer = () => ({ result: '901' })
    expect(await own.node.chainId({})).toBe(901n)
    expect(server.connections).toBe(2)
    expect(new Set(server.authorizations).size).toBe(1)
  })

  it('that says nothing for long is gone', async () => {
    await using server = await startWsNode()
    await using own = client(server.url)
    server.answer = ({ method }) => (method === 'interop_subscribe' ? { result: '0x1' } : undefined)
    const followed = own.follow()
    followed.catch(() => undefined)
    await server.until(subscribed(server))
    server.notify('events', { data: { reset: 'x' } })
    await expect.poll(() => own.heard.length, { timeout: 10_000 }).toBe(1)
    await own.clock.advance(15_000)
    await server.until(() => server.requests.some(({ method }) => method === 'interop_chainID'))
    await own.clock.advance(20_000)
    await expect(followed).rejects.toMatchObject({ code: 'MANAGED_NODE_GONE' })
  })

  it('that is not there is gone', async () => {
    await using own = client('ws://127.0.0.1:1')
    await expect(own.follow()).rejects.toMatchObject({ code: 'MANAGED_NODE_GONE' })
    await expect(own.node.chainId({})).rejects.toMatchObject({ code: 'MANAGED_NODE_GONE' })
  })

  it('fails its listener’s follower with what that threw', async () => {
    await using server = await startWsNode()
    await using own = client(server.url)
    const followed = own.follow(() => {
      throw new Error('mine')
    })
    followed.catch(() => undefined)
    await server.until(subscribed(server))
    server.notify('events', { data: { reset: 'x' } })
    await expect(followed).rejects.toThrow('mine')
  })
})

describe('a managed node over HTTP', () => {
  it('has its events pulled', async () => {
    const events: unknown[] = [{ unsafeBlock: ref(9) }, { exhaustL1: pair }]
    const asked: string[] = []
    const server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => {
        body += String(chunk)
      })
      request.on('end', () => {
        const { id, method } = JSON.parse(body) as { id: number; method: string }
        asked.push(method)
        const event = events.shift()
        const empty = { error: { code: -39001, message: 'out of events' } }
        const answer =
          method === 'interop_pullEvent' ? (event === undefined ? empty : { result: event }) : { result: '901' }
        response.end(JSON.stringify({ jsonrpc: '2.0', id, ...answer }))
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    await using own = client(url)
    try {
      const followed = own.follow()
      followed.catch(() => undefined)
      await expect.poll(() => asked.length, { timeout: 10_000 }).toBe(3)
      expect(own.heard).toEqual([
        { tag: 'unsafe-block', block: typed(9) },
        { tag: 'exhausted', pair: typedPair },
      ])
      events.push({ reset: 'later' })
      await expect
        .poll(
          async () => {
            await own.clock.advance(250)
            return own.heard.at(-1)
          },
          { timeout: 10_000 },
        )
        .toEqual({ tag: 'reset', reason: 'later' })
      expect(await own.node.chainId({})).toBe(901n)
      events.push({ unsafeBlock: 5 })
      await Promise.all([
        expect(followed).rejects.toMatchObject({ code: 'MANAGED_NODE_GONE' }),
        expect.poll(() => own.clock.advance(250).then(() => events.length), { timeout: 10_000 }).toBe(0),
      ])
    } finally {
      server.closeAllConnections()
      server.close()
    }
    await expect(own.follow()).rejects.toMatchObject({ code: 'MANAGED_NODE_GONE' })
  })
})
