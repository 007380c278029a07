import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { RpcTransport, rpcErrorData, type TransportOptions } from './transport.ts'

type Call = { id: number; method: string; params: unknown[] }
type Handler = (body: Call | Call[], request: IncomingMessage, response: ServerResponse) => unknown

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function serve(
  handler: Handler,
  options: Partial<TransportOptions> = {},
): Promise<{ rpc: RpcTransport; connections: () => number }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const answer = handler(JSON.parse(Buffer.concat(chunks).toString()), request, response)
      if (answer !== undefined) response.end(JSON.stringify(answer))
    })
  })
  let connections = 0
  server.on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const rpc = new RpcTransport({ endpoint: 'test.el', url: `http://127.0.0.1:${port}/path`, ...options })
  cleanups.push(async () => {
    await rpc.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { rpc, connections: () => connections }
}

const echo = (call: Call): unknown => ({ jsonrpc: '2.0', id: call.id, result: [call.method, call.params] })

describe('call', () => {
  it('returns the result, over kept connections', async () => {
    const { rpc, connections } = await serve((body) => echo(body as Call))
    for (let i = 0; i < 5; i++) expect(await rpc.call('m', [i])).toEqual(['m', [i]])
    // A connection may still be busy with the end of an answer when the next call starts.
    expect(connections()).toBeLessThan(5)
    expect(rpc.stats).toMatchObject({ roundTrips: 5, requests: 5, calls: 5 })
    expect(rpc.stats.bytesIn).toBeGreaterThan(0)
    expect(rpc.stats.bytesOut).toBeGreaterThan(0)
  })

  it('turns an error object into RPC_ERROR', async () => {
    const { rpc } = await serve((body) => ({
      id: (body as Call).id,
      error: { code: -32000, message: 'header not found', data: '0x01' },
    }))
    const error = await rpc.call('eth_x', [], { idempotent: true }).catch((e: unknown) => e)
    expect(rpcErrorData(error)).toEqual({
      method: 'eth_x',
      endpoint: 'test.el',
      code: -32000,
      message: 'header not found',
      data: '0x01',
    })
    expect(rpc.stats.requests).toBe(1)
  })

  it('takes an error object under an HTTP status as an answer', async () => {
    const { rpc } = await serve((body, _request, response) => {
      response.statusCode = 400
      return { id: (body as Call).id, error: { code: -32602, message: 'bad' } }
    })
    await expect(rpc.call('m', [])).rejects.toMatchObject({ code: 'RPC_ERROR', data: { code: -32602 } })
  })

  it.each([
    ['an answer to another call', (body: Call) => ({ id: body.id + 1, result: 1 })],
    ['no result and no error', (body: Call) => ({ id: body.id })],
    ['a list', (body: Call) => [{ id: body.id, result: 1 }]],
  ])('refuses %s', async (_name, handler) => {
    const { rpc } = await serve((body) => handler(body as Call))
    await expect(rpc.call('m', [])).rejects.toMatchObject({
      code: 'RPC_UNAVAILABLE',
      severity: 'temporary',
      data: { method: 'm', endpoint: 'test.el' },
    })
  })

  it('reports HTTP errors and bodies that are not JSON', async () => {
    let status = 502
    const { rpc } = await serve((_body, _request, response) => {
      response.statusCode = status
      response.end('<html>')
    })
    await expect(rpc.call('m', [])).rejects.toMatchObject({ code: 'RPC_UNAVAILABLE', data: { status: 502 } })
    status = 200
    await expect(rpc.call('m', [])).rejects.toMatchObject({ code: 'RPC_UNAVAILABLE' })
  })

  it('gives up at the timeout and rejects with the reason of the caller', async () => {
    const { rpc } = await serve(() => undefined)
    await expect(rpc.call('m', [], { timeoutMs: 30 })).rejects.toMatchObject({ code: 'RPC_UNAVAILABLE' })
    const controller = new AbortController()
    const reason = { why: 'enough' }
    const call = rpc.call('m', [], { signal: controller.signal })
    controller.abort(reason)
    await expect(call).rejects.toBe(reason)
    await expect(rpc.call('m', [], { signal: controller.signal })).rejects.toBe(reason)
  })

  it('retries a read once when the connection broke, and nothing else', async () => {
    let failures = 1
    const { rpc } = await serve((body, request) => {
      if (failures-- > 0) request.socket.destroy()
      else return echo(body as Call)
    })
    expect(await rpc.call('m', [], { idempotent: true })).toEqual(['m', []])
    failures = 2
    await expect(rpc.call('m', [], { idempotent: true })).rejects.toMatchObject({ code: 'RPC_UNAVAILABLE' })
    failures = 1
    await expect(rpc.call('m', [])).rejects.toMatchObject({ code: 'RPC_UNAVAILABLE' })
    expect(rpc.stats.requests).toBe(5)
  })

  it('reports a refused connection', async () => {
    const rpc = new RpcTransport({ endpoint: 'none', url: 'http://127.0.0.1:1' })
    await expect(rpc.call('m', [])).rejects.toMatchObject({ code: 'RPC_UNAVAILABLE', data: { endpoint: 'none' } })
    await rpc.close()
  })

  it('limits the size of an answer', async () => {
    const { rpc } = await serve((body) => ({ id: (body as Call).id, result: 'x'.repeat(2000) }), {
      maxResponseBytes: 1000,
    })
    await expect(rpc.call('m', [])).rejects.toMatchObject({ code: 'RPC_UNAVAILABLE' })
  })

  it('signs an Engine API token for every call', async () => {
    const secret = new Uint8Array(32).fill(7)
    const seen: string[] = []
    const { rpc } = await serve(
      (body, request) => {
        seen.push(request.headers.authorization ?? '')
        return echo(body as Call)
      },
      { jwtSecret: secret },
    )
    await rpc.call('m', [])
    const [head, payload, signature] = (seen[0] as string).replace('Bearer ', '').split('.') as [string, string, string]
    expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toEqual({ alg: 'HS256', typ: 'JWT' })
    const { iat } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { iat: number }
    expect(Math.abs(iat - Date.now() / 1000)).toBeLessThan(30)
    expect(createHmac('sha256', secret).update(`${head}.${payload}`).digest('base64url')).toBe(signature)
  })
})

describe('batch', () => {
  it('answers in order, one outcome a call', async () => {
    const { rpc } = await serve((body) =>
      (body as Call[])
        .map((call) =>
          call.method === 'bad' ? { id: call.id, error: { code: -32601, message: 'no such method' } } : echo(call),
        )
        .reverse(),
    )
    const outcomes = await rpc.batch([
      { method: 'a', params: [1] },
      { method: 'bad', params: [] },
      { method: 'b', params: [2] },
    ])
    expect(outcomes[0]).toEqual({ ok: true, value: ['a', [1]] })
    expect(outcomes[1]).toMatchObject({
      ok: false,
      error: { code: 'RPC_ERROR', data: { code: -32601, method: 'bad' } },
    })
    expect(outcomes[2]).toEqual({ ok: true, value: ['b', [2]] })
    expect(rpc.stats).toMatchObject({ roundTrips: 1, requests: 1, calls: 3 })
    expect(await rpc.batch([])).toEqual([])
  })

  it('splits by number and by weight', async () => {
    const sizes: number[] = []
    const { rpc } = await serve(
      (body) => {
        sizes.push((body as Call[]).length)
        return (body as Call[]).map(echo)
      },
      { maxBatch: 4, maxBatchWeight: 10 },
    )
    const calls = Array.from({ length: 10 }, (_, i) => ({ method: 'm', params: [i] }))
    expect((await rpc.batch(calls)).map((o) => o.ok && o.value)).toEqual(calls.map(({ params }) => ['m', params]))
    expect(sizes.sort()).toEqual([2, 4, 4])
    sizes.length = 0
    await rpc.batch([
      { method: 'm', params: [], weight: 50 },
      { method: 'm', params: [], weight: 5 },
      { method: 'm', params: [], weight: 5 },
    ])
    expect(sizes.sort()).toEqual([1, 2])
    expect(rpc.stats).toMatchObject({ roundTrips: 2, requests: 5 })
  })

  it('splits by size', async () => {
    const sizes: number[] = []
    const { rpc } = await serve(
      (body) => {
        sizes.push((body as Call[]).length)
        return (body as Call[]).map(echo)
      },
      { maxRequestBytes: 1000 },
    )
    const calls = [300, 300, 300, 5000, 10, 10].map((size) => ({ method: 'm', params: ['x'.repeat(size)] }))
    expect((await rpc.batch(calls)).map((o) => o.ok && o.value)).toEqual(calls.map(({ params }) => ['m', params]))
    expect(sizes.sort()).toEqual([1, 1, 2, 2])
  })

  it('sends the parts of an ordered batch one after the other', async () => {
    let open = 0
    let most = 0
    const served: number[] = []
    const { rpc } = await serve(
      (body, _request, response) => {
        most = Math.max(most, ++open)
        setTimeout(() => {
          served.push(...(body as Call[]).map(({ params }) => (params as string[])[0]?.length ?? 0))
          open--
          response.end(JSON.stringify((body as Call[]).map(echo)))
        }, 5)
      },
      { maxRequestBytes: 1000 },
    )
    const sizes = [5000, 300, 4000, 10]
    const calls = sizes.map((size) => ({ method: 'm', params: ['x'.repeat(size)] }))
    expect((await rpc.batch(calls, { ordered: true })).map(({ ok }) => ok)).toEqual([true, true, true, true])
    expect({ served, most }).toEqual({ served: sizes, most: 1 })
  })

  it('sends calls one by one to a server that takes no batches', async () => {
    const served: string[] = []
    const { rpc } = await serve(
      (body) => {
        const call = body as Call
        served.push(call.method)
        if (call.method === 'bad') return { id: call.id, error: { code: -32000, message: 'no' } }
        return call.method === 'broken' ? { id: null, error: { code: -32700, message: 'what' } } : echo(call)
      },
      { maxBatch: 1 },
    )
    const calls = ['a', 'bad', 'c'].map((method) => ({ method, params: [] }))
    const outcomes = await rpc.batch(calls, { ordered: true })
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, false, true])
    expect(served).toEqual(['a', 'bad', 'c'])
    await expect(rpc.batch([{ method: 'broken', params: [] }])).rejects.toMatchObject({ code: 'RPC_ERROR' })
  })

  it('reports calls without an answer, and a batch refused as a whole', async () => {
    const { rpc } = await serve((body) => {
      const calls = body as Call[]
      if (calls[0]?.method === 'refuse') return { id: null, error: { code: -32600, message: 'batch too large' } }
      return [echo(calls[0] as Call)]
    })
    const outcomes = await rpc.batch([
      { method: 'm', params: [] },
      { method: 'n', params: [] },
    ])
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, false])
    await expect(rpc.batch([{ method: 'refuse', params: [] }])).rejects.toMatchObject({ code: 'RPC_ERROR' })
  })
})
