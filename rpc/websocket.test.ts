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
