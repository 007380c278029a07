import type { Clock } from '../src/primitives/clock.ts'
import type { Dispatcher } from './dispatch.ts'
import { ConnectionSubscriptions } from './subscriptions.ts'

/** What is used of a `ws` socket. */
export interface MessageSocket {
  /** Bytes handed in and not yet taken by the network. */
  readonly bufferedAmount: number
  send(text: string, sent: (error?: Error) => void): void
  ping(): void
  pause(): void
  resume(): void
  close(code: number, reason: string): void
  terminate(): void
  on(event: 'message', listener: (data: Uint8Array | ArrayBuffer | readonly Uint8Array[]) => void): unknown
  on(event: 'pong' | 'close', listener: () => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** How one connection is served. */
export interface SocketOptions {
  readonly dispatcher: Dispatcher
  readonly clock: Clock
  /** Ends every call of the connection; aborted here when the connection is over. */
  readonly controller: AbortController
}

/** Calls in work on one connection before it is no longer read. */
const MAX_IN_FLIGHT = 128
/** Unsent bytes on one connection before it is no longer read: a client must take its answers. */
const MAX_UNSENT = 16 * 1024 * 1024
/** Milliseconds between pings; a connection that is silent from one to the next is cut. */
const PING_INTERVAL = 30_000

function decode(data: Uint8Array | ArrayBuffer | readonly Uint8Array[]): string {
  const decoder = new TextDecoder()
  if (data instanceof Uint8Array || data instanceof ArrayBuffer) return decoder.decode(data)
  return data.map((part) => decoder.decode(part, { stream: true })).join('') + decoder.decode()
}

/**
 * Serves JSON-RPC on one WebSocket connection, each message a request or a batch. Messages run side by side, started in
 * the order in which they came; reading pauses while too many are in work or too many answers lie unsent. A client that
 * does not take its notifications is cut, as by geth.
 * @returns resolves when the connection is closed and its last call has ended
 */
export async function serveSocket(socket: MessageSocket, options: SocketOptions): Promise<void> {
  const { dispatcher, clock, controller } = options
  const { signal } = controller
  const state = { closed: false }
  const inFlight = new Set<Promise<void>>()
  let paused = false
  let alive = true

  const balance = (): void => {
    const full = inFlight.size >= MAX_IN_FLIGHT || socket.bufferedAmount > MAX_UNSENT
    if (full === paused || state.closed) return
    paused = full
    if (full) socket.pause()
    else socket.resume()
  }

  const subscriptions = new ConnectionSubscriptions((text) => {
    if (state.closed) return
    // Events do not wait until the client has taken the ones before: it has to keep up, or begin anew.
    if (socket.bufferedAmount > MAX_UNSENT) socket.terminate()
    else socket.send(text, balance)
  })

  const answer = async (text: string): Promise<void> => {
    const connection = subscriptions.forMessage()
    const reply = await dispatcher.handle(text, { signal, connection })
    // What was begun while the connection went away has missed its end.
    if (state.closed) return subscriptions.close()
    if (reply !== undefined) socket.send(reply, balance)
    connection.answered()
  }

  const gone = new Promise<void>((resolve) => {
    socket.on('close', () => {
      state.closed = true
      subscriptions.close()
      controller.abort()
      resolve()
    })
  })
  // A close follows every error (bad frame, oversized message), with the code that names it.
  socket.on('error', () => {})
  socket.on('pong', () => {
    alive = true
  })
  socket.on('message', (data) => {
    alive = true
    const task = answer(decode(data)).finally(() => {
      inFlight.delete(task)
      balance()
    })
    inFlight.add(task)
    balance()
  })

  const watch = async (): Promise<void> => {
    while (!state.closed) {
      try {
        await clock.sleep(PING_INTERVAL, { signal })
      } catch {
        return
      }
      if (!alive && inFlight.size === 0) return socket.terminate()
      alive = false
      socket.ping()
    }
  }

  await Promise.all([gone, watch()])
  await Promise.all(inFlight)
}
