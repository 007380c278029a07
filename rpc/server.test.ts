import { connect } from 'node:net'
import { SignJWT } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Clock, systemClock } from '../src/primitives/clock.ts'
import { silentLogger } from '../src/telemetry/logger.ts'
import { createMetrics } from '../src/telemetry/metrics.ts'
import { defineMethod, type Method } from './method.ts'
import { createRpcMetrics } from './metrics.ts'
import { createRoutes } from './routes.ts'
import { createRpcServer, type RpcServer, type RpcServerOptions } from './server.ts'

const INFO = { title: 'demo', version: '1.2.3' }

function echo(name: string, result = name): Method {
  return defineMethod({
    name,
    summary: 'Answers with a fixed text',
    params: z.tuple([]),
    paramNames: [],
    result: z.string(),
    handler: () => result,
  })
}

/** A method that answers when its signal aborts, and tells when that and its start happen. */
function hanging(): { readonly method: Method; readonly started: Promise<void>; readonly aborted: Promise<void> } {
  const started = Promise.withResolvers<void>()
  const aborted = Promise.withResolvers<void>()
  const method = defineMethod({
    name: 'demo_hang',
    summary: 'Answers when its signal aborts',
    params: z.tuple([]),
    paramNames: [],
    result: z.string(),
    async handler(_params, { signal }) {
      signal?.addEventListener('abort', () => aborted.resolve())
      started.resolve()
      await aborted.promise
      return 'aborted'
    },
  })
  return { method, started: started.promise, aborted: aborted.promise }
}

const servers: RpcServer[] = []

async function server(options: Partial<RpcServerOptions> = {}, ...methods: Method[]): Promise<RpcServer> {
  const created = await createRpcServer({
    host: '127.0.0.1',
    port: 0,
    routes: createRoutes(
      [echo('health_status', INFO.version), ...methods],
      [
        { name: 'l1', chainId: 900n, layer: 'l1', methods: [echo('demo_where', 'l1')] },
        { name: 'op-a', chainId: 901n, layer: 'l2', methods: [echo('demo_where', 'op-a')] },
      ],
      INFO,
    ),
    version: INFO.version,
    logger: silentLogger(),
    clock: systemClock,
    readiness: () => ({ ready: true, waiting: [] }),
    ...options,
  })
  servers.push(created)
  return created
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((created) => created.close()))
})

function body(method: string, id: unknown = 1): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params: [] })
}

async function post(to: RpcServer, url: string, method: string, headers: Record<string, string> = {}) {
  const response = await to.app.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', host: '127.0.0.1', ...headers },
    payload: body(method),
  })
  return { status: response.statusCode, headers: response.headers, text: response.payload }
}

async function result(to: RpcServer, url: string, method: string): Promise<unknown> {
  return (JSON.parse((await post(to, url, method)).text) as { result: unknown }).result
}

describe('a caller in the process', () => {
  it('is answered as a POST is', async () => {
    const rpc = await server()
    expect(JSON.parse((await rpc.handle('/l1', body('demo_where', 7))) ?? '')).toEqual({
      jsonrpc: '2.0',
      id: 7,
      result: 'l1',
    })
    expect(JSON.parse((await rpc.handle('/op-a', '{')) ?? '')).toMatchObject({ error: { code: -32700 } })
    expect(await rpc.handle('/', JSON.stringify({ jsonrpc: '2.0', method: 'health_status' }))).toBeUndefined()
    await expect(rpc.handle('/none', body('demo_where'))).rejects.toThrow('nothing is served at /none')
  })

  it('is ended with the server', async () => {
    const { method, started, aborted } = hanging()
    const rpc = await server({}, method)
    const call = rpc.handle('/op-a', body('demo_hang'))
    await started
    await rpc.close()
    await aborted
    expect(JSON.parse((await call) ?? '')).toMatchObject({ result: 'aborted' })
    await expect(rpc.handle('/op-a', body('demo_where'))).rejects.toThrow('the server is closed')
  })
})

describe('routes', () => {
  it('serves each chain by name and by id, and the only L2 chain at the root', async () => {
    const rpc = await server()
    for (const [url, chain] of [
      ['/', 'op-a'],
      ['/op-a', 'op-a'],
      ['/op-a/', 'op-a'],
      ['/901', 'op-a'],
      ['/l1', 'l1'],
      ['/900', 'l1'],
    ] as const) {
      expect(await result(rpc, url, 'demo_where'), url).toBe(chain)
      expect(await result(rpc, url, 'health_status'), url).toBe('1.2.3')
    }
  })

  it('serves no chain at the root when there are two', async () => {
    const chains = ['op-a', 'op-b'].map((name, index) => ({
      name,
      chainId: BigInt(901 + index),
      layer: 'l2' as const,
      methods: [echo('demo_where', name)],
    }))
    const rpc = await server({ routes: createRoutes([echo('health_status')], chains, INFO) })
    expect(JSON.parse((await post(rpc, '/', 'demo_where')).text)).toMatchObject({ error: { code: -32601 } })
    expect(await result(rpc, '/', 'health_status')).toBe('health_status')
    expect(await result(rpc, '/op-b', 'demo_where')).toBe('op-b')
  })

  it('answers 404 elsewhere and 200 to an empty GET', async () => {
    const rpc = await server()
    expect((await post(rpc, '/nowhere', 'demo_where')).status).toBe(404)
    expect((await post(rpc, '/op-a/x', 'demo_where')).status).toBe(404)
    expect((await post(rpc, '/__proto__', 'demo_where')).status).toBe(404)
    expect(await rpc.app.inject({ method: 'GET', url: '/op-a' })).toMatchObject({ statusCode: 200, payload: '' })
  })

  it('describes itself', async () => {
    const rpc = await server()
    expect(await result(rpc, '/', 'rpc_modules')).toEqual({ demo: '1.0', health: '1.0', rpc: '1.0' })
    const document = await result(rpc, '/', 'rpc.discover')
    expect(document).toMatchObject({ openrpc: '1.3.2', info: INFO })
    expect((document as { methods: { name: string }[] }).methods.map(({ name }) => name)).toEqual([
      'demo_where',
      'health_status',
      'rpc.discover',
      'rpc_discover',
      'rpc_modules',
    ])
    expect(await result(rpc, '/', 'rpc_discover')).toEqual(document)
  })
})

describe('HTTP', () => {
  it('answers an error with status 200 and a notification with an empty body', async () => {
    const rpc = await server()
    expect(await post(rpc, '/', 'demo_none')).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json; charset=utf-8' },
    })
    const headers = { 'content-type': 'application/json' }
    const payload = '{"jsonrpc":"2.0","method":"demo_where"}'
    expect(await rpc.app.inject({ method: 'POST', url: '/', headers, payload })).toMatchObject({
      statusCode: 200,
      payload: '',
    })
  })

  it('takes a body of any type, or of none, from a program', async () => {
    const rpc = await server()
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-8']) {
      expect((await post(rpc, '/', 'demo_where', { 'content-type': type })).text, type).toContain('op-a')
    }
    const bare = await rpc.app.inject({
      method: 'POST',
      url: '/',
      payload: Buffer.from(body('demo_where')),
      headers: {},
    })
    expect(bare.payload).toContain('op-a')
  })

  it('refuses bodies that are empty, no UTF-8 or too large', async () => {
    const rpc = await server({ limits: { bodyBytes: 1000 } })
    const headers = { 'content-type': 'application/json' }
    const send = (payload: Buffer) => rpc.app.inject({ method: 'POST', url: '/', headers, payload })
    expect((await send(Buffer.alloc(0))).payload).toContain('-32700')
    expect((await send(Buffer.from([0x22, 0xff, 0x22]))).payload).toContain('-32700')
    expect((await send(Buffer.alloc(1001, 0x20))).statusCode).toBe(413)
  })

  it('does not wait for slow senders', async () => {
    const { server: http } = (await server()).app
    expect(http.headersTimeout).toBe(10_000)
    expect(http.requestTimeout).toBe(60_000)
    expect(http.timeout).toBeGreaterThan(http.requestTimeout)
  })

  it('ends a call whose caller is gone', async () => {
    const { method, started, aborted } = hanging()
    const url = new URL(await (await server({}, method)).listen())
    const text = body('demo_hang')
    const socket = connect(Number(url.port), '127.0.0.1')
    socket.write(`POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${text.length}\r\n\r\n${text}`)
    await started
    socket.destroy()
    await aborted
  })

  it('lets running calls answer when it closes', async () => {
    const { method, started } = hanging()
    const rpc = await server({}, method)
    const pending = fetch(await rpc.listen(), { method: 'POST', body: body('demo_hang') })
    await started
    await rpc.close()
    expect(await (await pending).json()).toMatchObject({ result: 'aborted' })
  })
})

describe('foreign pages', () => {
  const origin = 'http://evil.example'

  it('get no CORS headers, no preflight and no simple request', async () => {
    const rpc = await server()
    const answer = await post(rpc, '/', 'demo_where', { origin })
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    expect(await rpc.app.inject({ method: 'OPTIONS', url: '/', headers: { origin } })).toMatchObject({
      statusCode: 403,
    })
    expect((await post(rpc, '/', 'demo_where', { origin, 'content-type': 'text/plain' })).status).toBe(415)
  })

  it('may call when listed', async () => {
    const rpc = await server({ corsOrigins: [origin] })
    const answer = await post(rpc, '/', 'demo_where', { origin })
    expect(answer.headers).toMatchObject({ 'access-control-allow-origin': origin, vary: 'Origin' })
    const preflight = await rpc.app.inject({ method: 'OPTIONS', url: '/', headers: { origin } })
    expect(preflight.statusCode).toBe(204)
    expect(preflight.headers['access-control-allow-headers']).toContain('Authorization')
  })

  it('may not rebind a name to this server, unless it is listed', async () => {
    const rpc = await server({ allowedHosts: ['sequencer.test'] })
    for (const host of ['evil.example', 'evil.example:8645', 'localhost.evil.example', '127.0.0.1.evil.example']) {
      expect((await post(rpc, '/', 'demo_where', { host })).status, host).toBe(403)
    }
    for (const host of ['localhost', 'LOCALHOST:8645', '127.0.0.1:1', '[::1]:8645', 'sequencer.test:1']) {
      expect((await post(rpc, '/', 'demo_where', { host })).status, host).toBe(200)
    }
  })
})

describe('authentication', () => {
  const secret = new Uint8Array(32).fill(7)
  const NOW = 1_700_000_000
  const clock: Clock = { ...systemClock, now: () => NOW * 1000 }

  it('guards every route but the probes', async () => {
    const rpc = await server({ jwtSecret: secret, clock, registry: createMetrics() })
    for (const url of ['/', '/op-a', '/901', '/l1']) {
      const { status, headers, text } = await post(rpc, url, 'demo_where')
      expect(`${status} ${String(headers['content-type']).split(';')[0]} ${text}`).toBe('401 text/plain missing token')
    }
    const get = async (url: string) => (await rpc.app.inject({ method: 'GET', url })).statusCode
    expect(await get('/metrics')).toBe(401)
    expect(await get('/op-a')).toBe(401)
    for (const url of ['/healthz', '/op-a/healthz', '/readyz']) expect(await get(url), url).toBe(200)
    expect((await post(rpc, '/nowhere', 'demo_where')).status).toBe(404)
  })

  it('does not ask for the host that was called', async () => {
    const rpc = await server({ jwtSecret: secret, clock })
    const token = await new SignJWT({ iat: NOW }).setProtectedHeader({ alg: 'HS256' }).sign(secret)
    const authorization = `Bearer ${token}`
    expect((await post(rpc, '/', 'demo_where', { authorization, host: 'sequencer.kurtosis' })).status).toBe(200)
  })

  it('leaves the transactions of a slot to everybody, and nothing beside them', async () => {
    const sequencer = { methods: [echo('sequencer_where', 'slot')], transactions: [echo('eth_where', 'tx')] }
    const ensemble = { root: [echo('build_where', 'root')], sequencers: new Map([['q1', sequencer]]) }
    const routes = createRoutes([], [], INFO, { ensemble })
    const guarded = await server({ routes, clock, jwtSecret: secret })
    for (const host of ['127.0.0.1', 'sequencer.kurtosis']) {
      expect(JSON.parse((await post(guarded, '/tx/q1', 'eth_where', { host })).text)).toMatchObject({ result: 'tx' })
      for (const [url, method] of [
        ['/', 'build_where'],
        ['/sequencers/q1', 'sequencer_where'],
        ['/sequencers/q1/', 'sequencer_where'],
      ] as const) {
        expect(await post(guarded, url, method, { host }), url).toMatchObject({ status: 401, text: 'missing token' })
      }
    }
    expect((await post(guarded, '/tx/q2', 'eth_where')).status).toBe(404)
    // Without a secret a page may still not come in by a name of its own.
    const open = await server({ routes })
    expect((await post(open, '/tx/q1', 'eth_where', { host: 'evil.example' })).status).toBe(403)
    expect((await post(open, '/sequencers/q1', 'sequencer_where')).status).toBe(200)
  })

  it("guards a chain's engine by its own secret, whatever the server asks for elsewhere", async () => {
    const other = new Uint8Array(32).fill(9)
    const signed = async (key: Uint8Array) =>
      `Bearer ${await new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).setIssuedAt(NOW).sign(key)}`
    const engine = { methods: [echo('engine_where', 'engine')], jwtSecret: secret }
    const chains = [
      { name: 'op-a', chainId: 901n, layer: 'l2' as const, methods: [echo('demo_where', 'op-a')], engine },
      { name: 'op-b', chainId: 902n, layer: 'l2' as const, methods: [echo('demo_where', 'op-b')] },
    ]
    const routes = createRoutes([echo('health_status')], chains, INFO)
    const open = await server({ routes, clock })
    const guarded = await server({ routes, clock, jwtSecret: other })
    for (const rpc of [open, guarded]) {
      for (const url of ['/op-a/engine', '/901/engine', '/op-a/engine/', '/op-a/%65ngine', '/op-a/engine?x=1']) {
        expect(await post(rpc, url, 'engine_where'), url).toMatchObject({ status: 401, text: 'missing token' })
        const wrong = { authorization: await signed(other) }
        expect(await post(rpc, url, 'engine_where', wrong), url).toMatchObject({ status: 401 })
        for (const [method, where] of [
          ['engine_where', 'engine'],
          ['demo_where', 'op-a'],
        ] as const) {
          const { text } = await post(rpc, url, method, { authorization: await signed(secret) })
          expect(JSON.parse(text), url).toMatchObject({ result: where })
        }
      }
      const reader = { authorization: await signed(other) }
      expect(JSON.parse((await post(rpc, '/op-a', 'engine_where', reader)).text)).toMatchObject({
        error: { code: -32601 },
      })
      expect((await post(rpc, '/op-b/engine', 'engine_where', reader)).status).toBe(404)
    }
    const upgrade = new WebSocket(`${(await open.listen()).replace('http', 'ws')}/op-a/engine`)
    const refused = await new Promise((resolve) => {
      upgrade.onopen = () => resolve('open')
      upgrade.onerror = () => resolve('refused')
    })
    expect(refused).toBe('refused')
  })
})

describe('probes and metrics', () => {
  it('tells version and readiness', async () => {
    let ready = false
    const rpc = await server({ readiness: () => ({ ready, waiting: ready ? [] : ['op-a: execution layer'] }) })
    const get = (url: string) => rpc.app.inject({ method: 'GET', url })
    expect((await get('/healthz')).json()).toEqual({ version: '1.2.3' })
    expect((await get('/op-a/healthz')).json()).toEqual({ version: '1.2.3' })
    const before = await get('/readyz')
    expect(before.statusCode).toBe(503)
    expect(before.json()).toEqual({ ready: false, waiting: ['op-a: execution layer'] })
    ready = true
    expect((await get('/readyz')).statusCode).toBe(200)
    expect((await get('/metrics')).statusCode).toBe(404)
  })

  it('counts calls under served names only', async () => {
    const registry = createMetrics()
    const rpc = await server({ registry, metrics: createRpcMetrics(registry) })
    await post(rpc, '/', 'demo_where')
    await post(rpc, '/', 'made_up')
    const text = (await rpc.app.inject({ method: 'GET', url: '/metrics' })).payload
    expect(text).toContain('op_sequencer_rpc_call_seconds_count{method="demo_where"} 1')
    expect(text).not.toContain('made_up')
  })
})

describe('WebSocket', () => {
  function open(url: string, path = '/'): Promise<WebSocket> {
    const socket = new WebSocket(url.replace('http', 'ws') + path)
    return new Promise((resolve, reject) => {
      socket.addEventListener('open', () => resolve(socket))
      socket.addEventListener('error', () => reject(new Error('refused')))
    })
  }

  function next(socket: WebSocket): Promise<unknown> {
    return new Promise((resolve) =>
      socket.addEventListener('message', (event) => resolve(JSON.parse(String(event.data))), { once: true }),
    )
  }

  function closed(socket: WebSocket): Promise<number> {
    return new Promise((resolve) => socket.addEventListener('close', (event) => resolve(event.code)))
  }

  it('serves the same calls, batches included', async () => {
    const rpc = await server()
    const socket = await open(await rpc.listen(), '/901')
    socket.send(body('demo_where'))
    expect(await next(socket)).toEqual({ jsonrpc: '2.0', id: 1, result: 'op-a' })
    socket.send(`[${body('demo_where', 1)},${body('demo_none', 2)}]`)
    expect(await next(socket)).toMatchObject([{ result: 'op-a' }, { error: { code: -32601 } }])
    socket.send('{')
    expect(await next(socket)).toMatchObject({ id: null, error: { code: -32700 } })
  })

  it('answers while another call runs, and more calls than it runs at once', async () => {
    const rpc = await server({}, hanging().method)
    const socket = await open(await rpc.listen())
    socket.send(body('demo_hang', 'slow'))
    const answers: unknown[] = []
    const all = new Promise<void>((resolve) => {
      socket.addEventListener('message', (event) => {
        answers.push((JSON.parse(String(event.data)) as { id: unknown }).id)
        if (answers.length === 1000) resolve()
      })
    })
    for (let id = 0; id < 1000; id++) socket.send(body('demo_where', id))
    await all
    expect(answers).toEqual(Array.from({ length: 1000 }, (_, id) => id))
  })

  it('closes on a message beyond the limit', async () => {
    const rpc = await server({ limits: { bodyBytes: 1000 } })
    const socket = await open(await rpc.listen())
    socket.send('x'.repeat(1001))
    expect(await closed(socket)).toBe(1009)
  })

  it('closes its connections when the server closes', async () => {
    const rpc = await server()
    const socket = await open(await rpc.listen())
    const code = closed(socket)
    await rpc.close()
    expect(await code).toBe(1001)
  })

  it('refuses unknown routes, missing tokens and foreign pages', async () => {
    const rpc = await server()
    const url = await rpc.listen()
    await expect(open(url, '/nowhere')).rejects.toThrow('refused')
    const guarded = await server({ jwtSecret: new Uint8Array(32) })
    await expect(open(await guarded.listen())).rejects.toThrow('refused')

    const upgrade = (origin: string) =>
      new Promise<string>((resolve, reject) => {
        const { port } = new URL(url)
        const socket = connect(Number(port), '127.0.0.1')
        socket.on('error', reject)
        socket.on('data', (chunk) => {
          resolve(String(chunk).split('\r\n', 1)[0] ?? '')
          socket.destroy()
        })
        socket.write(
          `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: ${origin}\r\n` +
            'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
        )
      })
    expect(await upgrade('http://evil.example')).toContain('403')
    expect(await upgrade(url)).toContain('101')
  })
})
