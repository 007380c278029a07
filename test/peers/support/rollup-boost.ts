import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { JsonRpc, JsonRpcError } from './json-rpc.ts'
import type { ExecutionPayload, ForkchoiceResult } from './rpc-types.ts'
import type { TempFolder } from './temp-folder.ts'

/** Behind a stand-in for rollup-boost. */
export interface RollupBoostOptions {
  readonly folder: TempFolder
  /** Engine API of the proposer's own execution layer. */
  readonly l2: { readonly engineUrl: string }
  /** Engine API of the builder. */
  readonly builder: { readonly engineUrl: string }
}

/** A running stand-in. */
export interface RollupBoost extends AsyncDisposable {
  /** As a chain's `el.engine` names it. */
  readonly engineUrl: string
  readonly jwtSecretFile: string
  /** Blocks that were handed out, by who built them. */
  readonly blocks: { l2: number; builder: number }
  /** What was asked for and is not served: methods, and requests that were no single call. */
  readonly refused: string[]
}

interface Call {
  readonly id: unknown
  readonly method: string
  readonly params: readonly unknown[]
}

interface Envelope {
  readonly executionPayload: ExecutionPayload
  readonly parentBeaconBlockRoot: string
}

/** Sent to both. */
const FORWARDED = [
  'eth_sendRawTransaction',
  'eth_sendRawTransactionConditional',
  'miner_setExtra',
  'miner_setGasPrice',
  'miner_setGasLimit',
  'miner_setMaxDASize',
]

function bearsToken(request: IncomingMessage, secret: Uint8Array): boolean {
  const [header, payload, signature] = (request.headers.authorization ?? '').replace(/^Bearer /, '').split('.')
  if (header === undefined || payload === undefined || signature === undefined) return false
  const expected = createHmac('sha256', secret).update(`${header}.${payload}`).digest()
  const given = Buffer.from(signature, 'base64url')
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return false
  const { iat } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { iat: number }
  return Math.abs(Date.now() / 1000 - iat) <= 60
}

/**
 * Stands in for rollup-boost, which is not of this harness's languages: between a sequencer and two engines, it has both build
 * and prefers the builder's block where its own engine takes it. Like it, it serves five methods of the Engine API in the
 * versions from Ecotone on, passes on whatever is not of the Engine API, and takes no batches.
 * @see optimism rust/rollup-boost: server.rs, proxy.rs
 */
export async function startRollupBoost({ folder, l2, builder }: RollupBoostOptions): Promise<RollupBoost> {
  const { secret, file } = folder.jwt
  const own = new JsonRpc(l2.engineUrl, secret)
  const other = new JsonRpc(builder.engineUrl, secret)
  const blocks = { l2: 0, builder: 0 }
  const refused: string[] = []
  /** Payloads that the builder has begun, too. */
  const shared = new Set<string>()
  const aside = (work: Promise<unknown>): void => {
    // It does not wait for its builder, nor does it mind its faults.
    work.catch(() => undefined)
  }

  async function forkchoiceUpdated(params: readonly unknown[]): Promise<unknown> {
    const method = 'engine_forkchoiceUpdatedV3'
    const attributes = params[1] as { readonly noTxPool?: boolean } | null | undefined
    const building = attributes !== null && attributes !== undefined && attributes.noTxPool !== true
    if (!building) {
      if (attributes === null || attributes === undefined) aside(other.call(method, params))
      return own.call(method, params)
    }
    const [mine, theirs] = await Promise.all([
      own.call<ForkchoiceResult>(method, params),
      other.call<ForkchoiceResult>(method, params).catch(() => undefined),
    ])
    if (mine.payloadId !== null && theirs !== undefined) shared.add(mine.payloadId)
    return mine
  }

  async function getPayload(method: string, params: readonly unknown[]): Promise<unknown> {
    const theirs = async (): Promise<Envelope | undefined> => {
      if (!shared.has(params[0] as string)) return undefined
      const envelope = await other.call<Envelope>(method, params)
      const more = method === 'engine_getPayloadV4' ? [[]] : []
      await own.call(method.replace('getPayload', 'newPayload'), [
        envelope.executionPayload,
        [],
        envelope.parentBeaconBlockRoot,
        ...more,
      ])
      return envelope
    }
    const [mine, better] = await Promise.all([own.call<Envelope>(method, params), theirs().catch(() => undefined)])
    blocks[better === undefined ? 'l2' : 'builder']++
    return better ?? mine
  }

  async function serve(call: Call): Promise<unknown> {
    const { method, params } = call
    switch (method) {
      case 'engine_forkchoiceUpdatedV3':
        return forkchoiceUpdated(params)
      case 'engine_getPayloadV3':
      case 'engine_getPayloadV4':
        return getPayload(method, params)
      case 'engine_newPayloadV3':
      case 'engine_newPayloadV4':
        aside(other.call(method, params))
        return own.call(method, params)
      default:
        if (method.startsWith('engine_')) {
          refused.push(method)
          throw new JsonRpcError(method, { code: -32_601, message: 'Method not found' })
        }
        if (FORWARDED.includes(method)) aside(other.call(method, params))
        return own.call(method, params)
    }
  }

  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const body = JSON.parse(await text(request)) as Call | readonly Call[]
      if (!bearsToken(request, secret)) {
        response.writeHead(401).end('Authorization header is missing or invalid')
        return
      }
      if (Array.isArray(body)) {
        refused.push('batch')
        request.socket.destroy()
        return
      }
      const call = body as Call
      const head = { jsonrpc: '2.0', id: call.id }
      const outcome = await serve(call).then(
        (result) => ({ ...head, result }),
        (error: unknown) => {
          if (!(error instanceof JsonRpcError)) throw error
          return { ...head, error: { code: error.code, message: error.text, data: error.data } }
        },
      )
      response.setHeader('content-type', 'application/json').end(JSON.stringify(outcome))
    }
    // What its own engine does not answer ends without an answer.
    answer().catch(() => request.socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    engineUrl: `http://127.0.0.1:${port}`,
    jwtSecretFile: file,
    blocks,
    refused,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
