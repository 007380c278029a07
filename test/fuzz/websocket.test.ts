import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { defineMethod } from '../../rpc/method.ts'
import { createRoutes } from '../../rpc/routes.ts'
import { createRpcServer, type RpcServer } from '../../rpc/server.ts'
import { systemClock } from '../../src/primitives/clock.ts'
import { silentLogger } from '../../src/telemetry/logger.ts'
import { WsClient } from '../support/ws-client.ts'
import { FUZZ_TIMEOUT, fuzzing, hostileBytes } from './fuzz.ts'

const BODY_BYTES = 100_000
const MASK = Uint8Array.of(0x12, 0x34, 0x56, 0x78)

let server: RpcServer
let url: string
beforeAll(async () => {
  const echo = defineMethod({
    name: 'demo_echo',
    summary: 'Answers with what it is given',
    params: z.tuple([z.string()]),
    paramNames: ['text'],
    result: z.string(),
    handler: ([text]) => text,
  })
  const info = { title: 'demo', version: '1' }
  server = await createRpcServer({
    host: '127.0.0.1',
    port: 0,
    routes: createRoutes([], [{ name: 'op-a', chainId: 901n, layer: 'l2', methods: [echo] }], info),
    version: '1',
    logger: silentLogger(),
    clock: systemClock,
    readiness: () => ({ ready: true, waiting: [] }),
    limits: { bodyBytes: BODY_BYTES },
  })
  url = await server.listen()
})
afterAll(() => server.close())

/** A frame as clients send it. @param first FIN, reserved bits and opcode @param declared its length, if that is another */
function frame(first: number, text: string, declared?: bigint): Uint8Array {
  const payload = new TextEncoder().encode(text).map((byte, index) => byte ^ (MASK[index % 4] as number))
  const length = declared ?? BigInt(payload.length)
  const head =
    length < 126n
      ? [0x80 | Number(length)]
      : length < 65_536n
        ? [0xfe, Number(length >> 8n), Number(length & 255n)]
        : [0xff, ...Array.from({ length: 8 }, (_, index) => Number((length >> BigInt(56 - 8 * index)) & 255n))]
  return new Uint8Array(Buffer.concat([Uint8Array.from([first, ...head]), MASK, payload]))
}

const CALL = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'demo_echo', params: ['x'] })

/** A connection that has been upgraded, and what the server did with it. */
async function upgraded(): Promise<{
  readonly socket: Socket
  readonly closed: Promise<void>
  received: () => number
}> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  // Cut by the other side in the middle of a write: as it should be.
  socket.on('error', () => undefined)
  let received = 0
  const opened = Promise.withResolvers<void>()
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  closed.then(opened.resolve)
  socket.on('data', (data) => {
    received += data.length
    opened.resolve()
  })
  const key = Buffer.alloc(16, 7).toString('base64')
  const head = ['GET /op-a HTTP/1.1', 'host: 127.0.0.1', 'connection: Upgrade', 'upgrade: websocket']
  socket.write([...head, 'sec-websocket-version: 13', `sec-websocket-key: ${key}`, '', ''].join('\r\n'))
  await opened.promise
  return { socket, closed, received: () => received }
}

async function stillServes(): Promise<void> {
  await using client = await WsClient.connect(`${url}/op-a`)
  expect(await client.call('demo_echo', 'alive')).toBe('alive')
}

it('frames that are none end their own connection at most', { timeout: FUZZ_TIMEOUT }, async () => {
  const samples = [
    frame(0x81, CALL),
    frame(0x82, CALL),
    frame(0x89, 'ping'),
    frame(0x88, '\u0003\u00e8bye'),
    new Uint8Array(Buffer.concat([frame(0x01, CALL.slice(0, 9)), frame(0x80, CALL.slice(9))])),
    frame(0xc1, CALL),
    frame(0x81, 'x'.repeat(70_000)),
  ]
  await fc.assert(
    fc.asyncProperty(fc.array(hostileBytes(samples), { minLength: 1, maxLength: 3 }), async (parts) => {
      const { socket, closed } = await upgraded()
      for (const part of parts) socket.write(part)
      socket.end()
      await closed
    }),
    fuzzing(100),
  )
  await stillServes()
})

it.each([
  ['a frame of exabytes', [frame(0x81, CALL, 1n << 62n)]],
  ['a frame longer than a body may be', [frame(0x82, '', BigInt(BODY_BYTES) + 1n)]],
  [
    'a message of many frames, longer than a body may be',
    [frame(0x01, 'x'.repeat(50_000)), frame(0, 'x'.repeat(50_001))],
  ],
])('%s: refused before it is there', { timeout: FUZZ_TIMEOUT }, async (_, frames) => {
  const { socket, closed } = await upgraded()
  for (const each of frames) socket.write(each)
  // Nobody ends it but the server.
  await closed
  await stillServes()
})

it('a client that sends without end and never reads is made to wait', { timeout: FUZZ_TIMEOUT }, async () => {
  const { socket } = await upgraded()
  socket.pause()
  const call = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'demo_echo', params: ['x'.repeat(90_000)] })
  const big = frame(0x81, call)
  let waits = false
  // Far more than any buffer on the way holds.
  for (let sent = 0; sent < 4_000 && !waits; sent++) {
    if (socket.write(big)) continue
    waits = !(await Promise.race([
      new Promise<boolean>((resolve) => socket.once('drain', () => resolve(true))),
      delay(2_000, false),
    ]))
  }
  expect(waits).toBe(true)
  await stillServes()
  socket.destroy()
})
