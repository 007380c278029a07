import type { WebSocket } from 'undici'
import type { Clock } from '../primitives/clock.ts'
import { AppError } from '../primitives/errors.ts'
import { isJsonObject, socketMessage } from './socket-message.ts'
import { rpcRefusal, type TransportErrorCode } from './transport.ts'

/** Who hears of one subscription. */
export interface SubscriptionListener {
  /** Each result as it came: JSON of anything. */
  onResult(result: unknown): void
  /** It has begun, for the first time or anew: what happened before, and since it was interrupted, is not told. */
  onBegin?(): void
  /** It is interrupted: the connection is gone, or the node refuses it. It is begun anew with the next connection. */
  onEnd?(error: AppError<TransportErrorCode>): void
}

/** How to reach a node. */
export interface NodeSocketOptions {
  /** A name for errors and logs: never a URL, which may hold credentials. */
  readonly endpoint: string
  /** ws or wss; user information becomes basic authentication. */
  readonly url: string
  readonly clock: Clock
  /** Bytes, default 16 MiB: who sends more is cut off. */
  readonly maxMessageBytes?: number
  /** Told in words why there is no connection; with undefined that there is one again. */
  readonly onTrouble?: (trouble: string | undefined) => void
}

interface Subscription {
  readonly params: readonly unknown[]
  readonly listener: SubscriptionListener
  /** The node's name for it, while it lasts. */
  id: string | undefined
}

interface Call {
  readonly method: string
  readonly take: (answer: Answer) => void
}

type Answer = { readonly result: unknown } | { readonly error: AppError<TransportErrorCode> }

const CONNECT_MS = 10_000
/** Between two signs of life that are asked for, and how long one may take. */
const HEARTBEAT_MS = 15_000
const HEARTBEAT_TIMEOUT_MS = 10_000
const FIRST_RETRY_MS = 250
const MAX_RETRY_MS = 30_000
/** A connection that has lasted so long was a good one. */
const GOOD_MS = 10_000
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024

/**
 * A WebSocket to a node that keeps subscriptions: as long as it works it connects anew, with growing pauses, and begins them
 * again. A node that is silent, or sends what is no JSON-RPC, is left like one that has hung up.
 */
export class NodeSocket {
  readonly endpoint: string
  readonly #options: NodeSocketOptions
  readonly #subscriptions = new Set<Subscription>()
  readonly #byId = new Map<string, Subscription>()
  readonly #waiting = new Map<number, Call>()
  #socket: WebSocket | undefined
  #nextId = 1
  #trouble: string | undefined = 'not connected yet'

  constructor(options: NodeSocketOptions) {
    this.endpoint = options.endpoint
    this.#options = options
  }

  /** Whether there is a connection. */
  get connected(): boolean {
    return this.#socket !== undefined
  }

  /**
   * Follows what the node tells, now and with each connection.
   * @param params of `eth_subscribe`
   * @returns ends it
   */
  subscribe(params: readonly unknown[], listener: SubscriptionListener): () => void {
    const subscription: Subscription = { params, listener, id: undefined }
    this.#subscriptions.add(subscription)
    if (this.connected) this.#begin(subscription)
    return () => {
      if (!this.#subscriptions.delete(subscription) || subscription.id === undefined) return
      this.#byId.delete(subscription.id)
      if (this.connected) this.#ask('eth_unsubscribe', [subscription.id], () => undefined)
    }
  }

  /** Connects, and connects anew, until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    for (let pause = FIRST_RETRY_MS; !signal.aborted; pause = Math.min(2 * pause, MAX_RETRY_MS)) {
      const began = clock.now()
      const trouble = await this.#connection(signal)
      if (signal.aborted) return
      this.#tell(trouble)
      if (clock.now() - began > GOOD_MS) pause = FIRST_RETRY_MS
      await clock.sleep(pause, { signal }).catch(() => undefined)
    }
  }

  /** One connection, to its end. @returns why it has ended */
  async #connection(signal: AbortSignal): Promise<string> {
    const { WebSocket, Agent } = await import('undici')
    const { url, maxMessageBytes = MAX_MESSAGE_BYTES } = this.#options
    const target = new URL(url)
    const headers: Record<string, string> = {}
    if (target.username !== '') {
      const user = `${decodeURIComponent(target.username)}:${decodeURIComponent(target.password)}`
      headers.authorization = `Basic ${Buffer.from(user).toString('base64')}`
      target.username = ''
      target.password = ''
    }
    const agent = new Agent({ webSocket: { maxPayloadSize: maxMessageBytes }, connectTimeout: CONNECT_MS })
    const socket = new WebSocket(target, { dispatcher: agent, headers })
    const ended = new AbortController()
    const why = await new Promise<string>((resolve) => {
      const end = (reason: string): void => {
        resolve(reason)
        ended.abort()
      }
      signal.addEventListener('abort', () => end('shutting down'), { once: true, signal: ended.signal })
      socket.addEventListener('open', () => {
        this.#socket = socket
        this.#tell(undefined)
        for (const subscription of this.#subscriptions) this.#begin(subscription)
        void this.#heartbeat(ended.signal).then(end)
      })
      socket.addEventListener('message', ({ data }) => {
        if (!ended.signal.aborted && !this.#take(data)) end('sent what is no JSON-RPC')
      })
      // What the library says of it is empty where nobody listens.
      socket.addEventListener('error', ({ message }) => end(message || 'connection failed'))
      socket.addEventListener('close', ({ code }) => end(`closed with ${code}`))
      const late = this.#options.clock.sleep(CONNECT_MS, { signal: ended.signal })
      late.then(
        () => this.#socket !== socket && end(`not open in ${CONNECT_MS} ms`),
        () => undefined,
      )
    })
    this.#socket = undefined
    socket.close()
    // Does not wait for a node that does not say goodbye.
    await agent.destroy()
    this.#interrupt(this.#unavailable('eth_subscribe', why))
    return why
  }

  /** @returns why the connection is to end */
  async #heartbeat(signal: AbortSignal): Promise<string> {
    const { clock } = this.#options
    try {
      for (;;) {
        await clock.sleep(HEARTBEAT_MS, { signal })
        // Any answer is a sign of life, and so is the end of the connection.
        const beat = new AbortController()
        this.#ask('eth_chainId', [], () => beat.abort())
        const silent = await clock.sleep(HEARTBEAT_TIMEOUT_MS, { signal: beat.signal }).then(
          () => true,
          () => false,
        )
        signal.throwIfAborted()
        if (silent) return `silent for ${HEARTBEAT_TIMEOUT_MS} ms`
      }
    } catch {
      return 'ended'
    }
  }

  #begin(subscription: Subscription): void {
    this.#ask('eth_subscribe', subscription.params, (answer) => {
      if ('error' in answer) {
        if (this.#subscriptions.has(subscription)) subscription.listener.onEnd?.(answer.error)
        return
      }
      if (typeof answer.result !== 'string') return
      subscription.id = answer.result
      if (!this.#subscriptions.has(subscription)) {
        this.#ask('eth_unsubscribe', [answer.result], () => undefined)
        return
      }
      this.#byId.set(answer.result, subscription)
      subscription.listener.onBegin?.()
    })
  }

  /** Makes a call on the connection; what it is answered is taken before the next message. */
  #ask(method: string, params: readonly unknown[], take: (answer: Answer) => void): void {
    const id = this.#nextId++
    this.#waiting.set(id, { method, take })
    this.#socket?.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
  }

  /** @returns whether the message made sense */
  #take(data: unknown): boolean {
    const message = socketMessage(data)
    if (message === undefined) return false
    const { id, method, params, result, error } = message
    if (method !== undefined) {
      const subscription =
        isJsonObject(params) && typeof params.subscription === 'string' && this.#byId.get(params.subscription)
      // Others are on their way out.
      if (subscription) subscription.listener.onResult((params as { readonly result?: unknown }).result)
      return isJsonObject(params)
    }
    const call = typeof id === 'number' ? this.#waiting.get(id) : undefined
    if (call === undefined) return false
    this.#waiting.delete(id as number)
    call.take(isJsonObject(error) ? { error: rpcRefusal(this.endpoint, call.method, error) } : { result })
    return true
  }

  /** The connection is gone, and all that hung on it. */
  #interrupt(error: AppError<TransportErrorCode>): void {
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    this.#byId.clear()
    for (const subscription of this.#subscriptions) {
      const begun = subscription.id !== undefined
      subscription.id = undefined
      if (begun) subscription.listener.onEnd?.(error)
    }
    for (const { take } of waiting) take({ error })
  }

  #tell(trouble: string | undefined): void {
    if (trouble === this.#trouble) return
    this.#trouble = trouble
    this.#options.onTrouble?.(trouble)
  }

  #unavailable(method: string, why: string): AppError<TransportErrorCode> {
    return new AppError('RPC_UNAVAILABLE', {
      message: `${this.endpoint}: ${method}: ${why}`,
      severity: 'temporary',
      data: { method, endpoint: this.endpoint },
    })
  }
}
