import type { WebSocket } from 'undici'
import type { Clock } from '../primitives/clock.ts'
import { AppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import { engineToken } from './jwt.ts'
import { isJsonObject, socketMessage } from './socket-message.ts'
import { rpcRefusal, type TransportErrorCode } from './transport.ts'

/** How to reach a node, and who hears what it tells by itself. */
export interface RpcSocketOptions {
  /** A name for errors: never a URL, which may hold credentials. */
  readonly endpoint: string
  /** ws or wss */
  readonly url: string
  /** 32 bytes: the connection is asked for with a fresh token. */
  readonly jwtSecret: Uint8Array
  readonly clock: Clock
  /** Bytes: who sends more is cut off. */
  readonly maxMessageBytes: number
  /** Milliseconds for a call. */
  readonly timeoutMs: number
}

interface Call {
  readonly method: string
  readonly take: (answer: Answer) => void
}

type Answer = { readonly result: unknown } | { readonly error: AppError<TransportErrorCode> }

const CONNECT_MS = 10_000

/**
 * One connection to a node, from its opening to its end: calls with their deadlines, and what the node tells by itself. A node that sends
 * what is no JSON-RPC is left like one that has hung up.
 */
export class RpcSocket {
  readonly #options: RpcSocketOptions
  readonly #waiting = new Map<number, Call>()
  readonly #ended = new AbortController()
  #socket: WebSocket | undefined
  #nextId = 1
  #onNotification: (params: unknown) => void = () => undefined

  private constructor(options: RpcSocketOptions) {
    this.#options = options
  }

  /** @throws AppError RPC_UNAVAILABLE; the reason of the signal when that is aborted */
  static async open(options: RpcSocketOptions, { signal }: IoOptions): Promise<RpcSocket> {
    signal?.throwIfAborted()
    const connection = new RpcSocket(options)
    const settled = new AbortController()
    options.clock.sleep(CONNECT_MS, { signal: settled.signal }).then(
      () => connection.end(`not open in ${CONNECT_MS} ms`),
      () => undefined,
    )
    signal?.addEventListener('abort', () => connection.end('given up'), { once: true, signal: settled.signal })
    const opened = await connection.#open()
    settled.abort()
    if (opened) return connection
    signal?.throwIfAborted()
    throw connection.#unavailable('connect')
  }

  /** Aborted when the connection has ended, with why. */
  get ended(): AbortSignal {
    return this.#ended.signal
  }

  /** Who hears of what the node tells by itself: the parameters of each notification, one after another. */
  onNotification(listener: (params: unknown) => void): void {
    this.#onNotification = listener
  }

  /** @throws AppError RPC_ERROR, RPC_UNAVAILABLE; the reason of the signal when that is aborted */
  call(method: string, params: readonly unknown[], { signal }: IoOptions): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    if (signal?.aborted) return Promise.reject(signal.reason)
    if (this.ended.aborted) return Promise.reject(this.#unavailable(method))
    const id = this.#nextId++
    const settled = new AbortController()
    const done = (settle: () => void): void => {
      this.#waiting.delete(id)
      settled.abort()
      settle()
    }
    this.#waiting.set(id, {
      method,
      take: (answer) => done(() => ('error' in answer ? reject(answer.error) : resolve(answer.result))),
    })
    signal?.addEventListener('abort', () => done(() => reject(signal.reason)), { once: true, signal: settled.signal })
    const { clock, timeoutMs } = this.#options
    clock.sleep(timeoutMs, { signal: settled.signal }).then(
      () => done(() => reject(this.#unavailable(method, `no answer in ${timeoutMs} ms`))),
      () => undefined,
    )
    this.#socket?.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
    return promise
  }

  /** Ends the connection, and every call on it. */
  end(why: string): void {
    if (this.ended.aborted) return
    this.#ended.abort(why)
    for (const { method, take } of [...this.#waiting.values()]) take({ error: this.#unavailable(method) })
  }

  /** @returns whether it is open; cleans up behind itself when it ends */
  async #open(): Promise<boolean> {
    const { WebSocket, Agent } = await import('undici')
    const { url, jwtSecret, clock, maxMessageBytes } = this.#options
    const token = engineToken(jwtSecret, Math.floor(clock.now() / 1000))
    const agent = new Agent({ webSocket: { maxPayloadSize: maxMessageBytes }, connectTimeout: CONNECT_MS })
    const socket = new WebSocket(url, { dispatcher: agent, headers: { authorization: `Bearer ${token}` } })
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const left = (): void => {
      resolve(false)
      socket.close()
      // Does not wait for a node that does not say goodbye.
      void agent.destroy()
    }
    if (this.ended.aborted) left()
    else this.ended.addEventListener('abort', left, { once: true })
    socket.addEventListener('open', () => {
      this.#socket = socket
      resolve(!this.ended.aborted)
    })
    socket.addEventListener('message', ({ data }) => {
      if (!this.ended.aborted && !this.#take(data)) this.end('sent what is no JSON-RPC')
    })
    // What the library says of it is empty where nobody listens.
    socket.addEventListener('error', ({ message }) => this.end(message || 'connection failed'))
    socket.addEventListener('close', ({ code }) => this.end(`closed with ${code}`))
    return promise
  }

  /** @returns whether the message made sense */
  #take(data: unknown): boolean {
    const message = socketMessage(data)
    if (message === undefined) return false
    const { id, method, params, result, error } = message
    if (method !== undefined) {
      this.#onNotification(params)
      return true
    }
    if (typeof id !== 'number' || id >= this.#nextId) return false
    const call = this.#waiting.get(id)
    call?.take(isJsonObject(error) ? { error: rpcRefusal(this.#options.endpoint, call.method, error) } : { result })
    return true
  }

  #unavailable(method: string, why = String(this.ended.reason)): AppError<TransportErrorCode> {
    const { endpoint } = this.#options
    return new AppError('RPC_UNAVAILABLE', {
      message: `${endpoint}: ${method}: ${why}`,
      severity: 'temporary',
      data: { method, endpoint },
    })
  }
}
