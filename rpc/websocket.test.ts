import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import type { Clock } from '../src/primitives/clock.ts'
import type { Dispatcher } from './dispatch.ts'
import { type MessageSocket, serveSocket } from './websocket.ts'

/** A socket whose other end is the test. */
class FakeSocket extends EventEmitter implements MessageSocket {
  bufferedAmount = 0
  readonly sent: string[] = []
  readonly log: string[] = []
  readonly #callbacks: (() => void)[] = []

  send(text: string, sent: () => void): void {
    this.sent.push(text)
    this.#callbacks.push(sent)
  }
  ping(): void {
    this.log.push('ping')
  }
  pause(): void {
    this.log.push('pause')
  }
  resume(): void {
    this.log.push('resume')
  }
  close(): void {
    this.emit('close')
  }
  terminate(): void {
    this.log.push('terminate')
    this.emit('close')
  }
  /** The network took everything. */
  drain(): void {
    this.bufferedAmount = 0
    for (const callback of this.#callbacks.splice(0)) callback()
  }
}

function clockOf() {
  const sleepers: (() => void)[] = []
  const clock: Clock = {
    now: () => 0,
    sleep: (_ms, options) =>
      new Promise((resolve, reject) => {
        sleepers.push(resolve)
        options?.signal?.addEventListener('abort', () => reject(options.signal?.reason as Error))
      }),
  }
  const tick = async (): Promise<void> => {
    for (const wake of sleepers.splice(0)) wake()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { clock, tick }
}

function serve(dispatcher: Dispatcher) {
  const socket = new FakeSocket()
  const { clock, tick } = clockOf()
  const controller = new AbortController()
  return { socket, tick, controller, served: serveSocket(socket, { dispatcher, clock, controller }) }
}

const echo: Dispatcher = { handle: (text) => Promise.resolve(text) }

describe('a connection', () => {
  it('is not read while too many calls are in work', async () => {
    const gate = Promise.withResolvers<undefined>()
    const { socket, served } = serve({ handle: () => gate.promise })
    for (let i = 0; i < 127; i++) socket.emit('message', Buffer.from('x'))
    expect(socket.log).toEqual([])
    socket.emit('message', Buffer.from('x'))
    expect(socket.log).toEqual(['pause'])
    gate.resolve(undefined)
    await new Promise((resolve) => setImmediate(resolve))
    expect(socket.log).toEqual(['pause', 'resume'])
    socket.close()
    await served
  })

  it('is not read while its answers lie unsent', async () => {
    const { socket, served } = serve(echo)
    socket.bufferedAmount = 17 * 1024 * 1024
    socket.emit('message', [Buffer.from('a'), Buffer.from('b')])
    await new Promise((resolve) => setImmediate(resolve))
    expect(socket.sent).toEqual(['ab'])
    expect(socket.log).toEqual(['pause'])
    socket.drain()
    expect(socket.log).toEqual(['pause', 'resume'])
    socket.close()
    await served
  })

  it('is cut when it is silent from one ping to the next', async () => {
    const { socket, tick, served } = serve(echo)
    await tick()
    socket.emit('pong')
    await tick()
    expect(socket.log).toEqual(['ping', 'ping'])
    await tick()
    expect(socket.log).toEqual(['ping', 'ping', 'terminate'])
    await served
  })

  it('ends its calls when it closes, and says nothing more', async () => {
    const { socket, controller, served } = serve({
      handle: (_text, { signal }) =>
        new Promise((resolve) => signal?.addEventListener('abort', () => resolve('too late'))),
    })
    socket.emit('message', Buffer.from('x'))
    socket.close()
    await served
    expect(controller.signal.aborted).toBe(true)
    expect(socket.sent).toEqual([])
  })

  it('sends the notifications of a subscription behind its id, and ends it when it closes', async () => {
    let notify: (result: unknown) => void = () => undefined
    let ended = 0
    const { socket, served } = serve({
      async handle(_text, { connection }) {
        const id = connection?.subscribe('eth', (given) => {
          notify = given
          given('at once')
          return () => ended++
        })
        notify('early')
        return id
      },
    })
    socket.emit('message', Buffer.from('x'))
    await new Promise((resolve) => setImmediate(resolve))
    notify('later')
    const [id, ...others] = socket.sent
    expect(others.map((text) => JSON.parse(text) as unknown)).toEqual(
      ['at once', 'early', 'later'].map((result) => ({
        jsonrpc: '2.0',
        method: 'eth_subscription',
        params: { subscription: id, result },
      })),
    )
    socket.close()
    await served
    expect(ended).toBe(1)
    notify('too late')
    expect(socket.sent).toHaveLength(4)
  })

  it('is cut when its notifications lie unsent', async () => {
    let notify: (result: unknown) => void = () => undefined
    const { socket, served } = serve({
      handle: async (_text, { connection }) =>
        connection?.subscribe('eth', (given) => {
          notify = given
          return () => undefined
        }),
    })
    socket.emit('message', Buffer.from('x'))
    await new Promise((resolve) => setImmediate(resolve))
    socket.bufferedAmount = 16 * 1024 * 1024
    notify('fits')
    expect(socket.log).toEqual([])
    socket.bufferedAmount++
    notify('does not')
    expect(socket.log).toEqual(['terminate'])
    expect(socket.sent).toHaveLength(2)
    await served
  })

  it('ends what is subscribed while it closes', async () => {
    let ended = 0
    const gate = Promise.withResolvers<void>()
    const { socket, served } = serve({
      async handle(_text, { connection }) {
        await gate.promise
        return connection?.subscribe('eth', () => () => ended++)
      },
    })
    socket.emit('message', Buffer.from('x'))
    socket.close()
    gate.resolve()
    await served
    expect(ended).toBe(1)
    expect(socket.sent).toEqual([])
  })

  it('holds a thousand subscriptions at most', async () => {
    const refused: unknown[] = []
    const { socket, served } = serve({
      async handle(_text, { connection }) {
        for (let i = 0; i < 1000; i++) connection?.subscribe('eth', () => () => undefined)
        try {
          connection?.subscribe('eth', () => () => undefined)
        } catch (error) {
          refused.push(error)
        }
        return undefined
      },
    })
    socket.emit('message', Buffer.from('x'))
    await new Promise((resolve) => setImmediate(resolve))
    expect(refused).toMatchObject([{ code: 'TOO_MANY_SUBSCRIPTIONS' }])
    socket.close()
    await served
  })

  it('survives the abort of its calls', async () => {
    const { socket, controller, served } = serve(echo)
    controller.abort()
    socket.emit('message', Buffer.from('x'))
    await new Promise((resolve) => setImmediate(resolve))
    expect(socket.sent).toEqual(['x'])
    socket.close()
    await served
  })
})
