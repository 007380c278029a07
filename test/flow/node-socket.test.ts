import { describe, expect, it } from 'vitest'
import { NodeSocket } from '../../src/clients/node-socket.ts'
import { VirtualClock } from '../support/virtual-clock.ts'
import { startWsNode } from '../support/ws-node.ts'

/** A socket that works until it is disposed, and what it was told. */
function working(url: string, options: { readonly maxMessageBytes?: number } = {}) {
  const clock = new VirtualClock()
  const told: (string | undefined)[] = []
  const heard: unknown[] = []
  const waiting = new Set<() => void>()
  const note = (item: unknown): void => {
    heard.push(item)
    for (const look of [...waiting]) look()
  }
  const socket = new NodeSocket({
    endpoint: 'node',
    url,
    clock,
    onTrouble: (trouble) => {
      told.push(trouble)
      for (const look of [...waiting]) look()
    },
    ...options,
  })
  const ended = new AbortController()
  const work = socket.run(ended.signal)
  const follow = (kind: string) =>
    socket.subscribe([kind], {
      onResult: (result) => note(result),
      onBegin: () => note('begun'),
      onEnd: (error) => note(error.code),
    })
  return {
    clock,
    socket,
    told,
    heard,
    follow,
    until: (holds: () => boolean): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!holds()) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
    async [Symbol.asyncDispose]() {
      ended.abort()
      await work
    },
  }
}

describe('a WebSocket to a node', () => {
  it('tells what is subscribed to, and stops when asked', async () => {
    await using node = await startWsNode()
    await using own = working(node.url)
    const end = own.follow('newHeads')
    await own.until(() => own.heard.includes('begun'))
    node.notify('newHeads', { number: '0x1' })
    await own.until(() => own.heard.length === 2)
    const more = own.follow('logs')
    await own.until(() => own.heard.length === 3)
    node.notify('logs', 'a log')
    await own.until(() => own.heard.length === 4)
    end()
    await node.until(() => node.requests.at(-1)?.method === 'eth_unsubscribe')
    node.notify('newHeads', { number: '0x2' })
    node.notify('logs', 'another log')
    await own.until(() => own.heard.length === 5)
    more()
    expect(own.heard).toEqual(['begun', { number: '0x1' }, 'begun', 'a log', 'another log'])
    expect(own.told).toEqual([undefined])
  })

  it('connects anew when the node has gone, with growing pauses, and begins again what was subscribed to', async () => {
    const first = await startWsNode()
    await using own = working(first.url)
    own.follow('newHeads')
    await own.until(() => own.heard.includes('begun'))
    await first[Symbol.asyncDispose]()
    await own.until(() => own.told.length === 2)
    expect(own.heard).toEqual(['begun', 'RPC_UNAVAILABLE'])
    expect(own.socket.connected).toBe(false)
    await own.clock.advance(250)
    await using node = await startWsNode(Number(new URL(first.url).port))
    // However far the attempts have got: the pauses end.
    const timer = setInterval(() => own.clock.advance(1_000), 5)
    await own.until(() => own.heard.length === 3)
    clearInterval(timer)
    node.notify('newHeads', 'after')
    await own.until(() => own.heard.length === 4)
    expect(own.heard).toEqual(['begun', 'RPC_UNAVAILABLE', 'begun', 'after'])
    expect(own.told.at(-1)).toBeUndefined()
  })

  it('tells that a node refuses a subscription', async () => {
    await using node = await startWsNode()
    node.answer = () => ({ error: { code: -32601, message: 'notifications not supported' } })
    await using own = working(node.url)
    own.follow('newHeads')
    await own.until(() => own.heard.includes('RPC_ERROR'))
    expect(own.socket.connected).toBe(true)
  })

  it.each([
    ['garbage', 'garbage'],
    ['a list', '[]'],
    ['an answer to nothing', '{"jsonrpc":"2.0","id":77,"result":1}'],
    ['a notification of nothing', '{"jsonrpc":"2.0","method":"eth_subscription","params":7}'],
  ])('leaves a node that sends %s, and comes back', async (_what, text) => {
    await using node = await startWsNode()
    await using own = working(node.url)
    own.follow('newHeads')
    await own.until(() => own.heard.includes('begun'))
    node.say(text)
    await own.until(() => own.told.includes('sent what is no JSON-RPC'))
    expect(own.heard).toEqual(['begun', 'RPC_UNAVAILABLE'])
    await own.clock.advance(250)
    await own.until(() => own.heard.filter((item) => item === 'begun').length === 2)
    expect(node.connections).toBe(2)
  })

  it('does not read what is too long', async () => {
    await using node = await startWsNode()
    await using own = working(node.url, { maxMessageBytes: 10_000 })
    own.follow('newHeads')
    await own.until(() => own.heard.includes('begun'))
    node.notify('newHeads', 'x'.repeat(9_000))
    await own.until(() => own.heard.length === 2)
    node.notify('newHeads', 'x'.repeat(11_000))
    await own.until(() => own.heard.includes('RPC_UNAVAILABLE'))
    expect(own.heard.filter((item) => typeof item === 'string' && item.startsWith('x'))).toHaveLength(1)
  })

  it('leaves a node that is silent', async () => {
    await using node = await startWsNode()
    const { answer } = node
    node.answer = (request) => (request.method === 'eth_chainId' ? undefined : answer(request))
    await using own = working(node.url)
    own.follow('newHeads')
    await own.until(() => own.heard.includes('begun'))
    await own.clock.advance(15_000)
    await node.until(() => node.requests.at(-1)?.method === 'eth_chainId')
    await own.clock.advance(10_000)
    await own.until(() => own.told.includes('silent for 10000 ms'))
    expect(own.heard).toEqual(['begun', 'RPC_UNAVAILABLE'])
  })

  it('keeps a node that gives signs of life', async () => {
    await using node = await startWsNode()
    await using own = working(node.url)
    own.follow('newHeads')
    await own.until(() => own.heard.includes('begun'))
    for (let beat = 1; beat <= 3; beat++) {
      await own.clock.advance(15_000)
      await node.until(() => node.requests.filter(({ method }) => method === 'eth_chainId').length === beat)
      await own.clock.advance(1)
    }
    expect(node.connections).toBe(1)
  })
})
