import type { Clock } from '../primitives/clock.ts'
import { AppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { ManagedEvent } from '../protocol/managed-mode.ts'
import type { LinkOptions, ManagedLink, OnManagedEvent } from './managed-link.ts'
import { eventsFromJson } from './managed-node-codec.ts'
import { RpcSocket } from './rpc-socket.ts'
import type { TransportErrorCode } from './transport.ts'

/** Receipts of a full block fit. */
const MAX_MESSAGE_BYTES = 128 * 1024 * 1024
/** Events that wait to be dealt with: who is so far behind has to find out anew where the node is. */
const MAX_WAITING = 4096
/** Between two signs of life that are asked for. */
const HEARTBEAT_MS = 15_000

function unavailable(endpoint: string, why: string): AppError<TransportErrorCode> {
  return new AppError('RPC_UNAVAILABLE', {
    message: `${endpoint}: ${why}`,
    severity: 'temporary',
    data: { method: 'interop_subscribe', endpoint },
  })
}

/** Over a WebSocket: one connection for calls and events, opened when it is needed. */
export class SubscribedLink implements ManagedLink {
  readonly #options: LinkOptions
  readonly #closed = new AbortController()
  #opening: Promise<RpcSocket> | undefined
  #following = false

  constructor(options: LinkOptions) {
    this.#options = options
  }

  async call(method: string, params: readonly unknown[], io: IoOptions): Promise<unknown> {
    const socket = await this.#socket(io)
    return socket.call(method, params, io)
  }

  async follow(onEvent: OnManagedEvent, signal: AbortSignal): Promise<never> {
    const { endpoint, clock } = this.#options
    if (this.#following) throw unavailable(endpoint, 'is followed already')
    this.#following = true
    try {
      const socket = await this.#socket({ signal })
      const leave = (): void => socket.end('no longer followed')
      signal.addEventListener('abort', leave, { once: true, signal: socket.ended })
      const waiting: ManagedEvent[] = []
      let wake: () => void = () => undefined
      socket.onNotification((params) => {
        const entry = (params as { readonly result?: unknown } | null)?.result as
          | { readonly data?: unknown }
          | null
          | undefined
        if (entry?.data === null || entry?.data === undefined) return socket.end('the node ended the subscription')
        try {
          waiting.push(...eventsFromJson(entry.data))
        } catch (error) {
          return socket.end(`a malformed event: ${(error as Error).message}`)
        }
        if (waiting.length > MAX_WAITING) socket.end(`${waiting.length} events wait`)
        wake()
      })
      socket.ended.addEventListener('abort', () => wake(), { once: true })
      await socket.call('interop_subscribe', ['events'], { signal })
      void this.#heartbeat(socket, clock)
      for (;;) {
        signal.throwIfAborted()
        if (socket.ended.aborted) throw unavailable(endpoint, String(socket.ended.reason))
        const event = waiting.shift()
        if (event !== undefined) {
          await onEvent(event)
          continue
        }
        const { promise, resolve } = Promise.withResolvers<void>()
        wake = resolve
        await promise
      }
    } finally {
      this.#following = false
      // What the node tells from here on would be lost.
      await this.#opening?.then(
        (socket) => socket.end('no longer followed'),
        () => undefined,
      )
    }
  }

  async close(): Promise<void> {
    this.#closed.abort(unavailable(this.#options.endpoint, 'closed'))
    await this.#opening?.then(
      (socket) => socket.end('closed'),
      () => undefined,
    )
  }

  /** The connection that there is, or a new one, which others may be waiting for, too. */
  async #socket({ signal }: IoOptions): Promise<RpcSocket> {
    this.#closed.signal.throwIfAborted()
    signal?.throwIfAborted()
    this.#opening ??= this.#open()
    const opening = this.#opening
    if (signal === undefined) return opening
    const { promise, reject } = Promise.withResolvers<never>()
    const leave = (): void => reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
    try {
      return await Promise.race([opening, promise])
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }

  async #open(): Promise<RpcSocket> {
    try {
      const options = { ...this.#options, maxMessageBytes: MAX_MESSAGE_BYTES }
      const socket = await RpcSocket.open(options, { signal: this.#closed.signal })
      const forget = (): void => {
        this.#opening = undefined
      }
      if (socket.ended.aborted) forget()
      else socket.ended.addEventListener('abort', forget, { once: true })
      return socket
    } catch (error) {
      this.#opening = undefined
      throw error
    }
  }

  /** A connection that is lost without a word looks like a node that has nothing to tell. */
  async #heartbeat(socket: RpcSocket, clock: Clock): Promise<void> {
    const signal = socket.ended
    try {
      for (;;) {
        await clock.sleep(HEARTBEAT_MS, { signal })
        await socket.call('interop_chainID', [], { signal })
      }
    } catch {
      socket.end('silent')
    }
  }
}
