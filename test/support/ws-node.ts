import websocket, { type WebSocket } from '@fastify/websocket'
import fastify from 'fastify'

interface Request {
  readonly id: number
  readonly method: string
  readonly params: readonly unknown[]
}

/** A node's WebSocket that does what a test wants. */
export interface WsNode extends AsyncDisposable {
  readonly url: string
  /** What was asked, in order. */
  readonly requests: Request[]
  /** What each connection was asked for with. */
  readonly authorizations: (string | undefined)[]
  /** Connections that were taken so far. */
  readonly connections: number
  /** Open connections. */
  readonly sockets: ReadonlySet<WebSocket>
  /** Answers a call; subscriptions are named by their number where this says nothing else. Undefined: never. */
  answer: (request: Request) => object | undefined
  /** Sends a result of each subscription to a kind. */
  notify(kind: string, result: unknown): void
  /** Sends text as it is. */
  say(text: string): void
  /** Resolves when something holds, looked at whenever something came. */
  until(holds: () => boolean): Promise<void>
}

/** Starts one on a free loopback port, or on a given one. */
export async function startWsNode(port = 0): Promise<WsNode> {
  const app = fastify({ forceCloseConnections: true })
  await app.register(websocket)
  const requests: Request[] = []
  const sockets = new Set<WebSocket>()
  const waiting = new Set<() => void>()
  const authorizations: (string | undefined)[] = []
  const subscriptions: {
    readonly id: string
    readonly namespace: string
    readonly kind: unknown
    readonly socket: WebSocket
  }[] = []
  const look = (): void => {
    for (const each of [...waiting]) each()
  }
  let connections = 0
  app.get('/', { websocket: true }, (socket, { headers }) => {
    connections++
    authorizations.push(headers.authorization)
    sockets.add(socket)
    socket.on('close', () => {
      sockets.delete(socket)
      look()
    })
    socket.on('message', (data: Buffer) => {
      const request = JSON.parse(data.toString()) as Request
      requests.push(request)
      const answer = node.answer(request)
      if (answer !== undefined) socket.send(JSON.stringify({ jsonrpc: '2.0', id: request.id, ...answer }))
      const { result } = (answer ?? {}) as { result?: string }
      const [namespace = '', verb] = request.method.split('_')
      if (verb === 'subscribe' && result !== undefined) {
        subscriptions.push({ id: result, namespace, kind: request.params[0], socket })
      }
      look()
    })
    look()
  })
  const address = await app.listen({ host: '127.0.0.1', port })
  const node: WsNode = {
    url: address.replace('http', 'ws'),
    requests,
    authorizations,
    get connections() {
      return connections
    },
    sockets,
    answer: ({ method, id }) => ({ result: method.endsWith('_subscribe') ? `0x${id.toString(16)}` : true }),
    notify(kind, result) {
      for (const { id, namespace, kind: own, socket } of subscriptions) {
        if (own !== kind) continue
        const method = `${namespace}_subscription`
        socket.send(JSON.stringify({ jsonrpc: '2.0', method, params: { subscription: id, result } }))
      }
    },
    say(text) {
      for (const socket of sockets) socket.send(text)
    },
    until: (holds) =>
      new Promise((resolve) => {
        const each = (): void => {
          if (!holds()) return
          waiting.delete(each)
          resolve()
        }
        waiting.add(each)
        each()
      }),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.terminate()
      await app.close()
    },
  }
  return node
}
