import type { Dispatcher, Pool } from 'undici'
import { AppError, errorMessage, isAppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import { engineToken } from './jwt.ts'

/**
 * Codes of outbound calls. `RPC_UNAVAILABLE` (temporary): no answer: connection, timeout, HTTP status, not JSON-RPC;
 * `data: {method, endpoint, status?}`. `RPC_ERROR`: the node answered an error object; `data` is {@link RpcErrorData}.
 */
export type TransportErrorCode = 'RPC_UNAVAILABLE' | 'RPC_ERROR'

/** `data` of an `RPC_ERROR`. */
export interface RpcErrorData {
  readonly method: string
  /** The endpoint's name. */
  readonly endpoint: string
  /** The node's JSON-RPC code. */
  readonly code: number
  /** The node's wording. */
  readonly message: string
  /** The node's `error.data`, as it came. */
  readonly data?: unknown
}

/** One call. Parameters are JSON: hex strings, no bigint. */
export interface RpcCall {
  readonly method: string
  readonly params: readonly unknown[]
  /** How much the answer weighs against others when a batch is split; default 1. */
  readonly weight?: number
}

/** One answer of a batch. */
export type RpcOutcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: AppError<TransportErrorCode> }

/** Options of a call. */
export interface RpcOptions extends IoOptions {
  /** The call can be sent twice without harm: it is, once, when the connection broke. Default false. */
  readonly idempotent?: boolean
  /** Milliseconds; default that of the transport. */
  readonly timeoutMs?: number
  /** The calls of a batch must be served in their order, also where it has to be split. Default false. */
  readonly ordered?: boolean
}

/** What went over the wire to an endpoint so far. */
export interface TransportStats {
  /** Times a caller waited for the endpoint. A batch is one, also when it was split. */
  readonly roundTrips: number
  /** HTTP requests. */
  readonly requests: number
  /** JSON-RPC calls. */
  readonly calls: number
  /** Bytes of response bodies. */
  readonly bytesIn: number
  /** Bytes of request bodies. */
  readonly bytesOut: number
}

/** Mutual TLS, in PEM. */
export interface TlsIdentity {
  /** Instead of the system's authorities. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** How to reach an endpoint. */
export interface TransportOptions {
  /** A name for errors and metrics, such as "op-a.el": never a URL, which may hold credentials. */
  readonly endpoint: string
  /** http or https; user information becomes basic authentication. */
  readonly url: string
  /** 32 bytes; each request then carries a fresh Engine API token. */
  readonly jwtSecret?: Uint8Array
  readonly headers?: Readonly<Record<string, string>>
  /** Whom to trust and who to be, over https. */
  readonly tls?: TlsIdentity
  /** Milliseconds for a whole call, default 30 000. */
  readonly timeoutMs?: number
  /** Calls in one HTTP request, default 900 (geth refuses more than 1000); 1 for servers that take no batches. */
  readonly maxBatch?: number
  /** Weight in one HTTP request, default 2000: slot proofs of a large chain then stay below geth's 25 MB for an answer. */
  readonly maxBatchWeight?: number
  /** Bytes of one HTTP request that holds more than one call, default 4 MB (geth refuses 5 MB). */
  readonly maxRequestBytes?: number
  /** Bytes, default 256 MiB. */
  readonly maxResponseBytes?: number
  /** Parallel connections, default 16. */
  readonly connections?: number
}

const BROKEN_CONNECTION = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])

function isBroken(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (BROKEN_CONNECTION.has((at as { code?: string }).code ?? '')) return true
  }
  return false
}

/** What a node said in an `RPC_ERROR`; undefined for any other error. */
export function rpcErrorData(error: unknown): RpcErrorData | undefined {
  return isAppError(error, 'RPC_ERROR') ? (error.data as unknown as RpcErrorData) : undefined
}

/** The RPC_ERROR for an error object that a node answered a call with. @param endpoint its name */
export function rpcRefusal(
  endpoint: string,
  method: string,
  error: Readonly<Record<string, unknown>>,
): AppError<TransportErrorCode> {
  const message = typeof error.message === 'string' ? error.message : 'error without a message'
  const code = typeof error.code === 'number' ? error.code : 0
  const data: RpcErrorData = { method, endpoint, code, message }
  return new AppError('RPC_ERROR', {
    message: `${endpoint}: ${method}: ${message}`,
    data: 'data' in error ? { ...data, data: error.data } : { ...data },
  })
}

type Json = Record<string, unknown>

/** Calls of a batch that travel in one HTTP request. */
interface Chunk {
  readonly calls: RpcCall[]
  /** Each call as JSON. */
  readonly bodies: string[]
  /** The id of the first call; the others follow. */
  readonly first: number
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** As much of a transport as single calls take. */
export type RpcCaller = Pick<RpcTransport, 'call' | 'endpoint'>

/** JSON-RPC 2.0 over HTTP to one endpoint, on kept-alive connections. The only place where calls are retried. */
export class RpcTransport {
  readonly endpoint: string
  readonly #options: TransportOptions
  readonly #origin: string
  #pool: Promise<Pool> | undefined
  readonly #path: string
  readonly #headers: Record<string, string>
  readonly #stats = { roundTrips: 0, requests: 0, calls: 0, bytesIn: 0, bytesOut: 0 }
  #nextId = 1

  constructor(options: TransportOptions) {
    const url = new URL(options.url)
    this.endpoint = options.endpoint
    this.#options = options
    this.#path = url.pathname + url.search
    this.#origin = url.origin
    this.#headers = { 'content-type': 'application/json', ...options.headers }
    if (url.username !== '') {
      const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
      this.#headers.authorization = `Basic ${Buffer.from(user).toString('base64')}`
    }
  }

  /** Made with the first call: a process that calls nobody does not load the client. */
  async #openPool(): Promise<Pool> {
    const { Pool } = await import('undici')
    // Deadlines are the caller's signal and ours; undici's own timers would only add a second, coarser one.
    const { connections, tls } = this.#options
    return new Pool(this.#origin, {
      connections: connections ?? 16,
      ...(tls === undefined ? {} : { connect: { ...tls, minVersion: 'TLSv1.3' } }),
      keepAliveTimeout: 30_000,
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  }

  /** A snapshot of the counters. */
  get stats(): TransportStats {
    return { ...this.#stats }
  }

  /**
   * Makes one call.
   * @throws AppError RPC_UNAVAILABLE or RPC_ERROR; the signal's reason when it was aborted
   */
  async call(method: string, params: readonly unknown[], options: RpcOptions = {}): Promise<unknown> {
    this.#stats.roundTrips++
    const id = this.#nextId++
    const body = JSON.stringify({ jsonrpc: '2.0', id, method, params })
    const answer = await this.#exchange(body, method, 1, options)
    if (!isObject(answer) || answer.id !== id) {
      const refused = this.#refusal(method, answer)
      throw refused ?? this.#unavailable(method, 'the answer is not for this call')
    }
    const outcome = this.#outcome(method, answer)
    if (!outcome.ok) throw outcome.error
    return outcome.value
  }

  /**
   * Makes many calls in as few requests as the limits allow: in parallel, or one after the other where the order matters.
   * Answers stand in the order of the calls.
   * @throws AppError RPC_UNAVAILABLE when a request as a whole failed; the signal's reason when it was aborted
   */
  async batch(calls: readonly RpcCall[], options: RpcOptions = {}): Promise<RpcOutcome[]> {
    if (calls.length === 0) return []
    this.#stats.roundTrips++
    const chunks = this.#split(calls)
    if (options.ordered === true) {
      const outcomes: RpcOutcome[] = []
      for (const chunk of chunks) outcomes.push(...(await this.#batchRequest(chunk, options)))
      return outcomes
    }
    const abort = new AbortController()
    const signal = options.signal === undefined ? abort.signal : AbortSignal.any([options.signal, abort.signal])
    const requests = chunks.map((chunk) => this.#batchRequest(chunk, { ...options, signal }))
    try {
      return (await Promise.all(requests)).flat()
    } catch (error) {
      abort.abort(error)
      await Promise.allSettled(requests)
      throw error
    }
  }

  /** Ends all connections, and the calls on them. */
  async close(): Promise<void> {
    this.#pool ??= this.#openPool()
    await (await this.#pool).destroy()
  }

  #split(calls: readonly RpcCall[]): Chunk[] {
    const { maxBatch = 900, maxBatchWeight = 2000, maxRequestBytes = 4_000_000 } = this.#options
    const chunks: Chunk[] = []
    let chunk: Chunk = { calls: [], bodies: [], first: this.#nextId }
    let weight = 0
    let bytes = 0
    for (const call of calls) {
      const { method, params, weight: own = 1 } = call
      const id = this.#nextId++
      const body = JSON.stringify({ jsonrpc: '2.0', id, method, params })
      const full =
        chunk.calls.length >= maxBatch || weight + own > maxBatchWeight || bytes + body.length > maxRequestBytes
      if (full && chunk.calls.length > 0) {
        chunks.push(chunk)
        chunk = { calls: [], bodies: [], first: id }
        weight = 0
        bytes = 0
      }
      chunk.calls.push(call)
      chunk.bodies.push(body)
      weight += own
      bytes += body.length + 1
    }
    chunks.push(chunk)
    return chunks
  }

  async #batchRequest({ calls, bodies, first }: Chunk, options: RpcOptions): Promise<RpcOutcome[]> {
    const method = (calls[0] as RpcCall).method
    const single = this.#options.maxBatch === 1
    const text = single ? (bodies[0] as string) : `[${bodies.join()}]`
    const given = await this.#exchange(text, method, calls.length, options)
    const answer = single && !Array.isArray(given) && isObject(given) && given.id === first ? [given] : given
    if (!Array.isArray(answer)) {
      const refused = this.#refusal(method, answer)
      throw refused ?? this.#unavailable(method, 'the answer to a batch is not a list')
    }
    const outcomes: RpcOutcome[] = new Array(calls.length)
    for (const item of answer) {
      const index = isObject(item) && typeof item.id === 'number' ? item.id - first : -1
      const call = calls[index]
      if (call === undefined) continue
      outcomes[index] = this.#outcome(call.method, item as Json)
    }
    for (let i = 0; i < calls.length; i++) {
      outcomes[i] ??= { ok: false, error: this.#unavailable((calls[i] as RpcCall).method, 'no answer in the batch') }
    }
    return outcomes
  }

  #outcome(method: string, answer: Json): RpcOutcome {
    const refused = this.#refusal(method, answer)
    if (refused !== undefined) return { ok: false, error: refused }
    if (!('result' in answer)) return { ok: false, error: this.#unavailable(method, 'neither result nor error') }
    return { ok: true, value: answer.result }
  }

  #refusal(method: string, answer: unknown): AppError<TransportErrorCode> | undefined {
    const error = isObject(answer) ? answer.error : undefined
    return isObject(error) ? rpcRefusal(this.endpoint, method, error) : undefined
  }

  #unavailable(method: string, why: string, more: Json = {}, cause?: unknown): AppError<TransportErrorCode> {
    return new AppError('RPC_UNAVAILABLE', {
      message: `${this.endpoint}: ${method}: ${why}`,
      severity: 'temporary',
      data: { method, endpoint: this.endpoint, ...more },
      cause,
    })
  }

  async #exchange(body: string, method: string, calls: number, options: RpcOptions): Promise<unknown> {
    const timeoutMs = options.timeoutMs ?? this.#options.timeoutMs ?? 30_000
    const deadline = AbortSignal.timeout(timeoutMs)
    const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline])
    options.signal?.throwIfAborted()
    this.#stats.calls += calls
    for (let retries = options.idempotent === true ? 1 : 0; ; retries--) {
      try {
        return await this.#request(body, method, signal)
      } catch (error) {
        if (options.signal?.aborted) throw options.signal.reason
        if (isAppError(error)) throw error
        if (deadline.aborted) throw this.#unavailable(method, `no answer in ${timeoutMs} ms`, {}, error)
        if (retries > 0 && isBroken(error)) continue
        throw this.#unavailable(method, errorMessage(error) || 'connection failed', {}, error)
      }
    }
  }

  async #request(body: string, method: string, signal: AbortSignal): Promise<unknown> {
    const headers = { ...this.#headers }
    if (this.#options.jwtSecret !== undefined) {
      headers.authorization = `Bearer ${engineToken(this.#options.jwtSecret, Math.floor(Date.now() / 1000))}`
    }
    const bytes = Buffer.from(body)
    this.#stats.requests++
    this.#stats.bytesOut += bytes.length
    this.#pool ??= this.#openPool()
    const pool = await this.#pool
    const response = await pool.request({ path: this.#path, method: 'POST', headers, body: bytes, signal })
    const text = await this.#readBody(response.body, method)
    let answer: unknown
    try {
      answer = JSON.parse(text)
    } catch (cause) {
      if (response.statusCode !== 200) throw this.#httpError(method, response.statusCode)
      throw this.#unavailable(method, 'the answer is not JSON', {}, cause)
    }
    // Some servers send their JSON-RPC errors with an HTTP status; those are answers all the same.
    if (response.statusCode !== 200 && this.#refusal(method, answer) === undefined) {
      throw this.#httpError(method, response.statusCode)
    }
    return answer
  }

  #httpError(method: string, status: number): AppError<TransportErrorCode> {
    return this.#unavailable(method, `HTTP ${status}`, { status })
  }

  async #readBody(body: Dispatcher.ResponseData['body'], method: string): Promise<string> {
    const limit = this.#options.maxResponseBytes ?? 256 * 1024 * 1024
    const chunks: Buffer[] = []
    let length = 0
    for await (const chunk of body as AsyncIterable<Buffer>) {
      length += chunk.length
      this.#stats.bytesIn += chunk.length
      // Leaving the loop destroys the body and its connection.
      if (length > limit) throw this.#unavailable(method, `the answer exceeds ${limit} bytes`)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks, length).toString('utf8')
  }
}
