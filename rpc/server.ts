import websocket from '@fastify/websocket'
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import type { Clock } from '../src/primitives/clock.ts'
import type { Logger } from '../src/telemetry/logger.ts'
import type { MetricsRegistry } from '../src/telemetry/metrics.ts'
import { type Authenticator, createAuthenticator } from './auth.ts'
import type { BeaconHandler } from './beacon.ts'
import { createDispatcher, type Dispatcher, type DispatchLimits } from './dispatch.ts'
import { isContentTypeAllowed, isHostAllowed, isOriginListed, isSameOrigin } from './guards.ts'
import type { RpcMetrics } from './metrics.ts'
import type { Routes } from './routes.ts'
import { SignalGroup } from './signal-group.ts'
import { type MessageSocket, serveSocket } from './websocket.ts'

/** Whether the service can do its work, and what it waits for if not. */
export interface Readiness {
  readonly ready: boolean
  readonly waiting: readonly string[]
}

/** Bounds of the server. */
export interface RpcLimits extends DispatchLimits {
  /** Bytes of one request body or WebSocket message. */
  readonly bodyBytes: number
}

/** Room for blob transactions and for a block's worth of transactions in one batch. */
const DEFAULT_LIMITS: RpcLimits = {
  bodyBytes: 15 * 1024 * 1024,
  batchItems: 1000,
  responseBytes: 100 * 1024 * 1024,
}

/** What {@link createRpcServer} serves, and to whom. */
export interface RpcServerOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly routes: Routes
  /** Beacon APIs by full path; one that ends in a slash takes an id. Read by nodes that sign no tokens: never asks for one. */
  readonly beacon?: ReadonlyMap<string, BeaconHandler>
  readonly version: string
  readonly logger: Logger
  readonly clock: Clock
  readonly readiness: () => Readiness
  /** 32 bytes; with it every route but the health probes asks for a token; a route with a secret of its own always does. */
  readonly jwtSecret?: Uint8Array
  /** Origins of pages that may call; none by default. */
  readonly corsOrigins?: readonly string[]
  /** Host names beside `localhost` and IP addresses that may be called by; without `jwtSecret` only. */
  readonly allowedHosts?: readonly string[]
  readonly limits?: Partial<RpcLimits>
  readonly metrics?: RpcMetrics
  /** Served at `/metrics` when given. */
  readonly registry?: MetricsRegistry
}

/** A server, not yet listening. */
export interface RpcServer {
  /** For `inject` in tests. */
  readonly app: FastifyInstance
  /**
   * Answers a caller in this process as a POST of the same text to `path` would be, without a connection.
   * @returns undefined when there is nothing to answer
   * @throws TypeError where nothing is served at `path`; DOMException AbortError once it is closed
   */
  handle(path: string, text: string): Promise<string | undefined>
  /** Starts to listen. @returns the base URL, e.g. `http://127.0.0.1:8645` */
  listen(): Promise<string>
  /** Ends running calls, then every connection. Resolves within about a second. */
  close(): Promise<void>
}

/** Milliseconds that aborted calls get to answer before their connections are cut. */
const CLOSE_GRACE = 500
/** Milliseconds in which a client must have sent its headers, and its whole request. */
const HEADERS_TIMEOUT = 10_000
const REQUEST_TIMEOUT = 60_000
/** Milliseconds between looks at those two. */
const CHECK_INTERVAL = 2000
/** Milliseconds of silence on a connection, a call's own run included. */
const CONNECTION_TIMEOUT = 600_000

/** Routes have no schemas: methods check their parameters. Left to itself the server loads two compilers for them. */
function noCompiler(): never {
  throw new TypeError('no route has a schema')
}
const NO_SCHEMAS = { compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler } }

const HEALTH_PATHS = ['/healthz', '/readyz']
const TEXT = 'text/plain; charset=utf-8'

function refuse(reply: FastifyReply, status: number, message: string): FastifyReply {
  return reply.code(status).type(TEXT).send(message)
}

function isUpgrade(request: FastifyRequest): boolean {
  return request.headers.upgrade?.toLowerCase() === 'websocket'
}

/** Refuses what may not call at all: foreign hosts and pages, and callers without a token. */
function createGuard(options: RpcServerOptions, isOpen: (path: string) => boolean) {
  const { routes, jwtSecret, corsOrigins = [], allowedHosts = [] } = options
  const authenticator = (secret: Uint8Array | undefined): Authenticator | undefined =>
    secret && createAuthenticator(secret, options.clock)
  const general = authenticator(jwtSecret)
  const own = new Map([...routes].map(([path, route]) => [path, authenticator(route.jwtSecret)]))
  const openRoutes = new Set([...routes].flatMap(([path, route]) => (route.open === true ? [path] : [])))

  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const { host, origin, authorization } = request.headers
    const path = request.url.split('?', 1)[0] ?? ''
    // By the route that was found, not by the path as it was written: that can be encoded.
    const found = request.routeOptions.url ?? ''
    const authenticate = openRoutes.has(found) ? undefined : (own.get(found) ?? general)
    // A server with a secret is there for other machines, whatever names they have for it.
    const rebindable = authenticate === undefined && general === undefined
    if (rebindable && !isHostAllowed(host, allowedHosts)) {
      return refuse(reply, 403, 'invalid host specified')
    }
    if (origin !== undefined) {
      const listed = isOriginListed(origin, corsOrigins)
      if (listed) reply.header('access-control-allow-origin', origin).header('vary', 'Origin')
      if (request.method === 'OPTIONS') {
        if (!listed) return refuse(reply, 403, 'origin not allowed')
        return reply
          .code(204)
          .header('access-control-allow-methods', 'POST, GET')
          .header('access-control-allow-headers', 'Content-Type, Authorization')
          .header('access-control-max-age', '600')
          .send()
      }
      // No preflight protects a WebSocket.
      if (isUpgrade(request) && !listed && !isSameOrigin(origin, host)) return refuse(reply, 403, 'origin not allowed')
    }
    if (request.is404 || isOpen(path) || authenticate === undefined) return undefined
    const refusal = await authenticate(authorization)
    return refusal === undefined ? undefined : refuse(reply, 401, refusal)
  }
}

function readBody(body: unknown): string | undefined {
  if (!(body instanceof Uint8Array)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    return undefined
  }
}

/** Creates the JSON-RPC server: HTTP and WebSocket on one port, health probes, and metrics when asked for. */
export async function createRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  const { routes, logger, clock } = options
  const limits: RpcLimits = { ...DEFAULT_LIMITS, ...options.limits }
  const calls = new SignalGroup()
  const sockets = new Map<MessageSocket, Promise<void>>()
  const posts = new Set<Promise<string | undefined>>()
  let closed = false

  const app: FastifyInstance = fastify({
    bodyLimit: limits.bodyBytes,
    requestTimeout: REQUEST_TIMEOUT,
    connectionTimeout: CONNECTION_TIMEOUT,
    http: { headersTimeout: HEADERS_TIMEOUT, connectionsCheckingInterval: CHECK_INTERVAL },
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true },
    schemaController: NO_SCHEMAS,
  })
  // Sockets are ended by `close` below, which does not wait for clients to agree.
  await app.register(websocket, { options: { maxPayload: limits.bodyBytes }, preClose: (done) => done() })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  const beaconPaths = [...(options.beacon?.keys() ?? [])]
  const healthPaths = new Set(HEALTH_PATHS)
  for (const path of routes.keys()) healthPaths.add(`${path === '/' ? '' : path}/healthz`)
  app.addHook(
    'onRequest',
    createGuard(
      options,
      (path) =>
        healthPaths.has(path.replace(/(.)\/$/, '$1')) ||
        beaconPaths.some((beacon) => (beacon.endsWith('/') ? path.startsWith(beacon) : path === beacon)),
    ),
  )
  app.setNotFoundHandler((_request, reply) => refuse(reply, 404, '404 page not found'))
  app.setErrorHandler((error: { statusCode?: number; message: string }, request, reply) => {
    const status = error.statusCode ?? 500
    if (status >= 500) logger.error({ err: error, url: request.url }, 'request failed unexpectedly')
    return refuse(reply, status, status >= 500 ? 'internal error' : error.message)
  })

  /** Runs a call that closing the server waits for, and ends. */
  async function answerText(dispatcher: Dispatcher, text: string, controller: AbortController) {
    const call = dispatcher.handle(text, { signal: controller.signal })
    posts.add(call)
    return await call.finally(() => {
      posts.delete(call)
      calls.release(controller)
    })
  }

  async function answerPost(dispatcher: Dispatcher, request: FastifyRequest, reply: FastifyReply) {
    if (!isContentTypeAllowed(request.headers['content-type'], request.headers.origin)) {
      return refuse(reply, 415, 'invalid content type, only application/json is supported')
    }
    const controller = calls.open()
    // A caller that is gone before the answer is out needs none.
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) controller.abort()
    })
    // Bytes that are no UTF-8 are no JSON either: the empty text answers «parse error».
    const answer = await answerText(dispatcher, readBody(request.body) ?? '', controller)
    return reply
      .type('application/json')
      .header('x-content-type-options', 'nosniff')
      .send(answer ?? '')
  }

  async function answerBeacon(handler: BeaconHandler, request: FastifyRequest, reply: FastifyReply) {
    const controller = calls.open()
    reply.raw.once('close', () => controller.abort())
    const { id = '' } = request.params as { id?: string }
    const given = request.query as Readonly<Record<string, string | string[]>>
    const query = (name: string): string[] => [given[name] ?? []].flat().flatMap((value) => value.split(','))
    try {
      const { status, body } = await handler({ id, query }, { signal: controller.signal })
      return reply.code(status).send(body)
    } finally {
      calls.release(controller)
    }
  }

  for (const [path, handler] of options.beacon ?? []) {
    app.get(path.endsWith('/') ? `${path}:id` : path, (request, reply) => answerBeacon(handler, request, reply))
  }

  const dispatchers = new Map<string, Dispatcher>()
  for (const [path, { methods }] of routes) {
    const dispatcher = createDispatcher({
      methods,
      limits,
      logger,
      ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
    })
    dispatchers.set(path, dispatcher)
    app.post(path, (request, reply) => answerPost(dispatcher, request, reply))
    app.route({
      method: 'GET',
      url: path,
      exposeHeadRoute: false,
      // As geth: an empty GET is somebody's health check.
      handler: (_request, reply) => reply.code(200).type(TEXT).send(''),
      wsHandler: (socket: MessageSocket) => {
        const controller = calls.open()
        const served = serveSocket(socket, { dispatcher, clock, controller }).finally(() => {
          sockets.delete(socket)
          calls.release(controller)
        })
        sockets.set(socket, served)
      },
    })
  }

  for (const path of healthPaths) {
    if (path !== '/readyz') app.get(path, () => ({ version: options.version }))
  }
  app.get('/readyz', (_request, reply) => {
    const readiness = options.readiness()
    return reply.code(readiness.ready ? 200 : 503).send(readiness)
  })
  const { registry } = options
  if (registry !== undefined) {
    app.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()))
  }

  return {
    app,
    async handle(path, text) {
      const dispatcher = dispatchers.get(path)
      if (dispatcher === undefined) throw new TypeError(`nothing is served at ${path}`)
      if (closed) throw new DOMException('the server is closed', 'AbortError')
      return answerText(dispatcher, text, calls.open())
    },
    listen: () => app.listen({ host: options.host, port: options.port }),
    async close() {
      closed = true
      calls.abort()
      for (const socket of sockets.keys()) socket.close(1001, 'server is closing')
      const drained = Promise.all([...sockets.values(), ...posts])
      await Promise.race([drained, clock.sleep(CLOSE_GRACE)])
      for (const socket of sockets.keys()) socket.terminate()
      await app.close()
    },
  }
}
